/**
 * What `deno check` knows of results that cannot come back from a worker.
 *
 * @module
 */

/**
 * What a function may return whose result comes back from a worker: any `R`, but not what
 * certainly cannot come back. That is a function, a class, a generator; an array or tuple of
 * such things, or of promises that nobody has awaited; and a plain object that has such a
 * promise as a property. `deno check` then says so. All else is up to the worker: a type
 * does not tell a method of a class, which needs not come back, from a function that is a
 * property; and it does not tell one symbol from another.
 */
export type Returns<R> = R & Verdicts[Verdict<R>];

/**
 * What else must be true of a result.
 *
 * @internal
 */
export interface Verdicts {
  /** Nothing. */
  data: unknown;
  /** What is never true. The text stands in the error of `deno check`. */
  [stays: number]:
    "functions, generators and promises cannot come back from a worker: return data";
}

/**
 * `"data"`, or `any` if a result cannot come back: as an index of {@linkcode Verdicts} `any`
 * finds the text. While `R` is not known, as in a generic function around a map, TypeScript
 * leaves out a branch that is `any`. So there any `R` is good.
 *
 * @internal
 */
export type Verdict<R> = [Awaited<R>] extends [never] ? "data"
  // deno-lint-ignore no-explicit-any -- see above
  : [Returnable<Awaited<R>>] extends [never] ? any
  : "data";

/** A type without those of its alternatives that cannot come back. */
export type Returnable<V> = V extends Stays ? never
  : V extends readonly unknown[]
    ? true extends { [K in keyof V]: IsOnly<V[K], Stays> }[number] ? never : V
  // A class or interface has no index signature, not even by inference.
  : V extends { [key: string]: unknown }
    ? true extends { [K in keyof V]: IsOnly<V[K], Promise<unknown>> }[keyof V] ? never
    : V
  : V;

/** Whether a type is at least one of these, and nothing else. */
export type IsOnly<V, These> = [V] extends [never] ? false
  : [Exclude<V, These>] extends [never] ? true
  : false;

/** What cannot come back. */
export type Stays =
  | ((...args: never[]) => unknown)
  | (abstract new (...args: never[]) => unknown)
  | Generator<unknown, unknown, never>
  | AsyncGenerator<unknown, unknown, never>
  | Promise<unknown>;
