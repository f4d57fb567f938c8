/** Functions that replace what our own code in their thread relies on. */

import { assertEquals, assertNotEquals, assertRejects } from "../fixtures/assert.ts";
import { currentJob, Job, JobDispatcher, map, ProcessScheduler } from "../../mod.ts";
import { test } from "../fixtures/ground.ts";
import { isReplaced } from "./_polyfill.ts";

const scheduler = () => new ProcessScheduler({ workers: 1 });

/** What is replaced, by expressions. */
const PLACES: Record<string, string[]> = {
  "Array": ["from", "isArray", "Symbol.species"],
  "Array.prototype": [
    "at",
    "entries",
    "every",
    "filter",
    "includes",
    "indexOf",
    "map",
    "push",
    "shift",
    "slice",
    "some",
    "splice",
    "Symbol.iterator",
  ],
  "Object.getPrototypeOf([].values())": ["next"],
  "Atomics": ["add", "compareExchange", "load", "notify", "store", "wait", "waitAsync"],
  "Date": ["now"],
  "Event.prototype": ["type", "preventDefault"],
  "EventTarget.prototype": ["addEventListener", "dispatchEvent"],
  "Function.prototype": ["apply", "bind", "call"],
  "JSON": ["parse", "stringify"],
  "Map.prototype": ["delete", "get", "set", "Symbol.iterator"],
  "Math": ["floor", "max", "min", "random"],
  "MessagePort.prototype": ["postMessage"],
  "Object": ["defineProperty", "entries", "fromEntries", "getPrototypeOf", "keys"],
  "Object.prototype": ["get", "then", "toString", "valueOf"],
  "performance": ["now"],
  "Promise": ["all", "resolve"],
  "Promise.prototype": ["constructor", "then"],
  "Reflect": ["defineProperty", "getOwnPropertyDescriptor", "ownKeys"],
  "RegExp.prototype": ["exec"],
  "String.prototype": ["charCodeAt", "replace"],
  "TextDecoder.prototype": ["decode"],
  "TextEncoder.prototype": ["encode"],
  "Uint8Array.prototype": ["set", "slice"],
  "Object.getPrototypeOf(Uint8Array.prototype)": ["length", "set", "subarray"],
  "globalThis": [
    "Array",
    "Atomics",
    "Date",
    "Float64Array",
    "Map",
    "Object",
    "Promise",
    "Set",
    "Uint8Array",
    "clearTimeout",
    "close",
    "onmessage",
    "postMessage",
    "queueMicrotask",
    "setImmediate",
    "setTimeout",
    "structuredClone",
  ],
};

/** An item: whether it breaks something, what, and how. */
type Breaking = [breaks: boolean, owner: string, key: string, by: string];

const breakOne = ([breaks, owner, key, by]: Breaking) => {
  if (breaks) {
    const name = key.startsWith("Symbol.") ? (0, eval)(key) : key;
    const value = by === "" ? () => {} : () => {
      throw new Error(by);
    };
    const place = { value, configurable: true, writable: true };
    Object.defineProperty((0, eval)(owner), name, place);
  }
  return key.length;
};

/** Small and large values, numbers and others, a print and a promise. */
async function checkWork(dispatcher: JobDispatcher, what: string): Promise<void> {
  const options = { retries: 0, logs: "none" } as const;
  const shout = (x: string) => {
    console.log(x);
    return { text: `${x}!`, all: [1, "2", new Map([[3, new Set([4])]])] };
  };
  assertEquals(
    await dispatcher.map(shout, ["a", "b"], options),
    ["a!", "b!"].map((text) => ({ text, all: [1, "2", new Map([[3, new Set([4])]])] })),
    what,
  );
  const big = new Float64Array(50_000).fill(3);
  const double = async (xs: Float64Array) => {
    await null;
    return xs.map((x) => 2 * x);
  };
  const [doubled] = await dispatcher.map(double, [big], options);
  assertEquals([doubled!.length, doubled!.at(-1)], [50_000, 6], what);
}

test("A function may replace what arrays and promises inherit from", async () => {
  await using dispatcher = new JobDispatcher({ scheduler });
  const replace = (owner: string) => {
    const above = new Proxy({}, {
      get() {
        throw new Error("replaced");
      },
    });
    if (owner !== "") Object.setPrototypeOf((0, eval)(owner), above);
    return owner.length;
  };
  const owners = ["", "Array.prototype", "", "Promise.prototype", "Map.prototype", ""];
  const lengths = await dispatcher.map(replace, owners, { retries: 0 });
  assertEquals(lengths, owners.map(({ length }) => length));
  await checkWork(dispatcher, "prototypes");
});

for (const [owner, keys] of Object.entries(PLACES)) {
  test(`A function may replace what there is: ${owner}`, async () => {
    await using dispatcher = new JobDispatcher({ scheduler });
    for (const key of keys) {
      for (const by of ["", "This is not for you"]) {
        const items = [0, 1, 2, 3].map((i): Breaking => [i === 1, owner, key, by]);
        const lengths = await dispatcher.map(breakOne, items, { retries: 0 });
        assertEquals(lengths, Array(4).fill(key.length), `${owner}.${key}`);
        await checkWork(dispatcher, `${owner}.${key}`);
      }
    }
  });
}

