/**
 * Objects of the user's classes go to a worker and come back as what they are.
 *
 * @module
 */

import { assert, assertEquals, assertStringIncludes } from "./fixtures/assert.ts";
import { currentJob, Job, SerializationError } from "../mod.ts";
import { Measurement, parse, ParseError } from "./fixtures/measurements.ts";
import { group, instanceOf } from "./fixtures/tools.ts";

class Point {
  readonly tags = new Set<string>();
  constructor(readonly x: number, readonly y = 0) {}
  get length() {
    return Math.hypot(this.x, this.y);
  }
  scaled(factor: number) {
    return new Point(this.x * factor, this.y * factor);
  }
}
class Named extends Point {
  next?: Named;
  constructor(readonly name: string, x: number) {
    super(x);
  }
}
class Series extends Array<number> {
  unit = "m";
  sum() {
    return this.reduce((sum, x) => sum + x, 0);
  }
}
class ValidationError extends RangeError {
  override name = "ValidationError";
  constructor(message: string, readonly field: string, readonly at: Point) {
    super(message);
  }
  get where() {
    return `${this.field} at ${this.at.x}`;
  }
}

group("objects keep their class", (test) => {
  test("Results are of the class that the function made", async (d) => {
    const points = await d.map((x: number) => new Point(x, 4), [3, 0]);
    assert(points.every((point) => point instanceof Point));
    assertEquals(points.map(({ length }) => length), [5, 4]);
    assertEquals(points[0]!.scaled(2), new Point(6, 8));
  });

  test("A pipeline of two maps works as if it ran here", async (d) => {
    const points = await d.map((x: number) => new Point(x).scaled(2), [1, 2]);
    const lengths = await d.map((point) => point.scaled(10).length, points);
    assertEquals(lengths, [20, 40]);
  });

  test("Items keep class and identity wherever they are within", async (d) => {
    const named = new Named("a", 3);
    named.next = named;
    const items = [{ all: [named, named], map: new Map([["a", new Point(1)]]) }];
    const f = ({ all: [a, b], map }: typeof items[0]) => [
      a instanceof Named && a instanceof Point,
      a === b && a!.next === a,
      a!.length + map.get("a")!.length,
    ];
    assertEquals(await d.map(f, items), [[true, true, 4]]);
    const both = (a: Point, b: Point) => a.length + b.length;
    assertEquals(await d.starmap(both, [[named, new Point(0, 4)]]), [7]);
  });

  test("Subclasses of Array, Map and the like come back with fields and methods", async (d) => {
    class Table extends Map<string, unknown> {
      note = "n";
    }
    const [found] = await d.map((x: number) => {
      const series = Series.from([x, 1]) as Series;
      return { series, table: new Table([["at", new Point(x)]]), when: new Date(x) };
    }, [4]);
    const { series, table, when } = found!;
    assert(series instanceof Series && table instanceof Table && when instanceof Date);
    assertEquals([series.sum(), series.unit, table.note, when.getTime()], [
      5,
      "m",
      "n",
      4,
    ]);
    assert(table.get("at") instanceof Point);
  });

  test("What is large keeps its class, too", async (d) => {
    const f = (x: number) =>
      Object.assign(new Point(x), { data: new Float64Array(3e5) });
    const [one, two] = await d.map(f, [1, 2]);
    assert(one instanceof Point && two instanceof Point);
    assertEquals([one!.data.length, two!.x], [3e5, 2]);
  });

  test("An error of the user's is caught as one, with its fields and getters", async (d) => {
    const f = (x: number): number => {
      throw new ValidationError("bad", "age", new Point(x));
    };
    const error = instanceOf(await d.map(f, [7]).catch((e) => e), ValidationError);
    assertEquals([error.where, error.message, `${error}`], [
      "age at 7",
      "bad",
      "ValidationError: bad",
    ]);
    assert(error.at instanceof Point);
    const g = (x: number): number => {
      const cause = new ValidationError("bad", "age", new Point(x));
      throw new AggregateError([cause], "all", { cause });
    };
    const both = instanceOf(await d.map(g, [7]).catch((e) => e), AggregateError);
    assert(both.cause instanceof ValidationError && both.errors[0] === both.cause);
  });

  test("A message to a job is as it was, and of its class, whether the job uses it or not", async (d) => {
    const next = async () => {
      for await (const value of currentJob()!.messages) return value;
      return undefined;
    };
    const f = async () => (await next() as Point).scaled(3).x;
    const g = async () => {
      const value = await next();
      return value instanceof Point ? value.scaled(2).x : 0;
    };
    const run = async (target: () => Promise<number>) => {
      const job = new Job({ target, dispatcher: d });
      job.start();
      const point = new Point(2);
      job.send(point);
      Object.assign(point, { x: 7 });
      return await job.result;
    };
    assertEquals([await run(g), await run(f)], [4, 6]);
  });

  test("Messages to a job hold functions, and arrive in order, before its start and after", async (d) => {
    const collect = async () => {
      const all: unknown[] = [];
      currentJob()!.send("ready");
      for await (const value of currentJob()!.messages) {
        all.push(typeof value === "function" ? value(all.length) : value);
        if (all.length === 8) return all;
        currentJob()!.send("more");
      }
      return all;
    };
    const job = new Job({ target: collect, dispatcher: d });
    job.start();
    const late = new Map([["at", (n: number) => n + offset]]);
    let offset = 10;
    job.send((n: number) => n + offset);
    job.send(1);
    job.send(Math.sqrt);
    const messages = job.messages[Symbol.asyncIterator]();
    await messages.next();
    offset = 20;
    job.send((n: number) => n * offset);
    job.send("a");
    job.send(late.get("at"));
    job.send(late.get("at")!.bind(null, 1));
    job.send(8);
    assertEquals(await job.result, [10, 1, Math.sqrt(2), 60, "a", 25, 21, 8]);
  });

  test("Functions in messages have the variables of the call of send()", async (d) => {
    const target = async () => {
      const all: number[] = [];
      for await (const f of currentJob()!.messages) {
        if (typeof f !== "function") break;
        all.push(f());
      }
      return all;
    };
    const job = new Job({ target, dispatcher: d });
    job.start();
    let n = 0;
    job.send(() => n);
    n = 1;
    job.send(() => n);
    n = 2;
    job.send("end");
    assertEquals(await job.result, [0, 1]);
  });

  test("An object that is several items is another one for each", async (d) => {
    class State {
      steps = 0;
    }
    const walk = (state: { steps: number }) => state.steps += 10;
    const of = async (state: { steps: number }) =>
      new Set(await d.map(walk, Array(50).fill(state)));
    assertEquals([await of(new State()), await of({ steps: 0 })], [
      new Set([10]),
      new Set([10]),
    ]);
  });

  test("An error arrives without its fields that are functions", async (d) => {
    class Flaky extends Error {
      retry = () => true;
      code = 3;
    }
    const f = (_: number): void => {
      throw new Flaky("no");
    };
    const error = instanceOf(await d.map(f, [1]).catch((e) => e), Flaky);
    assertEquals([error.code, "retry" in error], [3, false]);
  });

  test("A function in a message that cannot be captured fails the job, and says why", async (d) => {
    const wait = async () => await Array.fromAsync(currentJob()!.messages);
    const job = new Job({ target: wait, dispatcher: d });
    job.start();
    const later = Promise.resolve(1);
    job.send(() => later);
    const error = instanceOf(await job.result.catch((e) => e), SerializationError);
    assertStringIncludes(error.message, "later: a Promise cannot be sent to a worker");
    assertStringIncludes(error.message, "message");
  });

  test("Of a class made in the function, an error is of the nearest class that is here", async (d) => {
    const f = (x: number): number => {
      class Inner extends ValidationError {}
      throw new Inner("bad", "age", new Point(x));
    };
    const error = instanceOf(await d.map(f, [7]).catch((e) => e), ValidationError);
    assertEquals(Object.getPrototypeOf(error), ValidationError.prototype);
  });

  test("Results, fields and messages of jobs keep their class", async (d) => {
    class Walk extends Job<Point> {
      last?: Point;
      override run() {
        this.last = new Point(1);
        currentJob()!.send(new Point(2));
        return new Point(3);
      }
    }
    const walk = new Walk({ mutable: true });
    walk.start(d);
    const result = await walk.result;
    assert(result instanceof Point && walk.last instanceof Point);
    const [message] = await Array.fromAsync(walk.messages);
    assertEquals([result.x, walk.last!.x, instanceOf(message, Point).x], [3, 1, 2]);
  });

  test("Arguments of a job keep their class", async (d) => {
    const job = new Job({ target: (at: Point) => at.length, args: [new Point(3, 4)] });
    job.start(d);
    assertEquals(await job.result, 5);
  });

  test("Objects of a class in another module come from there, and go back", async (d) => {
    const results = [
      await d.map(parse, ["1", "2"]),
      await d.map((line: string) => parse(line), ["1", "2"]),
    ];
    for (const all of results) {
      assert(all.every((one) => one instanceof Measurement));
      assertEquals(await d.map((one) => one.mm, all), [1000, 2000]);
    }
    const error = await d.map(parse, ["1", "x"]).catch((error) => error);
    assertEquals(instanceOf(error, ParseError).line, "x");
  });

  test("Objects of the platform come from a worker and go there", async (d) => {
    class Link extends URL {
      note = "n";
      get parts() {
        return this.pathname.split("/").slice(1);
      }
    }
    const make = (href: string) => ({
      url: new URL(href),
      link: new Link(href),
      query: new URLSearchParams("a=1&a=2"),
      headers: new Headers([["a", "1"]]),
      day: Temporal.PlainDate.from("2026-11-28"),
      span: Temporal.Duration.from({ hours: 3 }),
      euro: new Intl.NumberFormat("de", { style: "currency", currency: "EUR" }),
      locale: new Intl.Locale("de-DE", { calendar: "gregory" }),
      stopped: new DOMException("why", "AbortError"),
      within: new Map<unknown, unknown>([[Symbol.for("k"), new Set([new URL(href)])]]),
    });
    const say = ({ url, link, query, day, euro, ...all }: ReturnType<typeof make>) => [
      [url instanceof URL && url.host, link instanceof Link && link.parts, link.note],
      [query.getAll("a"), all.headers.get("a"), day.add(all.span).toString()],
      [euro.format(1.5), all.locale.calendar, all.stopped instanceof DOMException],
      [all.stopped.name, ...all.within.get(Symbol.for("k")) as Set<URL>].map(String),
    ];
    const expected = say(make("http://a/b/c"));
    const made = await d.map(make, ["http://a/b/c"]);
    assertEquals(say(made[0]!), expected);
    assertEquals(await d.map(say, made), [expected]);
    const fails = (href: string): number => {
      throw Object.assign(new Error("why"), { at: new URL(href) });
    };
    const { at } = await d.map(fails, ["http://a/"]).catch((error) => error);
    assertEquals(instanceOf(at, URL).host, "a");
    const job = new Job({
      target: (url: URL) => url.host,
      args: [new URL("http://b/")],
    });
    job.start(d);
    assertEquals(await job.result, "b");
  });

  test("Fields that structured clone leaves out do not keep an object from going", async (d) => {
    const failed = () => {
      const code = { code: 5, retry: () => 1, at: AbortSignal.abort() };
      return Object.assign(new Error("why"), code);
    };
    const [result] = await d.map(failed, [1]);
    assertEquals([{ ...result }, result!.message], [{ code: 5 }, "why"]);
    const codes = await d.map((e) => (e as ReturnType<typeof failed>).code, [failed()]);
    assertEquals(codes, [5]);
    class Hidden extends Point {
      constructor(x: number) {
        super(x);
        Object.defineProperty(this, "f", { value: () => 1 });
        Object.defineProperty(this, "bad", {
          get() {
            throw new Error("It is called");
          },
        });
      }
    }
    const [hidden] = await d.map((x: number) => new Hidden(x), [3]);
    assertEquals(await d.map((h) => h.length, [hidden!, new Hidden(4)]), [3, 4]);
  });

  test("What is within an object with a tag of its own keeps its class", async (d) => {
    const box = () => ({ at: new Point(1), [Symbol.toStringTag]: "Box" });
    const [found] = await d.map((o) => [o.at instanceof Point, box()] as const, [
      box(),
    ]);
    assert(found![0] && found![1].at instanceof Point);
  });

  test("Returned errors keep the nearest class, as thrown ones do", async (d) => {
    const [all] = await d.map((x: number) => {
      class Inner extends ValidationError {}
      const inner = new Inner("bad", "age", new Point(x));
      return [inner, new AggregateError([inner], "all"), new Deno.errors.NotFound("n")];
    }, [7]);
    const [inner, aggregate, missing] = all!;
    assert(inner instanceof ValidationError && missing instanceof Deno.errors.NotFound);
    assertEquals(instanceOf(aggregate, AggregateError).errors, [inner]);
  });

  test("Large subclasses of typed arrays and arrays cost no more than others", async (d) => {
    class Bytes extends Uint8Array {
      last() {
        return this.at(-1);
      }
    }
    const make = (n: number) => [new Bytes(n).fill(1), Series.from({ length: n / 30 })];
    const [all] = await d.map(make, [3e7]);
    assertEquals([instanceOf(all![0], Bytes).last(), all![1]!.length], [1, 1e6]);
    assert(all![1] instanceof Series);
  });
});
