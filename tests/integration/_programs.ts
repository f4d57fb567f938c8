/**
 * Programs as users write them: they use the library and end, or are ended. Which one is
 * the first argument; its own arguments are the second, in JSON.
 *
 * @module
 */

import {
  imap,
  JobDispatcher,
  map,
  ProcessScheduler,
  type ProcessSchedulerOptions,
  WorkerLostError,
} from "../../mod.ts";
import { passAndSpin, startAndWait, type Stop, stopAt } from "./_functions.ts";

/** What every program is given. */
interface Options {
  transport?: "local" | "network";
  port: number;
  file: string;
}

const { transport, port, file }: Options = JSON.parse(Deno.args[1]!);
const scheduler = () =>
  new ProcessScheduler({ workers: 2, ...(transport && { transport }) });

const one = (options: ProcessSchedulerOptions = {}) =>
  new ProcessScheduler({ ...options, workers: 1 });

function lossIn(value: unknown): WorkerLostError {
  if (value instanceof WorkerLostError) return value;
  throw new Error(`It gave ${value}`);
}

/** Begins a map, and does something the moment that its directory is made. */
function whenDirectoryIsThere(then: () => void): Promise<void> {
  const runs = Deno.env.get("GRIDENGINE_TEMP_DIRECTORY")!;
  map(passAndSpin, [port, port], { scheduler }).catch(() => {});
  const { promise, reject } = Promise.withResolvers<void>();
  const look = () => {
    const end = performance.now() + 2;
    try {
      // Not only in between what the event loop does: the directory is made by a thread.
      while (performance.now() < end) {
        if (!Deno.readDirSync(runs)[Symbol.iterator]().next().done) return then();
      }
      setImmediate(look);
    } catch (error) {
      reject(error);
    }
  };
  look();
  return promise;
}

function* naturals(): Generator<number> {
  for (let i = 0;; i++) yield i;
}

async function* naturalsInTime(): AsyncGenerator<number> {
  for (let i = 0;; i++) yield await Promise.resolve(i);
}