test("Among many quick items, too, one may replace something", async () => {
  for (const breaking of [0, 1, 2, 50, 299]) {
    const items = Array.from({ length: 300 }, (_, i) => i);
    const f = (x: number) => {
      if (x === breaking) {
        Object.assign(Array.prototype, { every: () => false });
        Uint8Array.prototype.set = () => {};
        Object.keys = () => [];
      }
      return { x, bytes: new Uint8Array(3).fill(x) };
    };
    const results = await map(f, items, { scheduler, chunkSize: 300, retries: 0 });
    assertEquals(results, items.map((x) => ({ x, bytes: new Uint8Array(3).fill(x) })));
  }
});

test("What an item leaves behind may replace something", async () => {
  await using dispatcher = new JobDispatcher({ scheduler });
  for (const key of ["shift", "push", "map"]) {
    const leave = (key: string) => {
      setTimeout(() => Object.assign(Array.prototype, { [key]: () => {} }), 0);
      return new Promise((resolve) => setTimeout(resolve, 0));
    };
    assertEquals(await dispatcher.map(leave, [key], { retries: 0 }), [undefined]);
    await checkWork(dispatcher, key);
  }
});

test("Who breaks what he needs himself is told so, and nobody else", async () => {
  await using dispatcher = new JobDispatcher({ scheduler });
  const f = (x: number) => {
    if (x === 1) delete (Array.prototype as { map?: unknown }).map;
    return [x].map((x) => 2 * x)[0]!;
  };
  const results = await dispatcher.map(f, [0, 1, 2, 3], {
    reraise: false,
    chunkSize: 1,
  });
  const [, error] = results as unknown[];
  assertEquals((error as Error).message, "[x].map is not a function");
  assertEquals(results.toSpliced(1, 1), [0, 4, 6]);
  await assertRejects(() => dispatcher.map(f, [1]), TypeError, "is not a function");
});

test("What a module replaces while it is loaded stays, and its worker with it", async () => {
  const polyfilled = () =>
    new ProcessScheduler({ workers: 1, env: { GE_TEST_POLYFILL: "1" } });
  await using dispatcher = new JobDispatcher({ scheduler: polyfilled });
  // It is the process's, which keeps its id when it starts anew.
  const look = (x: number) => [isReplaced(), performance.timeOrigin, [1, x].at(-1)];
  const [first] = await dispatcher.map(look, [2]);
  const [second] = await dispatcher.map(look, [2]);
  assertEquals([first![0], first![2]], [true, 2]);
  assertEquals(second, first);
});

test("What a module breaks while it is loaded is put back", async () => {
  const broken = () =>
    new ProcessScheduler({ workers: 1, env: { GE_TEST_POLYFILL: "broken" } });
  await using dispatcher = new JobDispatcher({ scheduler: broken });
  const look = (x: number) => [isReplaced(), performance.timeOrigin, `${x}`];
  const options = { retries: 0 };
  const [first] = await dispatcher.map(look, [2], options);
  const [isStill, since] = first!;
  assertEquals(isStill, false);
  assertEquals(await dispatcher.map(look, [3], options), [[false, since, "3"]]);
});

test("Its worker stays where a function replaces what only functions use", async () => {
  await using dispatcher = new JobDispatcher({ scheduler });
  const replace = () => {
    Math.random = Date.now = performance.now = () => 4;
    console.info = () => {};
    Object.assign(globalThis, { setTimeout: () => 0, fetch: () => {} });
    Object.assign(Array.prototype, { last: () => 0 });
    return performance.timeOrigin;
  };
  const [since] = await dispatcher.map(replace, [0]);
  const look = () => [performance.timeOrigin, Math.random()];
  assertEquals(await dispatcher.map(look, [0]), [[since, 4]]);
  const breakIt = () => Array.prototype.shift = () => undefined;
  await dispatcher.map(() => void breakIt(), [0]);
  assertNotEquals((await dispatcher.map(look, [0]))[0]![0], since);
});

test("A Job whose function replaces something still hears, and is heard", async () => {
  await using dispatcher = new JobDispatcher({ scheduler });
  const target = async () => {
    Array.prototype.shift = Array.prototype.push = () => 0;
    Map.prototype.get = () => undefined;
    const job = currentJob()!;
    for await (const message of job.messages) {
      if (message === "end") break;
      job.send(`${message}!`);
    }
    return "ended";
  };
  const job = new Job({ target });
  job.start(dispatcher);
  job.send("hello");
  job.send("end");
  assertEquals(await job.result, "ended");
  const heard = [];
  for await (const message of job.messages) heard.push(message);
  assertEquals(heard, ["hello!"]);
});

test("What a function posts or dispatches is none of our messages", async () => {
  await using dispatcher = new JobDispatcher({ scheduler });
  const post = (x: number) => {
    const { postMessage } = globalThis as unknown as Pick<Worker, "postMessage">;
    const values = [{ after: 5 }, { after: -1, message: { type: "ready" } }, {}, null];
    for (const data of values) {
      postMessage(data);
      self.dispatchEvent(new MessageEvent("message", { data }));
    }
    return [x, performance.timeOrigin];
  };
  const [[, since]] = await dispatcher.map(post, [0]) as [number[]];
  assertEquals(await dispatcher.map(post, [1, 2, 3]), [1, 2, 3].map((x) => [x, since]));
  await checkWork(dispatcher, "postMessage");
});
