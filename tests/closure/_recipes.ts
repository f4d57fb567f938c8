/**
 * Nests of functions and data, made from recipes: the same recipe gives the same nest
 * twice, one for the host and one for the worker.
 *
 * @module
 */

import * as fc from "npm:fast-check@^4.3.0";

/** What one thing of a nest is; numbers name other things of it, also such as come later. */
export type Recipe =
  | { kind: "value"; value: unknown }
  | { kind: "array" | "set"; of: number[] }
  | {
    kind: "record";
    of: [string, number][];
    state: "open" | "sealed" | "frozen" | "bare";
  }
  | { kind: "map"; of: [number, number][] }
  | { kind: Holder; of: number }
  | { kind: "both"; a: number; b: number }
  | { kind: "counter"; from: number };

const HOLDERS = [
  "closure",
  "declaration",
  "async",
  "method",
  "getter",
  "generator",
  "bound",
  "box",
  "labelled box",
  "error",
  "symbol",
  "default",
  "own property",
  "child",
] as const;

type Holder = typeof HOLDERS[number];

const reference = fc.nat({ max: 30 });
const few = { maxLength: 4 };

const value = fc.oneof(
  fc.double(),
  fc.integer(),
  fc.string({ unit: "binary", maxLength: 8 }),
  fc.bigInt(),
  fc.boolean(),
  fc.constantFrom(undefined, null, -0, NaN, "__proto__"),
  fc.date({ noInvalidDate: false }),
  fc.uint8Array({ maxLength: 5 }),
  fc.float64Array({ maxLength: 3 }),
  fc.constantFrom(
    /a+/g,
    new URL("https://example.org/?a=b"),
    Math.max,
    Map,
    console.log,
  ),
);

/** The things of a nest, other than counters. */
const things: fc.Arbitrary<Recipe>[] = [
  fc.record({ kind: fc.constant("value" as const), value }),
  fc.record({
    kind: fc.constantFrom("array" as const, "set" as const),
    of: fc.array(reference, few),
  }),
  fc.record({
    kind: fc.constant("record" as const),
    of: fc.uniqueArray(fc.tuple(fc.string({ maxLength: 3 }), reference), {
      ...few,
      selector: ([key]) => key,
    }),
    state: fc.constantFrom("open", "open", "sealed", "frozen", "bare"),
  }),
  fc.record({
    kind: fc.constant("map" as const),
    of: fc.array(fc.tuple(reference, reference), few),
  }),
  fc.record({ kind: fc.constantFrom(...HOLDERS), of: reference }),
  fc.record({ kind: fc.constantFrom(...HOLDERS), of: reference }),
  fc.record({ kind: fc.constant("both" as const), a: reference, b: reference }),
];

const counter: fc.Arbitrary<Recipe> = fc.record({
  kind: fc.constant("counter" as const),
  from: fc.nat({ max: 3 }),
});

/** What to build: at least one thing, of which the first is what the function holds. */
export const recipes = nestsOf(things);

/** The same with counters, whose functions share variables. */
export const sharing = nestsOf([...things, counter]);

function nestsOf(kinds: fc.Arbitrary<Recipe>[]): fc.Arbitrary<Recipe[]> {
  return fc.array(fc.oneof(...kinds), { minLength: 1, maxLength: 14 });
}

class Box {
  #held: unknown;
  put(held: unknown): void {
    this.#held = held;
  }
  open(): unknown {
    return this.#held;
  }
}

