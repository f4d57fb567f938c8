/**
 * Functions in items, and classes that are met only when an item is handed out.
 *
 * @module
 */

import { assert, assertEquals, assertStringIncludes } from "./fixtures/assert.ts";
import { join } from "node:path";
import { currentJob, Job, partial, SerializationError } from "../mod.ts";
import { parse } from "./fixtures/measurements.ts";
import { group, instanceOf } from "./fixtures/tools.ts";

class Base {
  constructor(readonly x: number) {}
  get twice() {
    return 2 * this.x;
  }
}
class Late extends Base {
  get thrice() {
    return 3 * this.x;
  }
}

group("functions in items", (test) => {
  test("Built-ins, closures, bound and partial functions, and exports go", async (d) => {
    const a = 10;
    const add = (a: number, b: number) => a + b;
    const items: { f: (x: number) => number; x: number }[] = [
      { f: Math.sqrt, x: 4 },
      { f: (y) => y + a, x: 1 },
      { f: add.bind(null, 5), x: 1 },
      { f: partial(add, 6), x: 1 },
      { f: (x) => parse(`${x}`).mm, x: 2 },
    ];
    assertEquals(await d.map(({ f, x }) => f(x), items), [2, 11, 6, 7, 2000]);
    const all = [Math.sqrt, (x: number) => x * a];
    assertEquals(await d.map((f) => f(9), all), [3, 90]);
    assertEquals(await d.map((f) => f("a", "b"), [join]), ["a/b"]);
    const pairs: [(x: number) => number, number][] = [[all[1]!, 2]];
    assertEquals(await d.starmap((f, x) => f(x), pairs), [20]);
  });

  test("Several with #private names of one class, one after the other", async (d) => {
    class Account {
      #balance: number;
      constructor(balance: number) {
        this.#balance = balance;
      }
      adder() {
        return (x: number) => this.#balance + x;
      }
    }
    class Named extends Account {
      name = "n";
      named() {
        return () => this.name.length;
      }
    }
    const account = new Account(1);
    const items = [
      account.adder(),
      account.adder(),
      new Account(2).adder(),
      new Named(3).adder(),
      new Named(4).named(),
    ];
    assertEquals(await d.map((f) => f(10), items, { chunkSize: 1 }), [
      11,
      11,
      12,
      13,
      1,
    ]);
    const known = (f: (x: number) => number) => f(Account.length);
    assertEquals(await d.map(known, items), [2, 2, 3, 4, 1]);
  });

  test("A function is the same wherever it is, and the one that is captured", async (d) => {
    const g = (x: number) => x + 1;
    const item = { f: g, all: [g, new Map([["g", g]])] as const };
    const look = ({ f, all }: typeof item) => [
      f === all[0] && f === all[1].get("g") && f === g,
      f(1),
    ];
    assertEquals(await d.map(look, [item, item]), [[true, 2], [true, 2]]);
  });

  test("Functions of one item share what they share, also with a second try", async (d) => {
    const counts = new Map<string, number>();
    const note = () => counts.set("k", (counts.get("k") ?? 0) + 1).get("k");
    const read = () => counts.get("k");
    const f = ({ note, read }: { note: () => unknown; read: () => unknown }) => {
      // The first worker dies: the second must be sent the functions, too.
      if (currentJob()!.attempt === 1) Deno.kill(Deno.pid, "SIGKILL");
      return [note(), read()];
    };
    const options = { retries: 1 };
    assertEquals(await d.map(f, [{ note, read }], options), [[1, 1]]);
  });

  test("An endless source may give them, and be left", async (d) => {
    let closed = false;
    function* endless() {
      try {
        for (let i = 0;; i++) yield { f: () => i, late: new Late(i) };
      } finally {
        closed = true;
      }
    }
    const found: number[] = [];
    for await (const x of d.imap(({ f, late }) => f() + late.twice, endless())) {
      if (found.push(x) === 20) break;
    }
    assertEquals(found, Array.from({ length: 20 }, (_, i) => 3 * i));
    assert(closed);
    assertEquals(await d.map(({ f }) => f(), [{ f: () => 7 }]), [7]);
  });

  test("A job or map that is ended while they are captured ends", async (d) => {
    for (let turns = 0; turns < 12; turns++) {
      const job = new Job({ target: (f: () => number) => f(), args: [() => turns] });
      job.start(d);
      for (let i = 0; i < turns; i++) await new Promise((go) => setImmediate(go));
      job.kill();
      await job.result.catch(() => {});
      const aborter = new AbortController();
      const { signal } = aborter;
      const map = d.map(({ f }) => f(), [{ f: () => turns }], { signal });
      for (let i = 0; i < turns; i++) await new Promise((go) => setImmediate(go));
      aborter.abort();
      await map.catch(() => {});
    }
    assertEquals(await d.map(({ f }) => f(), [{ f: () => 8 }]), [8]);
  });

  test("Methods and fields of objects of classes, errors and bindings go", async (d) => {
    class Step {
      constructor(readonly by: number, readonly then = (x: number) => x - 1) {}
      run(x: number) {
        return this.then(x * this.by);
      }
    }
    const step = new Step(3);
    const items = [{ step, run: step.run.bind(step) }];
    const f = ({ step, run }: typeof items[0]) => [
      step.run(2),
      run(3),
      step instanceof Step,
    ];
    assertEquals(await d.map(f, items), [[5, 8, true]]);
  });

  test("Many functions of one text each keep their variables", async (d) => {
    const items = Array.from({ length: 300 }, (_, i) => ({ f: (x: number) => x + i }));
    const sums = await d.map(({ f }) => f(1), items);
    assertEquals(sums, items.map((_, i) => i + 1));
  });

  test("Only the item fails whose function cannot go, and it is told why", async (d) => {
    const ref = new WeakRef({});
    const items = [
      { f: () => 1 as unknown },
      { f: () => ref.deref() as unknown },
      { f: () => 3 as unknown },
    ];
    const all = await d.map(({ f }) => f(), items, { reraise: false });
    assertEquals([all[0], all[2]], [1, 3]);
    const { message } = instanceOf(all[1], SerializationError);
    assertStringIncludes(
      message,
      "args[1].f is a function named f, which cannot be sent",
    );
    assertStringIncludes(message, "f → ref: a WeakRef cannot be sent to a worker");
  });

  test("Arguments of a job may be functions", async (d) => {
    const by = 3;
    const target = (f: (x: number) => number, x: number) => f(x);
    const job = new Job({ target, args: [(x: number) => x * by, 4] });
    job.start(d);
    assertEquals(await job.result, 12);
  });

  test("Functions as results are refused, with what to do", async (d) => {
    const error = await d.map((x: number) => ({ f: (y: number) => x + y }), [1])
      .catch((error) => error);
    const { message } = instanceOf(error, SerializationError);
    assertStringIncludes(
      message,
      "result.f is a function named f, which cannot be sent",
    );
    assertStringIncludes(message, "return what it needs, and make it in the program");
  });
});

