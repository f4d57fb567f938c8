/**
 * The option `retryErrors` as an object: which errors are worth another try, and when.
 *
 * @module
 */

import { AsyncLocalStorage } from "node:async_hooks";
import {
  assert,
  assertEquals,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
} from "./fixtures/assert.ts";
import {
  currentJob,
  imap,
  imapUnordered,
  Job,
  JobCancelledError,
  JobDispatcher,
  map,
  type MapOptions,
  type Progress,
  type RetryErrors,
} from "../mod.ts";
import { group, instanceOf, test, twoProcesses } from "./fixtures/tools.ts";

const scheduler = twoProcesses;
const HOUR = 3_600_000;

/** Throws at its first two tries. */
const reluctant = (x: number) => {
  const { attempt } = currentJob()!;
  if (attempt < 3) throw new RangeError(`try ${attempt} of ${x}`);
  return 10 * x + attempt;
};

/** Throws if it is 0, at its first try. */
const zeroThrows = (x: number) => {
  if (x === 0 && currentJob()!.attempt === 1) throw new RangeError("zero");
  return x;
};

/** What a promise rejects with. */
async function thrownBy(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

/** An `if` that lets each item be tried again, and a promise of its first call. */
function asked(): { called: Promise<void>; if: () => boolean } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { called: promise, if: () => (resolve(), true) };
}

