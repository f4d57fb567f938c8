/**
 * Makes objects on the worker, without their class and properties.
 *
 * @module
 */

import { follow } from "./builtins.ts";
import type { Shell, Slot } from "../payload.ts";

/** The live value of a slot. */
type Get = (slot: Slot) => unknown;

/** The arguments from which the built-in class of a shell makes an equal object. */
export function argsOf(shell: Shell, get: Get): unknown[] {
  if (shell.kind === "view") {
    return [get(shell.buffer), shell.byteOffset, shell.length];
  }
  if (shell.kind !== "data") return [];
  const { value } = shell;
  return value instanceof DataView
    ? [value.buffer, value.byteOffset, value.byteLength]
    : [value];
}

/** Makes an object with nothing in it yet. */
export function makeShell(shell: Shell, get: Get): object {
  switch (shell.kind) {
    case "record":
      return {};
    case "array":
      return [];
    case "arguments":
      return argumentsObject();
    case "error":
      return new Error();
    case "map":
      return new Map();
    case "set":
      return new Set();
    case "view": {
      const { type, buffer, byteOffset, length } = shell;
      const View = follow(globalThis, [type]) as new (...args: unknown[]) => object;
      return new View(get(buffer), byteOffset, length);
    }
    case "data":
      return shell.value as object;
    default:
      return shell satisfies never;
  }
}

/** Fills an object with the values that it holds apart from its properties. */
export function fill(object: object, shell: Shell, get: Get): void {
  switch (shell.kind) {
    case "array":
      (object as unknown[]).length = shell.length;
      break;
    case "map":
      for (const [key, value] of shell.entries) {
        Map.prototype.set.call(object, get(key), get(value));
      }
      break;
    case "set":
      for (const value of shell.values) {
        Set.prototype.add.call(object, get(value));
      }
      break;
    case "error":
      Object.defineProperty(object, "stack", {
        value: shell.stack,
        writable: true,
        configurable: true,
      });
      break;
    case "arguments":
    case "data":
    case "record":
    case "view":
      break;
    default:
      shell satisfies never;
  }
}

function argumentsObject(): object {
  return arguments;
}
