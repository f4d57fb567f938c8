/**
 * Maps whose arguments, results and captured arrays take long to travel:
 * `deno run -A _large_values.ts NAME`. What came of it is printed as JSON.
 *
 * @module
 */

import {
  imapUnordered,
  Job,
  JobDispatcher,
  map,
  ProcessScheduler,
  TimeoutError,
} from "../../mod.ts";

const scheduler = (workers: number) => () =>
  new ProcessScheduler({ workers, transport: "network" });

/** Bytes that are not all the same. */
function filled(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i += 4096) bytes[i] = i >> 12;
  return bytes;
}

function isFilled(bytes: Uint8Array, length: number): boolean {
  if (bytes.length !== length) return false;
  for (let i = 0; i < length; i += 4096) {
    if (bytes[i] !== (i >> 12 & 255)) return false;
  }
  return true;
}

/** Gives arrays of a size back as they came. */
async function echo(workers: number, size: number): Promise<unknown> {
  const items = Array.from({ length: workers }, () => filled(size));
  const results = await map((bytes: Uint8Array) => bytes, items, {
    scheduler: scheduler(workers),
  });
  return results.map((bytes) => isFilled(bytes, size));
}

const programs: Record<string, () => Promise<unknown>> = {
  /** There and back, to one worker. */
  one: () => echo(1, 15e6),

  /** What a frame of ZeroMQ could not hold, within this machine. */
  async beyond() {
    const size = 2100 * 2 ** 20;
    const f = (bytes: Uint8Array) => {
      const last = bytes.length - 1;
      return new Uint8Array(bytes.length).fill(bytes[last]!, last);
    };
    const item = new Uint8Array(size).fill(7, size - 1);
    const [result] = await map(f, [item], {
      scheduler: () => new ProcessScheduler({ workers: 1 }),
    });
    return [result!.length, result!.at(-1)];
  },

  /** Results of eight workers that share the link. */
  async eight() {
    const results = await map(filled, Array(8).fill(4e6), { scheduler: scheduler(8) });
    return results.map((bytes) => isFilled(bytes, 4e6));
  },

  /** An array that the function captured, to each of eight workers. */
  async captured() {
    const bytes = filled(4e6);
    const f = (x: number) => x && bytes.reduce((sum, byte) => sum + byte, 0);
    const items = [1, 2, 3, 4, 5, 6, 7, 8];
    const results = await map(f, items, { scheduler: scheduler(8), chunkSize: 1 });
    return results.every((sum) => sum === f(1));
  },

  /** What is small comes before the large result of an item that was before it. */
  async between() {
    const order: unknown[] = [];
    const f = (i: number) => i === 0 ? new Uint8Array(20e6) : i;
    // By the first two it is known how long an item takes, so that one is sent ahead.
    const results = imapUnordered(f, [1, 2, 0, 3, 4], {
      scheduler: scheduler(1),
      chunkSize: 1,
    });
    for await (const result of results) {
      order.push(typeof result === "number" ? result : "large");
    }
    return order;
  },

  /** An array that nobody wants any more is not carried on, there or back. */
  async unwanted() {
    await using dispatcher = new JobDispatcher({ scheduler: scheduler(1) });
    const large = new Uint8Array(200e6);
    const there = await dispatcher.map((bytes: Uint8Array) => bytes.length, [large], {
      signal: AbortSignal.timeout(1000),
    }).catch((error) => error.name);
    const back = await dispatcher.map((n: number) => new Uint8Array(n), [200e6], {
      signal: AbortSignal.timeout(2000),
    }).catch((error) => error.name);
    return [there, back, await dispatcher.map((x: number) => x + 1, [1])];
  },

  /** What is said to a job, and its end, do not wait for what another one is sent. */
  async jobs() {
    await using dispatcher = new JobDispatcher({ scheduler: scheduler(2) });
    const target = async (large: Uint8Array | undefined) => {
      const { currentJob } = await import("../../mod.ts");
      if (large) return large.length;
      for await (const word of currentJob()!.messages) return word;
      return undefined;
    };
    const small = new Job({ target, args: [undefined], dispatcher });
    small.start();
    const large = new Job({ target, args: [new Uint8Array(200e6)], dispatcher });
    large.start();
    small.send("hello");
    const word = await small.result;
    const waits = await large.join(500).catch((error) => error instanceof TimeoutError);
    large.result.catch(() => {});
    large.terminate();
    await large.join();
    return [word, waits, large.exitCode];
  },
};

console.log(JSON.stringify(await programs[Deno.args[0]!]!()));
