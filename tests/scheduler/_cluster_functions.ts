/**
 * What the tests of the cluster run on it. Functions meet their tests by files in a
 * directory that all hosts see: one comes into being for each item that has begun, and
 * an item that waits goes on when there is the file `open`.
 *
 * @module
 */

/** One item of a map. */
export interface Item {
  /** Its number. */
  item: number;
  /** Where it meets the test. */
  ground: string;
}

/** Where an item ran. */
export interface Place {
  /** Its number. */
  item: number;
  /** The name of the machine. */
  host: string;
  /** The process. */
  pid: number;
}

/** How long an item waits at most, in milliseconds: no test may be waited for in vain. */
const PATIENCE = 120_000;

function place({ item }: Item): Place {
  return { item, host: Deno.hostname(), pid: Deno.pid };
}

/** Says that an item has begun. Each attempt adds a line. */
function arrive(item: Item): void {
  const line = `${JSON.stringify(place(item))}\n`;
  Deno.writeTextFileSync(`${item.ground}/${item.item}`, line, { append: true });
}

function isOpen({ ground }: Item): boolean {
  try {
    Deno.statSync(`${ground}/open`);
    return true;
  } catch {
    return false;
  }
}

async function wait(item: Item): Promise<Place> {
  arrive(item);
  const end = performance.now() + PATIENCE;
  while (!isOpen(item)) {
    if (performance.now() > end) throw new Error("The test did not open the gate");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return place(item);
}

/** Takes memory until there is no more. */
function hold(take: () => unknown): never {
  const held: unknown[] = [];
  for (;;) held.push(take());
}

/** By name. */
export const functions = {
  /** Says where it runs. */
  place,
  /** Waits until the test lets it go. */
  wait,
  /** Only the first item waits. */
  waitFirst: (item: Item): Place | Promise<Place> =>
    item.item === 0 ? wait(item) : place(item),
  /** Fails by memory outside of the heap. */
  fillArrays: (): never => hold(() => new Uint8Array(2 ** 22).fill(1)),
  /** Fails by memory inside of the heap. */
  fillHeap: (): never =>
    hold(() => Array.from({ length: 1000 }, (_, i) => ({ name: `${i}` }))),
  /** Fails by ending its process, after a last word. */
  leave(item: Item): never {
    const words = `These are the last words of item ${item.item}\n`;
    Deno.stderr.writeSync(new TextEncoder().encode(words));
    Deno.kill(Deno.pid, "SIGKILL");
    for (;;);
  },
  /** Every fourth item takes 4 s, others a moment; item 9 takes longer than a worker has. */
  async uneven(item: Item): Promise<Place> {
    arrive(item);
    const time = item.item === 9 ? 60_000 : item.item % 4 === 2 ? 4000 : 300;
    await new Promise((resolve) => setTimeout(resolve, time));
    return place(item);
  },
  /** Runs for ever. */
  spin(item: Item): never {
    arrive(item);
    for (;;);
  },
};