group("classes that are met when items are handed out", (test) => {
  test("Of items of any iterable, and behind others", async (d) => {
    function* some() {
      yield 1;
      for (let x = 2; x < 5; x++) yield new Late(x);
    }
    const f = (item: number | Base) =>
      typeof item === "number"
        ? [item]
        : [item.twice, (item as Late).thrice, item instanceof Base];
    assertEquals(await d.map(f, some()), [
      [1],
      [4, 6, true],
      [6, 9, true],
      [8, 12, true],
    ]);
    async function* later() {
      for (let x = 0; x < 3; x++) yield { in: [new Late(x)] };
    }
    const found = await Array.fromAsync(
      d.imap((item) => item.in[0]!.twice, later()),
    );
    assertEquals(found, [0, 2, 4]);
  });

  test("Deep in items behind the first thousand objects, and back", async (d) => {
    const items = Array.from({ length: 2000 }, (_, i) => ({
      all: i < 1900 ? [] : [new Late(i)],
    }));
    const back = await d.map(({ all }) => all[0] ?? null, items);
    assert(back.slice(0, 1900).every((one) => one === null));
    assert(
      back.slice(1900).every((one, i) =>
        one instanceof Late && one.thrice === 3 * (i + 1900)
      ),
    );
  });

  test("One that extends another that came late", async (d) => {
    class Later extends Late {}
    function* some() {
      yield new Base(1);
      for (let i = 0; i < 50; i++) yield i;
      yield new Late(2);
      for (let i = 0; i < 50; i++) yield i;
      yield [new Later(3), new Late(4)];
    }
    const f = (item: unknown) =>
      Array.isArray(item)
        ? Object.getPrototypeOf(item[0].constructor) === item[1].constructor
        : 0;
    assertEquals((await d.map(f, some())).at(-1), true);
  });
});
