/**
 * The code that workers were sent, so that what comes again is not sent again.
 *
 * @module
 */

import { Buffer } from "node:buffer";

/** How much code that no run uses is kept at most: so many bytes, and so many codes. */
const IDLE_BYTES = 1 << 26;
const IDLE_COUNT = 256;

interface Code {
  value: Uint8Array;
  /** How many runs use it. */
  runs: number;
  /** How long an item took in its last run at least, in milliseconds. */
  estimate?: number;
}

/** Codes by number; the same code has the same number. */
export class Codes {
  /** Those that were used last are last. */
  readonly #codes = new Map<number, Code>();
  #last = 0;

  /** A run begins to use a code. */
  use(value: Uint8Array): number {
    const number = this.#numberOf(value) ?? ++this.#last;
    const code = this.#codes.get(number) ?? { value, runs: 0 };
    code.runs++;
    this.#codes.delete(number);
    this.#codes.set(number, code);
    return number;
  }

  /** The number of a code that is known; what was used last is found first. */
  #numberOf(value: Uint8Array): number | undefined {
    for (const [number, code] of [...this.#codes].reverse()) {
      if (code.value.byteLength !== value.byteLength) continue;
      if (Buffer.compare(code.value, value) === 0) return number;
    }
    return undefined;
  }

  /**
   * How long an item took at least when the code ran last, in milliseconds: the items of
   * a run that begins are more often like the quickest than like those that come last.
   */
  estimate(number: number): number | undefined {
    return this.#codes.get(number)!.estimate;
  }

  /**
   * Items took so long each.
   *
   * @param first Whether they are the first of a run.
   */
  measured(number: number, estimate: number, first: boolean): void {
    const code = this.#codes.get(number);
    if (!code || estimate === 0) return;
    code.estimate = first ? estimate : Math.min(estimate, code.estimate ?? Infinity);
  }

  /** The code with this number. */
  value(number: number): Uint8Array {
    return this.#codes.get(number)!.value;
  }

  /**
   * A run no longer uses a code.
   *
   * @returns The numbers of codes that are no longer kept: those that were used longest
   * ago, when there is too much that nobody uses.
   */
  release(number: number): number[] {
    this.#codes.get(number)!.runs--;
    const idle = [...this.#codes].filter(([, { runs }]) => runs === 0);
    let bytes = idle.reduce((sum, [, { value }]) => sum + value.byteLength, 0);
    const dropped: number[] = [];
    for (const [number, { value }] of idle) {
      if (bytes <= IDLE_BYTES && idle.length - dropped.length <= IDLE_COUNT) break;
      bytes -= value.byteLength;
      this.#codes.delete(number);
      dropped.push(number);
    }
    return dropped;
  }
}
