/**
 * What a function threw, as data, and back. The host builds errors from data alone: it
 * never runs code that a worker sends.
 *
 * @module
 */

import { GridEngineError } from "../errors.ts";
import { classNamesOf, create, nameOfError } from "./failure_classes.ts";
import { packsItself } from "../common/packing_symbols.ts";
import { shortened, shortName } from "../common/shorten.ts";
import { article, prototypesOf } from "./complaint.ts";
import {
  isPacked,
  type NumberOf,
  pack,
  type PrototypeOf,
  serializeWhole,
  unpack,
} from "./instances.ts";
import { type Child, stepTo } from "./steps.ts";
import { Refusal } from "./refusal.ts";
import { hasPrivates, unmade } from "./refused.ts";
import { complaint, deserialize, serialize } from "./values.ts";

/** A thrown value that can be sent. */
type Encoded =
  | { kind: "value"; value: unknown }
  /** A value whose objects have classes. */
  | { kind: "packed"; bytes: Uint8Array }
  | { kind: "text"; text: string }
  | {
    kind: "error";
    /** The names of its class and of those above it. */
    classes: string[];
    /** The number of its class, if the host has that. */
    type: number | undefined;
    /** What its class makes it from again, packed, if that says so. */
    packed?: Uint8Array;
    name: string;
    message: string;
    stack: string;
    /** Its own fields: the key, the value, and whether it is enumerable. */
    properties: [string, Encoded, boolean][];
    cause?: Encoded;
    errors?: Encoded[];
  }
  /** A list of errors and other values, which a field of an error holds. */
  | { kind: "list"; items: Encoded[] };

/** Causes deeper than this are left out. */
const MOST_CAUSES = 16;

/**
 * The thrown value as bytes.
 *
 * @param numberOf Knows the classes that the host has.
 * @param lossy Is told what holds an object that arrives without its class.
 */
export function encodeFailure(
  thrown: unknown,
  numberOf: NumberOf = () => undefined,
  lossy?: (value: Child) => void,
): Uint8Array<ArrayBuffer> {
  try {
    return serialize(describe(thrown, 0, { seen: new Map(), numberOf, lossy }));
  } catch {
    // A getter, a `toString` or a proxy of its own throws.
    return serialize({ kind: "text", text: "it cannot be read" });
  }
}

/**
 * The value that was thrown: for an error of a built-in class an error of that class,
 * with its own properties, `cause` and stack.
 *
 * @param bytes What {@linkcode encodeFailure} gave.
 * @param where A line for the end of the stack, naming host, job and index.
 * @param translate Puts the user's places into a stack.
 * @param prototypeOf Knows the classes that the worker was sent.
 */
export function decodeFailure(
  bytes: Uint8Array,
  where: string,
  translate: (stack: string) => string,
  prototypeOf: PrototypeOf = () => undefined,
): unknown {
  try {
    const finish = (stack: string) => `${translate(stack)}\n    ${where}`;
    return new Revival(finish, bytes.length, prototypeOf).revive(deserialize(bytes));
  } catch (error) {
    // Whatever a worker sends, its item has failed.
    return new GridEngineError(
      `A job failed, and what it threw is unreadable: ${(error as Error).message}`,
    );
  }
}

interface Known {
  /** What was described before: an error may hold itself, many times over. */
  seen: Map<unknown, Encoded>;
  numberOf: NumberOf;
  lossy: ((value: Child) => void) | undefined;
}

function describe(thrown: unknown, depth: number, known: Known): Encoded {
  if (thrown instanceof Error) return describeError(thrown, depth, known);
  return describeValue(thrown, () => "error", known) ??
    { kind: "text", text: shortened(String(thrown)) };
}

/** A value that is no error, if it can travel. */
function describeValue(
  value: unknown,
  step: Child["step"],
  { numberOf, lossy }: Known,
): Encoded | undefined {
  try {
    const bytes = serializeWhole(value, {
      numberOf,
      lossy: () => lossy?.({ child: value, step }),
      lenient: true,
    });
    return isPacked(bytes) ? { kind: "packed", bytes } : { kind: "value", value };
  } catch {
    return undefined;
  }
}

