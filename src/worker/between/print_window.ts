/**
 * How much of what functions print is on its way to the host, in memory that the thread
 * shares with the worker's event loop.
 *
 * A function that prints faster than the host reads has to wait, as with a full pipe. One
 * that prints now and then waits for a moment after each print, until the host has it:
 * the next statement may end the process, and then the last lines matter most.
 *
 * @module
 */

/** How many characters may be on their way. */
const ROOM = 1 << 18;
/** For how many prints in a row the thread waits. */
const MOST_WAITS = 20;
/** After so many milliseconds it may wait for one print more. */
const REFILL = 50;
/** How long the thread waits for a print at most, in milliseconds. */
const LONGEST_WAIT = 5;

/** What is on its way, as each side sees it. */
export class PrintWindow {
  /** How many characters the host has read. */
  readonly #read: Int32Array;
  /** How many the thread has printed, as int32. */
  #printed = 0;
  #waits = MOST_WAITS;
  #refilled = 0;

  /** @param memory Shared memory of {@linkcode PrintWindow.SIZE} bytes. */
  constructor(memory: SharedArrayBuffer) {
    this.#read = new Int32Array(memory);
  }

  /** How much shared memory it takes, in bytes. */
  static readonly SIZE = 4;

  /**
   * For the thread: prints when there is room.
   *
   * @param length How many characters.
   * @param now Any clock, in milliseconds.
   * @param post Sends them on, at once if they are waited for.
   */
  print(length: number, now: number, post: (urgent: boolean) => void): void {
    this.#waitFor(this.#printed - ROOM, Infinity);
    this.#printed = (this.#printed + length) | 0;
    const refill = Math.floor((now - this.#refilled) / REFILL);
    if (refill > 0) {
      this.#waits = Math.min(MOST_WAITS, this.#waits + refill);
      this.#refilled = now;
    }
    const urgent = this.#waits > 0;
    post(urgent);
    if (!urgent) return;
    this.#waits--;
    this.#waitFor(this.#printed, LONGEST_WAIT);
  }

  /** For the event loop: the host has read so many characters more. */
  read(length: number): void {
    Atomics.add(this.#read, 0, length);
    Atomics.notify(this.#read, 0);
  }

  /** Waits until the host has read as far as this. */
  #waitFor(printed: number, most: number): void {
    for (let read; ((printed - (read = Atomics.load(this.#read, 0))) | 0) > 0;) {
      if (Atomics.wait(this.#read, 0, read, most) === "timed-out") return;
    }
  }
}
