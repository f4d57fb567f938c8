/** Values that are nested deeply, and those whose parts have long names. */

import {
  assert,
  assertEquals,
  assertRejects,
  assertThrows,
} from "./fixtures/assert.ts";
import { currentJob, Job, type JobDispatcher, SerializationError } from "../mod.ts";
import { group, instanceOf } from "./fixtures/tools.ts";

interface Link {
  next: Link | undefined;
}

function listOf(length: number): Link | undefined {
  let list: Link | undefined;
  for (let i = 0; i < length; i++) list = { next: list };
  return list;
}

function lengthOf(list: Link | undefined): number {
  let length = 0;
  for (let at = list; at; at = at.next) length++;
  return length;
}

/** As deep as what travels may be, deeper, and as deep as what V8 itself refuses. */
const DEEPEST = 2000;
const TOO_DEEP = [DEEPEST + 1, 3000, 5000, 1_000_000];

/** The message of a complaint, which must be short. */
function complaint(error: unknown, beginning: string): void {
  const { message } = instanceOf(error, SerializationError);
  assert(message.startsWith(beginning), message.slice(0, 500));
  assert(message.includes("nested too deeply"), message.slice(0, 500));
  assert(message.length < 500, `${message.length} characters`);
}

async function ended<R>(d: JobDispatcher, target: (n: number) => R, n: number) {
  const job = new Job({ target, args: [n], dispatcher: d, logs: "none" });
  job.start();
  return await job.result;
}

group("What is nested too deeply is refused, and costs others nothing", (test) => {
  test("As items", async (d) => {
    const items = [1, ...[DEEPEST, ...TOO_DEEP].map(listOf), 2];
    const f = (x: unknown) => typeof x === "number" ? x : lengthOf(x as Link);
    const all = await d.map(f, items, { reraise: false, name: "f" });
    assertEquals([...all.slice(0, 2), all.at(-1)], [1, DEEPEST, 2]);
    for (const [i, error] of all.slice(2, -1).entries()) {
      complaint(error, `f[${i + 2}]: args[${i + 2}].next.next`);
    }
  });

  test("As results", async (d) => {
    const all = await d.map(listOf, [1, DEEPEST, ...TOO_DEEP, 2], {
      reraise: false,
      name: "f",
    });
    const [one, most, two] = [all[0], all[1], all.at(-1)];
    assertEquals([one, most, two].map((x) => lengthOf(x as Link)), [1, DEEPEST, 2]);
    for (const [i, error] of all.slice(2, -1).entries()) {
      complaint(error, `f[${i + 2}]: result.next.next`);
    }
    const { workersLost } = d.stats();
    assertEquals(workersLost, 0);
  });

  test("As what a function captured", async (d) => {
    for (const length of [DEEPEST, ...TOO_DEEP]) {
      const list = { of: [listOf(length)] };
      const f = () => lengthOf(list.of[0]);
      // What we lay around it may be some 50 deep.
      if (length <= DEEPEST + 1) assertEquals(await d.map(f, [1]), [length]);
      else complaint(await d.map(f, [1]).catch((e) => e), "f → list.of[0].next.next");
    }
  });

  test("As what a function threw, and in it", async (d) => {
    for (const length of TOO_DEEP) {
      const throws = async (wrap: (list: unknown) => unknown) => {
        const f = (n: number) => {
          throw wrap(listOf(n));
        };
        const [error] = await d.map(f, [length], { reraise: false });
        return error as unknown as Error & { list: unknown };
      };
      const { message, list } = await throws((list) =>
        Object.assign(new RangeError("why"), { list, small: 1 })
      );
      assertEquals([message, list], ["why", "[object Object]"]);
      const thrown = await throws((list) => list);
      assert(`${thrown}`.includes("cannot travel: [object Object]"), `${thrown}`);
      const { cause } = await throws((list) => new Error("why", { cause: list }));
      assert(`${cause}`.includes("cannot travel: [object Object]"), `${cause}`);
    }
  });

  test("As messages to a job and from it", async (d) => {
    const echo = async () => {
      const messages = currentJob()!.messages[Symbol.asyncIterator]();
      return lengthOf((await messages.next()).value as Link);
    };
    const job = new Job({ target: echo, dispatcher: d, name: "echo" });
    job.start();
    for (const length of TOO_DEEP) {
      const error = assertThrows(() => job.send(listOf(length)));
      complaint(error, "echo → message.next.next");
    }
    job.send(listOf(DEEPEST));
    assertEquals(await job.result, DEEPEST);
    const send = (n: number) => currentJob()!.send(listOf(n));
    assertEquals(await ended(d, send, DEEPEST), undefined);
    const error = await ended(d, send, DEEPEST + 1).catch((e) => e);
    complaint(error, "message.next.next");
  });
});

group("What goes round in a circle, or is met again and again, is not deep", (test) => {
  test("In items and results", async (d) => {
    const ring: unknown[] = [];
    for (let i = 0; i < 3000; i++) ring.push({ i, ring, at: new Date(i) });
    let shared: unknown[] = [new Date(0)];
    for (let i = 0; i < 60; i++) shared = [shared, shared];
    const f = (x: unknown) => x;
    const [a, b] = await d.map(f, [ring, [ring, shared]]) as [typeof ring, unknown[][]];
    assertEquals([a.length, (a[7] as { ring: unknown }).ring === a], [3000, true]);
    assert((b[1] as unknown[])[0] === (b[1] as unknown[])[1]);
  });
});

group("No message about a value is long", (test) => {
  const long = "x".repeat(1_000_000);
  const short = ({ message }: Error) => {
    assert(message.length < 700, `${message.length}: ${message.slice(0, 300)}`);
    assert(/x{20}…x{20}/.test(message), message);
  };

  test("Where keys, names and classes are", async (d) => {
    const named = Object.defineProperty(() => 1, "name", { value: long });
    class Model extends WeakMap {}
    Object.defineProperty(Model, "name", { value: long });
    const values = [
      { [long]: () => 1 },
      new Map([[long, () => 1]]),
      { f: named },
      { [`${long}.`]: [new WeakSet()] },
    ];
    const f = (x: unknown) => x;
    for (const value of values) {
      short(await assertRejects(() => d.map(f, [value]), SerializationError));
    }
    for (const holder of [new Map([[long, [new WeakSet()]]]), values[3]]) {
      const capturing = () => holder;
      short(await assertRejects(() => d.map(capturing, [1]), SerializationError));
    }
    const symbolic = { [Symbol(long)]: new WeakSet() };
    short(await assertRejects(() => d.map(() => symbolic, [1]), SerializationError));
    const capturing = Object.defineProperty(() => new WeakMap() && symbolic, "name", {
      value: long,
    });
    short(await assertRejects(() => d.map(capturing, [1]), SerializationError));
  });

  test("Where what is thrown, an option or a run's name is", async (d) => {
    const thrown = await d.map((n: number) => {
      throw [() => 1, "x".repeat(n)];
    }, [1e6]).catch((error) => error);
    short(thrown);
    const options = { chunkSize: long as unknown as number };
    short(await assertRejects(() => d.map(Math.abs, [1], options), RangeError));
    const name = long;
    short(
      await assertRejects(
        () => d.map((x): unknown => x, [() => 1], { name }),
        SerializationError,
      ),
    );
  });
});