function describeError(thrown: Error, depth: number, known: Known): Encoded {
  const before = known.seen.get(thrown);
  if (before) return before;
  const isAggregate = thrown instanceof AggregateError;
  const name = String(thrown.name);
  const message = String(thrown.message);
  const { packed, why } = packError(thrown, known.numberOf);
  const type = typeOf(thrown, known.numberOf);
  const stack = stackOf(thrown) ?? `${name}: ${message}`;
  const lost = packed ? undefined : lossOfClass(thrown, known.numberOf, why);
  const encoded: Encoded = {
    kind: "error",
    classes: classNamesOf(thrown),
    type,
    name,
    message,
    stack: lost === undefined ? stack : `${stack}\n    ${lost}`,
    properties: [],
    ...(packed && { packed }),
  };
  known.seen.set(thrown, encoded);
  if (depth < MOST_CAUSES) {
    if ("cause" in thrown) encoded.cause = describe(thrown.cause, depth + 1, known);
    if (isAggregate) {
      encoded.errors = Array.from(
        thrown.errors as unknown[],
        (error) => describe(error, depth + 1, known),
      );
    }
  }
  const hidden = [
    "name",
    "message",
    "stack",
    "cause",
    ...isAggregate ? ["errors"] : [],
  ];
  for (const key of Object.getOwnPropertyNames(thrown)) {
    if (hidden.includes(key)) continue;
    const own = Object.getOwnPropertyDescriptor(thrown, key)!;
    if (typeof own.value === "function") continue;
    const { enumerable = false } = own;
    encoded.properties.push([
      key,
      describeField(thrown, key, depth, known),
      enumerable,
    ]);
  }
  return encoded;
}

/** What a field of an error holds; of what cannot travel the text. */
function describeField(
  error: Error,
  key: string,
  depth: number,
  known: Known,
): Encoded {
  try {
    const value = (error as unknown as Record<string, unknown>)[key];
    const isError = (one: unknown) => one instanceof Error;
    if (depth < MOST_CAUSES) {
      if (isError(value)) return describe(value, depth + 1, known);
      if (Array.isArray(value) && value.some(isError)) {
        const items = Array.from(value, (one) => describe(one, depth + 1, known));
        return { kind: "list", items };
      }
    }
    return describeValue(value, () => `error${stepTo(key)}`, known) ??
      { kind: "value", value: shortened(String(value)) };
  } catch {
    return { kind: "value", value: "it cannot be read" };
  }
}

/** The number of the nearest class of an error that the host has. */
function typeOf(error: Error, numberOf: NumberOf): number | undefined {
  for (
    let at: object | null = error;
    (at = Object.getPrototypeOf(at) as object | null);
  ) {
    const number = packsItself(at) ? undefined : numberOf(at);
    if (number !== undefined) return number;
  }
  return undefined;
}

/** What the class of an error makes it from again; or why that cannot be sent. */
function packError(
  error: Error,
  numberOf: NumberOf,
): { packed?: Uint8Array | undefined; why?: string } {
  if (!packsItself(error)) return {};
  try {
    return { packed: pack(error, { numberOf }) };
  } catch (cause) {
    return { why: complaint(error, "it", "the host", cause).message };
  }
}

/** What to say of an error that arrives as one of a class above its own. */
function lossOfClass(
  error: Error,
  numberOf: NumberOf,
  why: string | undefined,
): string | undefined {
  const isThere = (at: object) =>
    nameOfError(at) !== undefined || !packsItself(at) && numberOf(at) !== undefined;
  const all = prototypesOf(error);
  const at = all.findIndex(isThere);
  if (at === 0 || why === undefined && all[0] === undefined) return undefined;
  const names = all.map((prototype) => shortName(String(prototype.constructor?.name)));
  const cannot = why !== undefined
    ? why.replace(/^it is/, "it was")
    : hasPrivates(error)
    ? `class ${
      names[0]
    } has #private members, which cannot be sent to the host without ` +
      `the methods [pack] and static [unpack]`
    : `class ${names[0]} cannot be sent to the host, or is not there`;
  return `${cannot}: here it is ${article(names[at] ?? "Error")}`;
}

/** The stack of an error, if it can be read. */
function stackOf(error: Error): string | undefined {
  try {
    return typeof error.stack === "string" ? error.stack : undefined;
  } catch {
    return undefined;
  }
}

