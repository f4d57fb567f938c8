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

/** Causes deeper than this are left out: they may go round in a circle. */
const MOST_CAUSES = 16;

/** The thrown value as bytes. */
export function encodeFailure(thrown: unknown): Uint8Array<ArrayBuffer> {
  try {
    return serialize(describe(thrown, 0));
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
    return revive(deserialize(bytes) as Encoded, finish);
  } catch (error) {
    // Whatever a worker sends, its item has failed.
    return new GridEngineError(
      `A job failed, and what it threw is unreadable: ${(error as Error).message}`,
    );
  }
}

function describe(thrown: unknown, depth: number): Encoded {
  if (!(thrown instanceof Error)) {
    return canTravel(thrown)
      ? { kind: "value", value: thrown }
      : { kind: "text", text: shortened(String(thrown)) };
  }
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
  if (depth < MOST_CAUSES) {
    if ("cause" in thrown) encoded.cause = describe(thrown.cause, depth + 1);
    if (thrown instanceof AggregateError) {
      encoded.errors = thrown.errors.map((error) => describe(error, depth + 1));
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

/** @param finish Makes the stack of an error what the user is to see. */
function revive(encoded: Encoded, finish: (stack: string) => string): unknown {
  switch (encoded.kind) {
    case "value":
      return encoded.value;
    case "text":
      return new GridEngineError(
        `A job threw a value that cannot travel: ${encoded.text}`,
      );
    case "error": {
      const error = create(encoded, finish);
      const define = (key: string, value: unknown, enumerable = false) =>
        Object.defineProperty(error, key, {
          value,
          enumerable,
          writable: true,
          configurable: true,
        });
      if (error.name !== encoded.name) define("name", encoded.name);
      define("stack", finish(encoded.stack));
      if (encoded.cause) define("cause", revive(encoded.cause, finish));
      for (const [key, value] of encoded.properties) define(key, value, true);
      return error;
    }
    default:
      encoded satisfies never;
      throw new TypeError("it is of no known kind");
  }
}

function create(
  encoded: Extract<Encoded, { kind: "error" }>,
  finish: (stack: string) => string,
): Error {
  const { classes, message, name } = encoded;
  // A class of the user's own may have the same name as one of ours.
  const isLibrary = classes.includes(GridEngineError.name);
  for (const found of classes) {
    if (isLibrary && Object.hasOwn(LIBRARY, found)) return LIBRARY[found]!(message);
    if (found === "DOMException") return new DOMException(message, name);
    if (found === "AggregateError") {
      const errors = encoded.errors?.map((error) => revive(error, finish)) ?? [];
      return new AggregateError(errors, message);
    }
    const own = Object.hasOwn(BUILT_IN, found)
      ? BUILT_IN[found]
      : Object.hasOwn(Deno.errors, found)
      ? Deno.errors[found as keyof typeof Deno.errors] as new (message: string) => Error
      : undefined;
    if (own) return new own(message);
  }
  return new Error(message);
}
