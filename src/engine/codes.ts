/**
 * The code that workers were sent, so that the same code is not sent again.
 *
 * @module
 */

import { Buffer } from "node:buffer";

/** How much code that no run uses is kept, in bytes. */
const IDLE_BYTES = 1 << 26;
/** How many codes that no run uses are kept. */
const IDLE_COUNT = 256;

interface Code {
  value: Uint8Array;
  /** How many runs use it. */
  runs: number;
  /** The shortest time that an item took in its last run, in milliseconds. */
  estimate?: number;
}

/** Codes by number; the same code has the same number. */
export class Codes {
  /** In the order of their last use. */
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

  /** The number of a code, if it is known. */
  #numberOf(value: Uint8Array): number | undefined {
    for (const [number, code] of [...this.#codes].reverse()) {
      if (code.value.byteLength !== value.byteLength) continue;
      if (Buffer.compare(code.value, value) === 0) return number;
    }
    return undefined;
  }

  /**
   * The shortest time that an item took when the code ran last, in milliseconds. The first
   * items of a run are more often like the quickest ones than like the last ones.
   */
  estimate(number: number): number | undefined {
    return this.#codes.get(number)!.estimate;
  }

  /**
   * Notes how long items took each.
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
   * @returns The numbers of codes that are no longer kept. If too many are unused, these
   * are the ones whose last use was longest ago.
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