/** Makes errors of descriptions, which a worker may have made up. */
class Revival {
  readonly #finish: (stack: string) => string;
  readonly #size: number;
  readonly #prototypeOf: PrototypeOf;
  /** What was made before: an error may hold itself, many times over. */
  readonly #known = new Map<object, unknown>();

  /**
   * @param finish Makes the stack of an error what the user is to see.
   * @param size How many bytes the descriptions took.
   * @param prototypeOf Knows the classes that the worker was sent.
   */
  constructor(
    finish: (stack: string) => string,
    size: number,
    prototypeOf: PrototypeOf,
  ) {
    this.#prototypeOf = prototypeOf;
    this.#finish = finish;
    this.#size = size;
  }

  /** What was described. */
  revive(encoded: unknown): unknown {
    const { kind, value, text, ...error } = fieldsOf(encoded);
    switch (kind) {
      case "value":
        return value;
      case "packed":
        return unpack(error.bytes as Uint8Array, this.#prototypeOf);
      case "text":
        return new GridEngineError(
          `A job threw a value that cannot travel: ${textOf(text)}`,
        );
      case "list":
        return this.#known.get(encoded as object) ??
          this.#reviveList(encoded as object, this.#listOf(error.items));
      case "error":
        return this.#known.get(encoded as object) ??
          this.#reviveError(encoded as object, error);
      default:
        throw new TypeError("it is of no known kind");
    }
  }

  #reviveList(encoded: object, items: unknown[]): unknown[] {
    const list: unknown[] = [];
    this.#known.set(encoded, list);
    for (const item of items) list.push(this.revive(item));
    return list;
  }

  #reviveError(encoded: object, fields: Record<string, unknown>): Error {
    const { classes, message, cause, errors } = fields;
    const name = textOf(fields.name);
    const { error, note } = this.#makeError(
      this.#listOf(classes).map(textOf),
      textOf(message),
      name,
      fields.packed,
    );
    this.#known.set(encoded, error);
    const define = (key: string, value: unknown, enumerable = false) =>
      Object.defineProperty(error, key, {
        value,
        enumerable,
        writable: true,
        configurable: true,
      });
    if (error.name !== name) define("name", name);
    define("stack", this.#finish(textOf(fields.stack) + note));
    const isWhole = fields.packed !== undefined && note === "";
    if (isWhole) return error;
    if (cause !== undefined) define("cause", this.revive(cause));
    if (errors !== undefined && error instanceof AggregateError) {
      define("errors", this.#listOf(errors).map((one) => this.revive(one)));
    }
    for (const property of this.#listOf(fields.properties)) {
      const [key, value, enumerable] = this.#listOf(property);
      define(textOf(key), this.revive(value), enumerable === true);
    }
    // The last step: getters of the class have nothing to do with what is defined.
    const prototype = this.#prototypeOf(fields.type as number);
    if (prototype instanceof Error && !packsItself(prototype)) {
      Object.setPrototypeOf(error, prototype);
    }
    return error;
  }

  /** An error of the nearest class, or what its own class makes of what it is made from. */
  #makeError(
    classes: string[],
    message: string,
    name: string,
    packed: unknown,
  ): { error: Error; note: string } {
    let note = "";
    try {
      const made = packed && unpack(packed as Uint8Array, this.#prototypeOf);
      if (made instanceof Error) return { error: made, note };
      if (packed) note = "\n    the static method [unpack] of its class gave no error";
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      note = `\n    ${unmade("it", error).message}`;
    }
    return { error: create(classes, message, name), note };
  }

  /** The elements of what must be a list, and nothing else that hangs on it. */
  #listOf(value: unknown): unknown[] {
    // Each element takes a byte; only a list of holes may say that it is longer.
    if (!Array.isArray(value) || value.length > this.#size) {
      throw new TypeError("it has no list where one is due");
    }
    return Array.from({ length: value.length }, (_, i) => value[i] as unknown);
  }
}

/** The fields of what must be an object. */
function fieldsOf(value: unknown): Record<string, unknown> {
  if (typeof value === "object" && value !== null) return { ...value };
  throw new TypeError("it is no description");
}

function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  throw new TypeError("it has no text where one is due");
}