group("retryErrors as an object", (test) => {
  test("times says how often, as a number does", async (d) => {
    assertEquals(await d.map(reluctant, [1, 2], { retryErrors: { times: 2 } }), [
      13,
      23,
    ]);
    const less = d.map(reluctant, [1], { retryErrors: { times: 1 } });
    await assertRejects(() => less, RangeError, "try 2 of 1");
    const none = d.map(reluctant, [1], { retryErrors: { times: 0, if: () => true } });
    await assertRejects(() => none, RangeError, "try 1 of 1");
  });

  test("if says which errors are worth another try", async (d) => {
    const f = (x: number) => {
      const { attempt } = currentJob()!;
      if (attempt === 1) throw x === 1 ? new TypeError("no") : new RangeError("yes");
      return [x, attempt];
    };
    const retryErrors = {
      times: 5,
      if: (error: unknown) => error instanceof RangeError,
    };
    const [zero, one, two] = await d.map(f, [0, 1, 2], { retryErrors, reraise: false });
    assertEquals([zero, two], [[0, 2], [2, 2]]);
    assertEquals(instanceOf(one, TypeError).message, "no");
  });

  test("if is called with what the map would throw, while there are tries left", async (d) => {
    const seen: unknown[] = [];
    const f = () => {
      const { attempt } = currentJob()!;
      console.log("print", attempt);
      throw Object.assign(new URIError(`try ${attempt}`), { code: attempt });
    };
    const failing = (times: number) =>
      thrownBy(d.map(f, [7], {
        retryErrors: {
          times,
          if: (error) => (seen.push(error), (error as { code: number }).code < 3),
        },
        onLog() {},
      }));
    const told = await failing(9);
    assertEquals(seen.map((error) => `${error}`), [
      "URIError: try 1",
      "URIError: try 2",
      "URIError: try 3",
    ]);
    assertStrictEquals(told, seen.at(-1));
    const { index, output } = told as { index: number; output: string[] };
    assertEquals([index, output], [0, ["print 3"]]);
    const { stack } = instanceOf(told, URIError);
    assertEquals(stack!.split("it had printed:").length, 2);
    seen.length = 0;
    assertEquals(`${await failing(1)}`, "URIError: try 2");
    assertEquals(seen.length, 1);
  });

  test("What is thrown may be no error", async (d) => {
    const f = () => {
      throw currentJob()!.attempt === 1 ? undefined : "text";
    };
    const seen: unknown[] = [];
    const retryErrors = {
      times: 9,
      if: (error: unknown) => (seen.push(error), error === undefined),
    };
    assertEquals(await thrownBy(d.map(f, [1], { retryErrors })), "text");
    assertEquals(seen, [undefined, "text"]);
  });

  test("if is not called for what retryErrors is not for", async (d) => {
    const f = (): unknown => () => 1;
    const retryErrors = {
      times: 9,
      if: () => {
        throw new Error("it was called");
      },
    };
    const error = await thrownBy(d.map(f, [1], { retryErrors }));
    assertStringIncludes(`${error}`, "SerializationError");
  });

  test("if sees the AsyncLocalStorage of the call", async (d) => {
    const storage = new AsyncLocalStorage<string>();
    let seen: string | undefined;
    const retryErrors = {
      times: 2,
      if: () => (seen = storage.getStore(), true),
    };
    await storage.run("mine", () => d.map(reluctant, [1], { retryErrors }));
    assertEquals(seen, "mine");
  });

  test("The object may be changed after the call", async (d) => {
    const retryErrors: RetryErrors = { times: 2 };
    const results = d.map(reluctant, [1], { retryErrors });
    retryErrors.times = 0;
    retryErrors.if = () => false;
    assertEquals(await results, [13]);
  });

  test("What if throws ends the map, with the item's error as its cause", async (d) => {
    const fault = () => new SyntaxError("a fault of mine");
    for (const reraise of [true, false]) {
      const thrown = fault();
      const retryErrors = {
        times: 2,
        if: () => {
          throw thrown;
        },
      };
      const options = { retryErrors, reraise };
      const told = [
        await thrownBy(d.map(reluctant, [1, 2], options)),
        await thrownBy(d.imap(reluctant, [1, 2], options).next()),
        await thrownBy(d.imapUnordered(reluctant, [1, 2], options).next()),
      ];
      for (const error of told) assertStrictEquals(error, thrown);
      assertStringIncludes(`${thrown.cause}`, "RangeError: try 1 of ");
    }
    assertEquals(await d.map((x: number) => x, [1]), [1]);
  });

  test("What if throws keeps a cause of its own, and may be anything", async (d) => {
    const throwing = (thrown: (error: unknown) => unknown) =>
      thrownBy(d.map(reluctant, [1], {
        retryErrors: {
          times: 2,
          if(error) {
            throw thrown(error);
          },
        },
      }));
    const own = await throwing(() => new Error("mine", { cause: "own" }));
    assertEquals((own as Error).cause, "own");
    const frozen = await throwing(() => Object.freeze(new Error("frozen")));
    assertEquals((frozen as Error).message, "frozen");
    assertEquals(await throwing(() => undefined), undefined);
    const same = instanceOf(await throwing((error) => error), RangeError);
    assertEquals([same.message, "cause" in same], ["try 1 of 1", false]);
  });

  test("An if that is asynchronous is refused when it is called", async (d) => {
    const answers = [
      () => Promise.resolve(true),
      () => Promise.reject(new Error("no")),
    ];
    for (const later of answers) {
      const retryErrors = { times: 2, if: later as unknown as () => boolean };
      const error = await thrownBy(d.map(reluctant, [1], { retryErrors }));
      assertStringIncludes(`${error}`, "TypeError: retryErrors.if gave a Promise");
      assertStringIncludes(`${(error as Error).cause}`, "RangeError: try 1 of 1");
    }
  });

  test("Results come in order, though items were delayed", async (d) => {
    const retryErrors = { times: 2, delay: 5, factor: 2 };
    const items = Array.from({ length: 20 }, (_, i) => i);
    const results = items.map((i) => 10 * i + 3);
    assertEquals(await d.map(reluctant, items, { retryErrors }), results);
    const stream = d.imap(reluctant, items, { retryErrors });
    assertEquals(await Array.fromAsync(stream), results);
  });

  test("Other items go on while one is delayed", async (d) => {
    const items = Array.from({ length: 50 }, (_, i) => i);
    const retryErrors = { times: 1, delay: HOUR };
    const stream = d.imapUnordered(zeroThrows, items, { retryErrors });
    const results: number[] = [];
    while (results.length < 49) results.push((await stream.next()).value);
    assertEquals(results.toSorted((a, b) => a - b), items.slice(1));
    await stream.return!();
  });

  test("An item that is delayed counts neither as done nor as failed", async (d) => {
    const controller = new AbortController();
    const { signal } = controller;
    let seen: Progress | undefined;
    const progress = (now: Progress) => {
      if (now.done === 2 && !signal.aborted) controller.abort(seen = now);
    };
    const retryErrors = { times: 1, delay: HOUR };
    const error = await thrownBy(
      d.map(zeroThrows, [0, 1, 2], { retryErrors, progress, signal }),
    );
    assertStrictEquals(error, seen);
    const { done, failed, total } = seen!;
    assertEquals([done, failed, total], [2, 0, 3]);
  });
});

