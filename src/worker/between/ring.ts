/**
 * Small records from one thread to another, through memory that both share. To write one
 * and wake the reader takes half as long as a message. A reader that is awake finds it
 * without a turn of its event loop.
 *
 * @module
 */

// Own copies: a function that runs in the thread may replace what is global.
const { add, load, notify, store, waitAsync } = Atomics;

/** How many bytes have been written, and read, since the beginning, as int32. */
const WRITTEN = 0;
const READ = 1;
/** How often the reader was called: it waits for this to change. */
const CALLS = 2;
const POSITIONS = 3;
/** How many bytes it holds: a power of two. */
const ROOM = 1 << 16;

/** A ring of bytes, with one writer and one reader. */
export class Ring {
  readonly #positions: Int32Array<SharedArrayBuffer>;
  readonly #bytes: Uint8Array;

  /** @param memory Shared memory of {@linkcode Ring.SIZE} bytes. */
  constructor(memory: SharedArrayBuffer) {
    this.#positions = new Int32Array(memory, 0, POSITIONS);
    this.#bytes = new Uint8Array(memory, POSITIONS * 4, ROOM);
  }

  /** How much shared memory it takes, in bytes. */
  static readonly SIZE: number = POSITIONS * 4 + ROOM;

  /**
   * For the writer: adds a record, and wakes the reader.
   *
   * @param frames What it consists of.
   * @returns Whether there was room for it.
   */
  write(frames: Uint8Array[]): boolean {
    const head = Uint32Array.of(frames.length, ...frames.map(({ length }) => length));
    const parts = [new Uint8Array(head.buffer), ...frames];
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    const start = this.#positions[WRITTEN]!;
    const used = (start - load(this.#positions, READ)) | 0;
    if (length > ROOM - used) return false;
    let at = start;
    for (const part of parts) {
      const place = at & (ROOM - 1);
      const fits = Math.min(part.length, ROOM - place);
      this.#bytes.set(fits === part.length ? part : part.subarray(0, fits), place);
      if (fits < part.length) this.#bytes.set(part.subarray(fits), 0);
      at += part.length;
    }
    store(this.#positions, WRITTEN, at | 0);
    this.call();
    return true;
  }

  /** For the writer: wakes the reader. */
  call(): void {
    add(this.#positions, CALLS, 1);
    notify(this.#positions, CALLS);
  }

  /** For the reader: takes the next record out; `undefined` when there is none. */
  read(): Uint8Array<ArrayBuffer>[] | undefined {
    if (this.isEmpty) return undefined;
    let at = this.#positions[READ]!;
    const take = (length: number) => {
      const part = new Uint8Array(length);
      const place = at & (ROOM - 1);
      const fits = Math.min(length, ROOM - place);
      part.set(this.#bytes.subarray(place, place + fits));
      if (fits < length) part.set(this.#bytes.subarray(0, length - fits), fits);
      at += length;
      return part;
    };
    const [count] = new Uint32Array(take(4).buffer);
    const lengths = new Uint32Array(take(4 * count!).buffer);
    const frames = [];
    for (const length of lengths) frames.push(take(length));
    store(this.#positions, READ, at | 0);
    return frames;
  }

  /** For the reader: whether there is nothing to take out. */
  get isEmpty(): boolean {
    return this.#positions[READ] === load(this.#positions, WRITTEN);
  }

  /** For the reader: how often it was called. */
  get calls(): number {
    return load(this.#positions, CALLS);
  }

  /** For the reader: resolves when it was called more often than this. */
  async more(calls: number): Promise<void> {
    const wait = waitAsync(this.#positions, CALLS, calls);
    if (wait.async) await wait.value;
  }
}
