/**
 * The frames of a message behind its header, read strictly.
 *
 * @module
 */

import { ProtocolError } from "../errors.ts";
import type { Frames, TYPES } from "./messages.ts";

/** The name of a message type. */
export type Name = keyof typeof TYPES;

/** What is wrong with a message. */
export function refuse(type: Name, what: string): ProtocolError {
  return new ProtocolError(`The message "${type}" ${what}`);
}

/** Numbers in groups of so many. */
export function groups(values: number[], size: number): number[][] {
  const found: number[][] = [];
  for (let i = 0; i < values.length; i += size) found.push(values.slice(i, i + size));
  return found;
}

/** A whole number. */
export function whole(value: number | undefined, type: Name, least = 0): number {
  if (value === undefined || !Number.isSafeInteger(value) || value < least) {
    throw refuse(type, `has ${value} where a whole number from ${least} is due`);
  }
  return value;
}

/** What stands in a list at an index. */
export function oneOf<T>(list: readonly T[], index: number | undefined, type: Name): T {
  const found = list[whole(index, type)];
  if (found === undefined) {
    throw refuse(type, `has ${index} where a number below ${list.length} is due`);
  }
  return found;
}

/** A time in milliseconds. */
export function time(value: number | undefined, type: Name): number {
  if (value === undefined || !Number.isFinite(value) || value < 0) {
    throw refuse(type, `has ${value} where a time in milliseconds is due`);
  }
  return value;
}

/** Whether it is 1, where it must be 0 or 1. */
export function yesOrNo(value: number | undefined, type: Name): boolean {
  if (value !== 0 && value !== 1) {
    throw refuse(type, `has ${value} where 0 or 1 is due`);
  }
  return value === 1;
}

/** Messages that end with a list, of one frame or more. */
const LISTS: ReadonlySet<Name> = new Set(["assign", "results"]);

/** Reads the frames after the header. */
export class Body {
  readonly #type: Name;
  readonly #frames: Frames;

  constructor(type: Name, frames: Frames) {
    this.#type = type;
    this.#frames = frames.slice(1);
  }

  /** Refuses any other number of frames after the header; a list may have more. */
  expect(count: number): void {
    const found = this.#frames.length;
    if (found === count || found > count && LISTS.has(this.#type)) return;
    throw refuse(this.#type, `has ${found} frames after its header, not ${count}`);
  }

  /**
   * The numbers of the first frame, of `count` frames in all: `least` of them, or that
   * and any number of groups of `group` more.
   */
  numbers(count: number, least: number, group = 0): number[] {
    this.expect(count);
    const frame = this.#frames[0]!;
    const found = frame.length / 8;
    const fits = group === 0
      ? found === least
      : found >= least && (found - least) % group === 0;
    if (!fits) throw refuse(this.#type, `has ${found} numbers where ${least} are due`);
    return [...new Float64Array(frame.slice().buffer)];
  }

  /** A frame of UTF-8, of `count` frames in all. */
  text(index: number, count: number): string {
    this.expect(count);
    try {
      const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
      return decoder.decode(this.#frames[index]!);
    } catch {
      throw refuse(this.#type, "has text that is not UTF-8");
    }
  }

  /** The frames from one on, which somebody else decodes. */
  list(index: number): Uint8Array[] {
    return this.#frames.slice(index);
  }

  /** A frame that somebody else decodes. */
  value(index: number): Uint8Array {
    return this.#frames[index]!;
  }
}