test("A signal ends a map during a delay", async () => {
  const runs = [
    (options: MapOptions) => map(zeroThrows, [0], options),
    (options: MapOptions) => imap(zeroThrows, [0], options).next(),
    (options: MapOptions) => imapUnordered(zeroThrows, [0], options).next(),
  ];
  for (const run of runs) {
    const controller = new AbortController();
    const { signal } = controller;
    const { called, if: if_ } = asked();
    const retryErrors = { times: 1, delay: HOUR, if: if_ };
    const results = run({ scheduler, signal, retryErrors });
    void called.then(() => controller.abort("enough"));
    assertEquals(await thrownBy(results), "enough");
  }
});

test("close() ends what is delayed", async () => {
  const dispatcher = new JobDispatcher({ scheduler });
  const { called, if: if_ } = asked();
  const retryErrors = { times: 1, delay: HOUR, if: if_ };
  const results = dispatcher.map(zeroThrows, [0], { retryErrors });
  const failed = assertRejects(() => results, JobCancelledError);
  await called;
  await dispatcher.close();
  await failed;
});

test("if may abort the map", async () => {
  const controller = new AbortController();
  const { signal } = controller;
  const retryErrors = {
    times: 1,
    if: () => (controller.abort("from within"), true),
  };
  const results = map(zeroThrows, [0, 1], { scheduler, signal, retryErrors });
  assertEquals(await thrownBy(results), "from within");
});

group("An error where retries was given says that retryErrors may be meant", (test) => {
  const note = "\n    retries is only for lost workers: retryErrors runs an item";
  const always = () => {
    console.log("printed");
    throw new URIError("always");
  };

  test("At the end of its stack, once, before what was printed", async (d) => {
    const options = { retries: 5, onLog() {} };
    const runs = [
      () => d.map(always, [1], options),
      () => d.imap(always, [1], options).next(),
    ];
    for (const run of runs) {
      const { message, stack } = instanceOf(await thrownBy(run()), URIError);
      assertEquals(message, "always");
      assertEquals(stack!.split(note).length, 2);
      assert(stack!.indexOf(note) < stack!.indexOf("it had printed"), stack);
    }
  });

  test("Unless it cannot be meant", async (d) => {
    const options = [
      {},
      { retries: 0 },
      { retries: 5, retryErrors: 0 },
      { retries: 5, retryErrors: { times: 1 } },
    ];
    for (const option of options) {
      const error = await thrownBy(d.map(always, [1], { ...option, onLog() {} }));
      assert(!instanceOf(error, URIError).stack!.includes(note), `${error}`);
    }
    const text = () => {
      throw "text";
    };
    assertEquals(await thrownBy(d.map(text, [1], { retries: 5 })), "text");
    const returns = (): unknown => () => 1;
    const error = await thrownBy(d.map(returns, [1], { retries: 5 }));
    assert(!(error as Error).stack!.includes(note), `${error}`);
    const job = new Job({ target: always, retries: 5, dispatcher: d, onLog() {} });
    job.start();
    const failure = instanceOf(await thrownBy(job.result), URIError);
    assert(!failure.stack!.includes(note), failure.stack);
  });
});

test("map() refuses a retryErrors that makes no sense, though there be no items", async () => {
  const refused = async (retryErrors: unknown, kind: typeof Error, text: string) => {
    const options = { retryErrors: retryErrors as number };
    const error = await thrownBy(map((x: number) => x, [], options));
    assertStringIncludes(instanceOf(error, kind).message, text);
  };
  const expected = "a number or an object such as { times: 3 } is expected";
  await refused("3", TypeError, `retryErrors is "3": ${expected}`);
  await refused(null, TypeError, `retryErrors is null: ${expected}`);
  await refused(() => true, TypeError, expected);
  await refused({}, TypeError, "retryErrors has no times");
  await refused({ delay: 1 }, TypeError, "retryErrors has no times");
  const unknown = 'retryErrors has no option "wait": it has times, delay, factor, if';
  await refused({ times: 1, wait: 5 }, TypeError, unknown);
  await refused({ times: 1, if: "yes" }, TypeError, 'retryErrors.if is "yes"');
  await refused({ times: -1 }, RangeError, "retryErrors.times is -1");
  await refused({ times: 1.5 }, RangeError, "retryErrors.times is 1.5");
  await refused({ times: 1, delay: -1 }, RangeError, "retryErrors.delay is -1");
  await refused({ times: 1, delay: Infinity }, RangeError, "delay is Infinity");
  await refused({ times: 1, factor: 0 }, RangeError, "retryErrors.factor is 0");
  await refused({ times: 1, factor: NaN }, RangeError, "retryErrors.factor is NaN");
  await refused(1.5, RangeError, "retryErrors is 1.5: a whole number from 0");
});