const programs: Record<string, () => Promise<void> | void> = {
  /** Both workers run functions that never end. */
  endless: async () => {
    await map(passAndSpin, [port, port], { scheduler });
  },

  /** A worker runs what starts programs, and never ends. */
  startsPrograms: async () => {
    await map(startAndWait, [{ port, file }], { scheduler });
  },

  /** One of the items stops at the gate. */
  stopping: async () => {
    const items: Stop[] = Array.from({ length: 20 }, (_, i) => {
      return { i, port: i === 7 ? port : 0 };
    });
    console.log(JSON.stringify(await map(stopAt, items, { scheduler })));
  },

  /** How many pieces of memory it shares with workers, and after they have left. */
  sharing: async () => {
    const shared = () =>
      Deno.readTextFileSync("/proc/self/maps").split("memfd:gridengine").length - 1;
    const dispatcher = new JobDispatcher({ scheduler });
    await dispatcher.map((x: number) => x, [1, 2]);
    const during = shared();
    await dispatcher.close();
    console.log(JSON.stringify([during, shared()]));
  },

  /** A worker says something, and is lost. */
  lastWords: async () => {
    const f = (x: number) => {
      if (x === 0) return;
      console.log("It looked so good.");
      Deno.stderr.writeSync(new TextEncoder().encode("The sky is falling.\n"));
      Deno.kill(Deno.pid, "SIGKILL");
    };
    const options = { scheduler, reraise: false, retries: 0 };
    const inherit = { logs: "inherit" } as const;
    const results: unknown[] = await map(f, [0, 1], { ...options, ...inherit });
    const { message, attempts } = lossIn(results[1]);
    console.log(JSON.stringify({ message, attempts }));
  },

  /** Leaves behind what nobody waits for, and comes back to see who is still there. */
  leavesBehind: async () => {
    await using dispatcher = new JobDispatcher({ scheduler: () => one() });
    const [before] = await dispatcher.map(() => {
      Promise.reject(new Error("The promise was not kept."));
      setTimeout(() => {
        throw new Error("The timer went off.");
      }, 0);
      return Deno.pid;
    }, [0]);
    const [after] = await dispatcher.map(async () => {
      // Timers go off in the order of their times.
      await new Promise((resolve) => setTimeout(resolve, 10));
      return Deno.pid;
    }, [0]);
    console.log(JSON.stringify([before, after]));
  },

  /** Takes all the memory there is. */
  outOfMemory: async () => {
    const env = { DENO_V8_FLAGS: "--max-old-space-size=48" };
    await using dispatcher = new JobDispatcher({ scheduler: () => one({ env }) });
    const options = { retries: 0, reraise: false };
    const takeAll = () => {
      for (const all: number[][] = [];;) all.push(new Array(1e5).fill(0.5));
    };
    const results: unknown[] = await dispatcher.map(takeAll, [0], options);
    const [after] = await dispatcher.map((x: number) => x + 1, [1]);
    const { attempts } = lossIn(results[0]);
    const { cause, log } = attempts[0]!;
    console.log(JSON.stringify({ attempts: attempts.length, cause, log, after }));
  },

  /** Its workers write, as it does itself. */
  output: async () => {
    await map(
      (x: number) => {
        console.log(`out ${x}`);
        console.error(`err ${x}`);
      },
      [1, 2],
      { scheduler },
    );
  },

  /** Prints what it has, and is over. */
  returns: async () => {
    console.log(JSON.stringify(await map((x: number) => x * x, [1, 2], { scheduler })));
  },

  /** Never closes its dispatcher. */
  idle: async () => {
    const dispatcher = new JobDispatcher({ scheduler });
    console.log(JSON.stringify(await dispatcher.map((x: number) => x * x, [1, 2])));
  },

  /** Never closes its dispatcher, and its map has failed. */
  idleAfterError: async () => {
    const dispatcher = new JobDispatcher({ scheduler });
    const failed = dispatcher.map(() => Promise.reject("no"), [1, 2]);
    console.log(JSON.stringify(await failed.catch((error) => error)));
  },

  /** Takes one result of many, and asks for no more. */
  dropped: async () => {
    const results = imap((x: number) => x + 1, naturals(), { scheduler });
    console.log(JSON.stringify((await results.next()).value));
  },

  /** The same as the results finish, of an open dispatcher, and of several at once. */
  droppedByThree: async () => {
    const dispatcher = new JobDispatcher({ scheduler });
    const streams = [1, 2, 3].map(() =>
      dispatcher.imapUnordered(() => 1, naturalsInTime())
    );
    const first = await Promise.all(streams.map((results) => results.next()));
    console.log(JSON.stringify(first.map(({ value }) => value)));
  },

  /** Its source waits for what never comes, and nobody asks for more. */
  droppedInWait: async () => {
    async function* source() {
      yield 1;
      await new Promise(() => {});
    }
    const results = imap((x: number) => x + 1, source(), { scheduler });
    console.log(JSON.stringify((await results.next()).value));
  },

  /** Asks for more when all that was read is done: then only that keeps it alive. */
  asksAgain: async () => {
    const dispatcher = new JobDispatcher({ scheduler });
    const results = dispatcher.imap((x: number) => x + 1, naturals());
    await results.next();
    while (dispatcher.stats().workers.busy > 0) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    let last: number | undefined;
    for (let i = 0; i < 10_000; i++) last = (await results.next()).value;
    console.log(JSON.stringify(last));
  },

  /** Only the wait for its results keeps it alive. */
  awaits: async () => {
    const slow = async (x: number) => {
      await new Promise((resolve) => setTimeout(resolve, 100));
      return x;
    };
    let sum = 0;
    for await (const x of imap(slow, [1, 2, 3].values(), { scheduler })) sum += x;
    console.log(JSON.stringify(sum));
  },

  /** Exits as soon as there is a run directory. */
  exitsEarly: () => whenDirectoryIsThere(() => Deno.exit(3)),

  /** An error that nobody catches ends it as soon as there is a run directory. */
  throwsEarly: () =>
    whenDirectoryIsThere(() => {
      throw new RangeError("too early");
    }),

  /** It may not write any more when its dispatcher is closed. */
  unremovable: async () => {
    const results = async () => {
      await using dispatcher = new JobDispatcher({ scheduler });
      const squares = await dispatcher.map((x: number) => x * x, [1, 2]);
      Deno.permissions.revokeSync({ name: "write" });
      return squares;
    };
    console.log(JSON.stringify(await results()));
  },

  /** Its map fails, and it says so. */
  caught: async () => {
    const failed = map(() => Promise.reject("no"), [1, 2], { scheduler });
    console.log(JSON.stringify(await failed.catch((error) => error)));
  },

  /** Its map fails, and it does nothing about it. */
  uncaught: async () => {
    await map(() => Promise.reject(new RangeError("out of it")), [1, 2], { scheduler });
  },

  /** Leaves a loop over endless results. */
  brokenOff: async () => {
    const naturals = function* () {
      for (let i = 0;; i++) yield i;
    };
    for await (const y of imap((x: number) => x + 1, naturals(), { scheduler })) {
      console.log(y);
      break;
    }
  },

  /** Aborts a map that would never end. */
  aborted: async () => {
    const controller = new AbortController();
    const { signal } = controller;
    const failed = map(passAndSpin, [port, port], { scheduler, signal });
    controller.abort("enough");
    console.log(JSON.stringify(await failed.catch((error) => error)));
  },
};

await programs[Deno.args[0]!]!();