class LabelledBox extends Box {
  static made = 0;
  readonly #number: number;
  label: string;
  constructor({ label }: { label: string }) {
    super();
    this.#number = ++LabelledBox.made;
    this.label = label;
  }
  override open(): unknown {
    return [this.label, this.#number > 0, super.open()];
  }
}

/** Something of a nest, and what gives it what it holds when all of it is there. */
interface Built {
  value: unknown;
  fill(at: (number: number) => unknown): void;
}

/** Builds a nest. */
export function build(all: Recipe[]): unknown {
  const built = all.map(start);
  const at = (number: number) => built[number % built.length]!.value;
  for (const { fill } of built) fill(at);
  for (const [i, recipe] of all.entries()) {
    if (recipe.kind !== "record") continue;
    if (recipe.state === "sealed") Object.seal(at(i));
    if (recipe.state === "frozen") Object.freeze(at(i));
  }
  return at(0);
}

function start(recipe: Recipe): Built {
  switch (recipe.kind) {
    case "value":
      return { value: recipe.value, fill() {} };
    case "array": {
      const value: unknown[] = [];
      return { value, fill: (at) => recipe.of.forEach((n) => value.push(at(n))) };
    }
    case "set": {
      const value = new Set();
      return { value, fill: (at) => recipe.of.forEach((n) => value.add(at(n))) };
    }
    case "map": {
      const value = new Map();
      return {
        value,
        fill: (at) => recipe.of.forEach(([key, n]) => value.set(at(key), at(n))),
      };
    }
    case "record": {
      const value = Object.create(recipe.state === "bare" ? null : Object.prototype);
      const define = (key: string, value: unknown) => ({
        [key]: { value, writable: true, enumerable: true, configurable: true },
      });
      return {
        value,
        fill: (at) =>
          recipe.of.forEach(([key, n]) => {
            Object.defineProperties(value, define(key, at(n)));
          }),
      };
    }
    case "both": {
      let a: unknown, b: unknown;
      const value = (x: unknown) => [x, a, () => b];
      return { value, fill: (at) => [a, b] = [at(recipe.a), at(recipe.b)] };
    }
    case "counter": {
      let n = recipe.from;
      return { value: { inc: () => ++n, get: () => n }, fill() {} };
    }
    default:
      return startHolder(recipe.kind, recipe.of);
  }
}

function startHolder(kind: Holder, of: number): Built {
  let held: unknown;
  const hold = (it: unknown): unknown => held = it;
  const built = (value: unknown, put = hold): Built => ({
    value,
    fill(at) {
      put(at(of));
    },
  });
  switch (kind) {
    case "closure":
      return built(() => held);
    case "declaration": {
      // deno-lint-ignore no-inner-declarations
      function declared(x: unknown) {
        return [x, held];
      }
      return built(declared);
    }
    case "async":
      return built(async () => await Promise.resolve([held]));
    case "method":
      return built({
        label: "l",
        method() {
          return [held, Object.keys(this ?? {})];
        },
      });
    case "getter":
      return built({
        get got() {
          return held;
        },
      });
    case "generator":
      return built(function* () {
        yield held;
      });
    case "bound": {
      // deno-lint-ignore no-explicit-any
      const args: any[] = [[]];
      const f = (...all: unknown[]) => all;
      return built(f.bind(null, args[0]), (it) => args[0].push(it));
    }
    case "box": {
      const box = new Box();
      return built(box, (it) => box.put(it));
    }
    case "labelled box": {
      const box = new LabelledBox({ label: `${of}` });
      return built(box, (it) => box.put(it));
    }
    case "error": {
      const error = new RangeError(`${of}`);
      return built(error, (it) => error.cause = it);
    }
    case "symbol": {
      const value: Record<symbol, unknown> = {};
      return built(value, (it) => value[Symbol.for("recipe")] = it);
    }
    case "default":
      return built((_: unknown, y = held) => y);
    case "own property": {
      const value = Object.assign(() => {}, { own: undefined as unknown });
      return built(value, (it) => value.own = it);
    }
    case "child": {
      const value = Object.create({ inherited: true });
      return built(value, (it) => value.own = it);
    }
    default:
      return kind satisfies never;
  }
}

/** After so many calls the functions of a nest are not called any more. */
const CALLS = 40;

/** All that can be seen of a value, and of what its functions give, as text. */
export async function describe(value: unknown, x: unknown): Promise<string> {
  const numbers = new Map<unknown, number>();
  const seen: string[] = [];
  let calls = 0;
  const visitCall = async (call: () => unknown) => {
    if (calls++ >= CALLS) return;
    let outcome: unknown;
    try {
      outcome = await call();
    } catch (error) {
      outcome = `thrown: ${(error as Error).message}`;
    }
    await visit(outcome);
  };
  const visit = async (value: unknown): Promise<void> => {
    if (Object(value) !== value) {
      seen.push(Object.is(value, -0) ? "-0" : `${typeof value} ${String(value)}`);
      return;
    }
    const known = numbers.get(value);
    if (known !== undefined) {
      seen.push(`#${known}`);
      return;
    }
    numbers.set(value, numbers.size);
    const object = value as object;
    const above = Object.getPrototypeOf(object);
    seen.push(Object.prototype.toString.call(object));
    seen.push(`of ${above?.constructor?.name}`);
    seen.push(Object.isFrozen(object) ? "frozen" : `${Object.isExtensible(object)}`);
    if (object === console.log) return;
    if (object instanceof Map) {
      for (const entry of object) for (const part of entry) await visit(part);
    }
    if (object instanceof Set) { for (const part of object) await visit(part); }
    if (object instanceof Date) seen.push(`${object.getTime()}`);
    if (object instanceof URL || object instanceof RegExp) seen.push(`${object}`);
    if (typeof object === "function") {
      if (/^(?!Map|max)/.test(object.name)) await visitCall(() => object(x));
    } else if (above && "next" in object) {
      for (const part of object as unknown as Iterable<unknown>) await visit(part);
    } else if (above && "open" in object) {
      await visitCall(() => (object as Box).open());
    }
    for (const key of Reflect.ownKeys(object)) {
      if (key === "stack" || key === "prototype" || object === Map) continue;
      const own = Object.getOwnPropertyDescriptor(object, key)!;
      seen.push(`${String(key)} ${own.enumerable} ${own.writable}`);
      if (own.get) await visitCall(() => own.get!.call(object));
      await visit(own.value);
    }
  };
  await visit(value);
  return seen.join("\n");
}
