/**
 * What a function threw, as data, and back. The host builds errors from data alone: it
 * never runs code that a worker sends.
 *
 * @module
 */

import {
  DrmaaError,
  GridEngineError,
  JobCancelledError,
  JobTimeoutError,
  ProtocolError,
  SchedulerError,
  SerializationError,
  TimeoutError,
  WorkerLostError,
  ZeromqError,
} from "../errors.ts";
import { shortened } from "./steps.ts";
import { canTravel, deserialize, serialize } from "./values.ts";

/** A thrown value that can be sent. */
type Encoded =
  | { kind: "value"; value: unknown }
  | { kind: "text"; text: string }
  | {
    kind: "error";
    /** The names of its class and of those above it. */
    classes: string[];
    name: string;
    message: string;
    stack: string;
    properties: [string, unknown][];
    cause?: Encoded;
    errors?: Encoded[];
  };

/** Causes deeper than this are left out. */
const MOST_CAUSES = 16;

/** The thrown value as bytes. */
export function encodeFailure(thrown: unknown): Uint8Array<ArrayBuffer> {
  try {
    return serialize(describe(thrown, 0, new Map()));
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
 */
export function decodeFailure(
  bytes: Uint8Array,
  where: string,
  translate: (stack: string) => string,
): unknown {
  try {
    const finish = (stack: string) => `${translate(stack)}\n    ${where}`;
    return new Revival(finish, bytes.length).revive(deserialize(bytes));
  } catch (error) {
    // Whatever a worker sends, its item has failed.
    return new GridEngineError(
      `A job failed, and what it threw is unreadable: ${(error as Error).message}`,
    );
  }
}

/** @param known What was described before: an error may hold itself, many times over. */
function describe(
  thrown: unknown,
  depth: number,
  known: Map<unknown, Encoded>,
): Encoded {
  if (!(thrown instanceof Error)) {
    return canTravel(thrown)
      ? { kind: "value", value: thrown }
      : { kind: "text", text: shortened(String(thrown)) };
  }
  const before = known.get(thrown);
  if (before) return before;
  const hidden = ["name", "message", "stack", "cause", "errors"];
  const properties = Object.keys(thrown)
    .filter((key) => !hidden.includes(key))
    .map((key): [string, unknown] => [key, thrown[key as keyof Error]])
    .map(([key, value]): [string, unknown] => [
      key,
      canTravel(value) ? value : shortened(String(value)),
    ]);
  const encoded: Encoded = {
    kind: "error",
    classes: classNames(thrown),
    name: String(thrown.name),
    message: String(thrown.message),
    stack: String(thrown.stack ?? `${thrown.name}: ${thrown.message}`),
    properties,
  };
  known.set(thrown, encoded);
  if (depth < MOST_CAUSES) {
    if ("cause" in thrown) encoded.cause = describe(thrown.cause, depth + 1, known);
    if (thrown instanceof AggregateError) {
      encoded.errors = thrown.errors.map((error) => describe(error, depth + 1, known));
    }
  }
  return encoded;
}

function classNames(error: Error): string[] {
  const names: string[] = [];
  for (
    let proto = Object.getPrototypeOf(error);
    proto && proto !== Object.prototype;
    proto = Object.getPrototypeOf(proto)
  ) {
    const name = proto.constructor?.name;
    if (typeof name === "string") names.push(name);
  }
  return names;
}

const BUILT_IN: Record<string, new (message: string) => Error> = {
  Error,
  RangeError,
  TypeError,
  SyntaxError,
  ReferenceError,
  EvalError,
  URIError,
};

/** Errors of this library: what `send()` throws, or a `map` within a job. */
const LIBRARY: Record<string, (message: string) => Error> = {
  GridEngineError: (message) => new GridEngineError(message),
  JobCancelledError: (message) => new JobCancelledError(message),
  JobTimeoutError: (message) => new JobTimeoutError(message),
  ProtocolError: (message) => new ProtocolError(message),
  SchedulerError: (message) => new SchedulerError(message),
  SerializationError: (message) => new SerializationError(message),
  TimeoutError: (message) => new TimeoutError(message),
  // Their own properties come after.
  DrmaaError: (message) => new DrmaaError(0, "", message),
  WorkerLostError: (message) => new WorkerLostError(message, []),
  ZeromqError: (message) => new ZeromqError("", message),
};

/** Makes errors of descriptions, which a worker may have made up. */
class Revival {
  readonly #finish: (stack: string) => string;
  readonly #size: number;
  /** What was made before: an error may hold itself, many times over. */
  readonly #known = new Map<object, Error>();

  /**
   * @param finish Makes the stack of an error what the user is to see.
   * @param size How many bytes the descriptions took.
   */
  constructor(finish: (stack: string) => string, size: number) {
    this.#finish = finish;
    this.#size = size;
  }

  /** What was described. */
  revive(encoded: unknown): unknown {
    const { kind, value, text, ...error } = fieldsOf(encoded);
    switch (kind) {
      case "value":
        return value;
      case "text":
        return new GridEngineError(
          `A job threw a value that cannot travel: ${textOf(text)}`,
        );
      case "error":
        return this.#known.get(encoded as object) ??
          this.#reviveError(encoded as object, error);
      default:
        throw new TypeError("it is of no known kind");
    }
  }

  #reviveError(encoded: object, fields: Record<string, unknown>): Error {
    const { classes, message, cause, errors } = fields;
    const name = textOf(fields.name);
    const error = create(this.#listOf(classes).map(textOf), textOf(message), name);
    this.#known.set(encoded, error);
    const define = (key: string, value: unknown, enumerable = false) =>
      Object.defineProperty(error, key, {
        value,
        enumerable,
        writable: true,
        configurable: true,
      });
    if (error.name !== name) define("name", name);
    define("stack", this.#finish(textOf(fields.stack)));
    if (cause !== undefined) define("cause", this.revive(cause));
    if (errors !== undefined && error instanceof AggregateError) {
      define("errors", this.#listOf(errors).map((one) => this.revive(one)));
    }
    for (const property of this.#listOf(fields.properties)) {
      const [key, value] = this.#listOf(property);
      define(textOf(key), value, true);
    }
    return error;
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

function create(classes: string[], message: string, name: string): Error {
  // A class of the user's own may have the same name as one of ours.
  const isLibrary = classes.includes(GridEngineError.name);
  for (const found of classes) {
    if (isLibrary && Object.hasOwn(LIBRARY, found)) return LIBRARY[found]!(message);
    if (found === "DOMException") return new DOMException(message, name);
    if (found === "AggregateError") return new AggregateError([], message);
    const own = Object.hasOwn(BUILT_IN, found)
      ? BUILT_IN[found]
      : Object.hasOwn(Deno.errors, found)
      ? Deno.errors[found as keyof typeof Deno.errors] as new (message: string) => Error
      : undefined;
    if (own) return new own(message);
  }
  return new Error(message);
}
