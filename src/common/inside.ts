/**
 * What Deno has inside and gives to nobody. Each use does without where a later Deno has
 * it no more, at some cost.
 *
 * @module
 */

interface Inside {
  core?: {
    /** Structured clone to bytes, for plain data. */
    serialize?: (value: unknown) => Uint8Array;
    deserialize?: (bytes: Uint8Array) => unknown;
    /** Runs a script as one of that file. */
    evalContext?: (
      source: string,
      file: string,
    ) => [value: unknown, error: { thrown: unknown } | null];
    /** Whether a pending operation keeps the program alive. */
    refOpPromise?: (promise: unknown) => void;
    unrefOpPromise?: (promise: unknown) => void;
  };
  /** The class of the global `console`: prints what it has formatted by that function. */
  Console?: new (
    print: (text: string, level: number) => void,
  ) => Record<string, (...args: unknown[]) => unknown>;
}

const deno = Deno as unknown as { internal: symbol; [key: symbol]: Inside };

/** What of it there is. */
export const inside: Inside = deno[deno.internal] ?? {};
