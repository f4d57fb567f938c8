/**
 * The classes of errors that the host and its workers both have: those of the language, of
 * the platform, of Deno, and of this library. A class of the user's may bear the name of one
 * of them, so they are told by what they are.
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

/** Makes an error of a class. */
type Make = (message: string, name: string) => Error;

type ErrorClass = new (message: string) => Error;

/** How to make an error, by the name of its class. */
const CLASSES = new Map<string, Make>();
/** The names of classes, by their prototypes. */
const NAMES = new Map<object, string>();

function add(name: string, prototype: object, make: Make): void {
  CLASSES.set(name, make);
  NAMES.set(prototype, name);
}

function addSimple(name: string, type: ErrorClass): void {
  add(name, type.prototype, (message) => new type(message));
}

for (
  const type of [
    Error,
    RangeError,
    TypeError,
    SyntaxError,
    ReferenceError,
    EvalError,
    URIError,
    GridEngineError,
    JobCancelledError,
    JobTimeoutError,
    ProtocolError,
    SchedulerError,
    SerializationError,
    TimeoutError,
  ]
) addSimple(type.name, type);
for (const [name, type] of Object.entries(Deno.errors)) {
  addSimple(`Deno.errors.${name}`, type as ErrorClass);
}
// Their own properties come after.
add("AggregateError", AggregateError.prototype, (message) => {
  return new AggregateError([], message);
});
add("SuppressedError", SuppressedError.prototype, (message) => {
  return new SuppressedError(undefined, undefined, message);
});
add("DOMException", DOMException.prototype, (message, name) => {
  return new DOMException(message, name);
});
add("DrmaaError", DrmaaError.prototype, (message) => new DrmaaError(0, "", message));
add("WorkerLostError", WorkerLostError.prototype, (message) => {
  return new WorkerLostError(message, []);
});
add("ZeromqError", ZeromqError.prototype, (message) => new ZeromqError("", message));

/** The name of the class with this prototype. */
export function nameOfError(prototype: object): string | undefined {
  return NAMES.get(prototype);
}

/** The prototype of the class with this name. */
export function prototypeOfError(name: unknown): object | undefined {
  for (const [prototype, other] of NAMES) if (other === name) return prototype;
  return undefined;
}

/** Of the classes of an error those that both sides have, nearest first. */
export function classNamesOf(error: Error): string[] {
  const names: string[] = [];
  for (let at = Object.getPrototypeOf(error); at; at = Object.getPrototypeOf(at)) {
    const name = NAMES.get(at);
    if (name !== undefined) names.push(name);
  }
  return names;
}

/** Makes an error of the nearest class that is known. */
export function create(classes: string[], message: string, name: string): Error {
  const known = classes.find((name) => CLASSES.has(name)) ?? "Error";
  return CLASSES.get(known)!(message, name);
}
