/**
 * Checks of options and other values that users pass: unknown names and invalid values.
 *
 * @module
 */

import { shortened } from "./shorten.ts";

/** Throws an error if a value is not valid. */
export type Check = (name: string, value: unknown) => void;

/** A check for each of a type's options, but for those that may not be given. */
export type Checks<T> = {
  readonly [Name in keyof T as T[Name] extends undefined ? never : Name]-?: Check;
};

/** The longest time of a timer, in milliseconds: about 24 days. */
export const LONGEST_TIME = 2 ** 31 - 1;

/** The schedulers to which options belong that users often pass elsewhere. */
const OWNERS: Record<string, string> = {
  workers: "ProcessScheduler",
  memory: "ProcessScheduler",
  permissions: "ProcessScheduler",
  env: "ProcessScheduler",
  transport: "ProcessScheduler",
  resources: "GridEngineScheduler",
  queue: "GridEngineScheduler",
  parallelEnvironment: "GridEngineScheduler",
  nativeSpecification: "GridEngineScheduler",
};

/**
 * Checks options. An option that is `undefined` counts as not given.
 *
 * @param what The function or class that the options are for.
 * @throws {TypeError} If they are not an object, or one of them is unknown.
 * @throws What an option's own check throws.
 */
export function checkOptions<T extends object>(
  what: string,
  options: T,
  checks: Checks<T>,
): void {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(
      `${what} takes its options as an object, not ${shown(options)}`,
    );
  }
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(checks, name)) {
      throw new TypeError(
        `${what} has no option "${name}": ${adviceOn(name, Object.keys(checks))}`,
      );
    }
    if (value !== undefined) (checks as Record<string, Check>)[name]!(name, value);
  }
}

function adviceOn(name: string, known: string[]): string {
  if (!Object.hasOwn(OWNERS, name)) return `it has ${known.join(", ")}`;
  return `it belongs to a scheduler, new ${OWNERS[name]}({ ${name} })`;
}

/** A value as it is shown in a message: strings in quotes, instances by their class. */
export function shown(value: unknown): string {
  const { name = "" } = Object(value).constructor ?? {};
  const isInstance = typeof value === "object" && value !== null &&
    !["", "Object", "Array"].includes(name);
  const inspected = () => Deno.inspect(value, { depth: 0, colors: false });
  return shortened(isInstance ? `a ${name}` : inspected());
}

/** Accepts any value: it may be anything, or is checked later. */
export function anything(): void {}

/** `true` or `false`. */
export const aBoolean: Check = ofType("boolean", "true or false is");
/** A string. */
export const aText: Check = ofType("string", "a string is");
/** A function. */
export const aFunction: Check = ofType("function", "a function is");

function ofType(type: string, expected: string): Check {
  return (name, value) => {
    const given: string = typeof value;
    if (given === type) return;
    throw new TypeError(`${name} is ${shown(value)}: ${expected} expected`);
  };
}

/** An instance of a class. */
export function anInstance(of: abstract new (...args: never[]) => object): Check {
  return (name, value) => {
    if (value instanceof of) return;
    throw new TypeError(
      `${name} is ${shown(value)}: an instance of ${of.name} is expected`,
    );
  };
}

/** One of the given strings. */
export function oneOf(...texts: readonly string[]): Check {
  return (name, value) => {
    if (texts.includes(value as string)) return;
    const all = texts.map((text) => `"${text}"`).join(", ").replace(
      /, ("\w+")$/,
      " or $1",
    );
    throw new TypeError(`${name} is ${shown(value)}: ${all} is expected`);
  };
}

/** A whole number in a range. */
export function wholeFrom(
  least: number,
  most: number = Number.MAX_SAFE_INTEGER,
): Check {
  return (name, value) => {
    if (
      Number.isSafeInteger(value) && value as number >= least && value as number <= most
    ) {
      return;
    }
    const range = most < Number.MAX_SAFE_INTEGER ? `${least} to ${most}` : least;
    throw new RangeError(
      `${name} is ${shown(value)}: a whole number from ${range} is expected`,
    );
  };
}

/** A time in milliseconds, from `least` on. */
export function millisecondsFrom(least: number): Check {
  return (name, value) => {
    if (typeof value === "number" && value >= least && value <= LONGEST_TIME) return;
    throw new RangeError(
      `${name} is ${shown(value)}: milliseconds from ${least} to ${LONGEST_TIME} are ` +
        `expected`,
    );
  };
}

/** A time in milliseconds that is not 0. */
export const someMilliseconds: Check = (name, value) => {
  if (typeof value === "number" && value > 0 && value <= LONGEST_TIME) return;
  throw new RangeError(
    `${name} is ${
      shown(value)
    }: milliseconds above 0, up to ${LONGEST_TIME}, are expected`,
  );
};

/** TCP ports to choose from. */
export const ports: Check = (name, value) => {
  if (typeof value === "string" && /^\d+(-\d+)?$/.test(value)) return;
  throw new RangeError(
    `${name} is ${shown(value)}: a port or a range such as "40000-40100" is expected`,
  );
};

/** An object whose values have one of the given types. */
export function valuesByName(example: string, ...types: string[]): Check {
  return (name, value) => {
    if (Object.prototype.toString.call(value) !== "[object Object]") {
      throw new TypeError(
        `${name} is ${shown(value)}: an object such as ${example} is expected`,
      );
    }
    for (const [key, part] of Object.entries(value as object)) {
      if (types.includes(typeof part)) continue;
      throw new TypeError(
        `${name}.${key} is ${shown(part)}: a value of type ${types.join(" or ")} is ` +
          `expected`,
      );
    }
  };
}
