import { assert, assertEquals, assertRejects } from "./fixtures/assert.ts";
import {
  DrmaaError,
  GridEngineError,
  JobCancelledError,
  JobTimeoutError,
  map,
  ProtocolError,
  SchedulerError,
  SerializationError,
  TimeoutError,
  WorkerLostError,
  ZeromqError,
} from "../mod.ts";
import { sendInMap } from "./fixtures/functions.ts";
import { group, instanceOf, test } from "./fixtures/tools.ts";

/** A value that the types do not let in, as from JavaScript. */
const untyped = (value: unknown): never => value as never;
/** What a promise rejects with, of whatever kind. */
const thrownBy = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then((value) => {
    throw new Error(`Nothing was thrown, but ${value} given`);
  }, (thrown) => thrown);

test("GridEngineError is the base of all errors of the library", () => {
  const types = [
    JobCancelledError,
    JobTimeoutError,
    ProtocolError,
    SchedulerError,
    SerializationError,
    TimeoutError,
  ];
  const errors = types.map((type) => new type("why"));
  errors.push(
    new ZeromqError("EADDRINUSE", "why"),
    new DrmaaError(17, "DENIED_BY_DRM", "why"),
    new WorkerLostError("why", []),
  );
  for (const error of errors) {
    instanceOf(error, Error);
    instanceOf(error, GridEngineError);
    assertEquals([error.name, error.message], [error.constructor.name, "why"]);
  }
});

group("map() throws what the function threw, as itself", (test) => {
  test("A RangeError arrives as a RangeError with cause, properties and place", async (d) => {
    const f = (x: number) => {
      if (x < 3) return x;
      const cause = new TypeError("inner", { cause: "innermost" });
      throw Object.assign(new RangeError("too large", { cause }), {
        limit: { most: 2 },
        callback: () => 1,
      });
    };
    const thrown = await thrownBy(d.map(f, [1, 2, 3], { name: "study" }));
    const error = instanceOf(thrown, RangeError);
    assertEquals([error.name, error.message], ["RangeError", "too large"]);
    const cause = instanceOf(error.cause, TypeError);
    assertEquals([cause.message, cause.cause], ["inner", "innermost"]);
    // Of fields that are functions nothing comes.
    assertEquals({ ...error } as Record<string, unknown>, { limit: { most: 2 } });
    assert(error.stack!.includes(import.meta.url), error.stack);
    const [place] = /\bat study\[2\].*$/m.exec(error.stack!) ?? [];
    assert(place?.includes(Deno.hostname()) && /\bpid \d+/.test(place), error.stack);
  });

  test("Errors of the platform keep their class, and those of users their name", async (d) => {
    const f = (kind: string): never => {
      class OddError extends RangeError {
        override name = "OddError";
        code = 7;
      }
      if (kind === "aggregate") {
        throw new AggregateError([new URIError("one"), "two"], "both");
      }
      if (kind === "dom") throw new DOMException("too long", "QuotaExceededError");
      if (kind === "own") throw new OddError("odd");
      return Deno.readTextFileSync("/nowhere/at/all") as never;
    };
    const kinds = ["aggregate", "dom", "own", "deno"];
    const [aggregate, dom, own, deno] = await d.map(f, kinds, {
      reraise: false,
    }) as unknown[];
    const { message, errors } = instanceOf(aggregate, AggregateError);
    assertEquals([message, errors[1]], ["both", "two"]);
    assertEquals(instanceOf(errors[0], URIError).message, "one");
    assertEquals(instanceOf(dom, DOMException).name, "QuotaExceededError");
    assertEquals(instanceOf(dom, DOMException).message, "too long");
    assertEquals(instanceOf(own, RangeError).name, "OddError");
    assertEquals((own as { code?: number }).code, 7);
    assert(instanceOf(deno, Deno.errors.NotFound).message.includes("/nowhere/at/all"));
  });

  test("An error's own data arrives, whatever its fields are called", async (d) => {
    const f = (kind: string): never => {
      class ValidationError extends Error {
        override name = "ValidationError";
        errors = [{ field: "a" }, new RangeError("b")];
        first = new TypeError("c", { cause: "d" });
      }
      if (kind === "validation") throw new ValidationError("two are wrong");
      if (kind === "suppressed") {
        throw new SuppressedError(
          new URIError("later"),
          new TypeError("first"),
          "both",
        );
      }
      const error = new RangeError("its message stays");
      Object.defineProperty(error, "stack", {
        get() {
          throw new Error("no stack");
        },
      });
      throw error;
    };
    const [validation, suppressed, stackless] = await d.map(
      f,
      ["validation", "suppressed", "stackless"],
      { reraise: false },
    ) as unknown[];
    const { errors, first } = validation as { errors: unknown[]; first: unknown };
    assertEquals(errors[0], { field: "a" });
    assertEquals(instanceOf(errors[1], RangeError).message, "b");
    assertEquals(instanceOf(first, TypeError).cause, "d");
    const { error, suppressed: before, message } = instanceOf(
      suppressed,
      SuppressedError,
    );
    assertEquals(message, "both");
    assertEquals(instanceOf(error, URIError).message, "later");
    assertEquals(instanceOf(before, TypeError).message, "first");
    assertEquals(instanceOf(stackless, RangeError).message, "its message stays");
  });

  test("An error of a class that is called as one of Deno's is what it extends", async (d) => {
    const f = (): never => {
      class NotFound extends RangeError {
        override name = "NotFound";
      }
      throw new NotFound("of mine");
    };
    const thrown = instanceOf(await thrownBy(d.map(f, [1])), RangeError);
    assertEquals([thrown.name, thrown instanceof Deno.errors.NotFound], [
      "NotFound",
      false,
    ]);
  });

  test("Errors of the library keep their class; of the same name do not get it", async (d) => {
    const error = await thrownBy(d.map(sendInMap, [1]));
    assert(instanceOf(error, GridEngineError).message.includes("where nobody listens"));
    const own = () => {
      class TimeoutError extends TypeError {
        override name = "TimeoutError";
      }
      throw new TimeoutError("of mine");
    };
    const thrown = instanceOf(await thrownBy(d.map(own, [1])), TypeError);
    assertEquals([thrown.name, thrown instanceof TimeoutError], [
      "TimeoutError",
      false,
    ]);
  });

  test("What is no error comes back as it was thrown", async (d) => {
    const f = (x: number) => {
      throw [undefined, null, "text", 0, { a: [1n] }, ""][x];
    };
    for (const [i, value] of [undefined, null, "text", 0, { a: [1n] }, ""].entries()) {
      assertEquals(await thrownBy(d.map(f, [i])), value);
    }
    const f1 = async () => await Promise.reject("later");
    assertEquals(await thrownBy(d.map(f1, [1])), "later");
  });

  test("What cannot travel is told as text", async (d) => {
    const f = (kind: number) => {
      if (kind === 0) throw () => "a function";
      if (kind === 1) throw Object.assign(Object.create(null), { f: () => 1 });
      if (kind === 2) throw Symbol("a symbol");
      if (kind === 3) {
        throw Object.defineProperty(new Error(), "message", {
          get() {
            throw new Error("unreadable");
          },
        });
      }
      return kind;
    };
    const results = await d.map(f, [0, 1, 2, 3, 4], { reraise: false });
    assertEquals(results.pop(), 4);
    for (const error of results) {
      instanceOf(error, GridEngineError);
      assert(`${error}`.includes("cannot travel"), `${error}`);
    }
    assert(`${results[0]}`.includes("a function"));
  });

  test("A source that the worker cannot run fails each item", async (d) => {
    const f = async (x: number) => [x, await import("./nowhere.ts" + "")];
    await assertRejects(() => d.map(f, [1]), TypeError, "nowhere.ts");
  });
});

group("map() refuses what cannot be", (test) => {
  test("map() refuses options that are out of range, though there be no items", async (d) => {
    const f = (x: number) => x;
    const bad = [
      { chunkSize: 0 },
      { chunkSize: 1.5 },
      { chunkSize: untyped("many") },
      { retries: -1 },
      { retries: NaN },
      { retryErrors: -1 },
      { timeout: 0 },
      { timeout: NaN },
      { timeout: -5 },
    ];
    for (const options of bad) {
      const [name, value] = Object.entries(options)[0]!;
      await assertRejects(
        () => d.map(f, [], options),
        RangeError,
        `${name} is ${Deno.inspect(value)}`,
      );
    }
  });

  test("map() refuses what is no function and what is nothing to iterate over", async (d) => {
    for (const f of [1, null, undefined, "f", {}]) {
      await assertRejects(
        () => d.map(untyped(f), [1]),
        TypeError,
        "a function is expected",
      );
      await assertRejects(
        () => map(untyped(f), [1]),
        TypeError,
        "a function is expected",
      );
    }
    class Square {}
    await assertRejects(() => d.map(untyped(Square), [1]), TypeError, 'class "Square"');
    for (const args of [1, null, undefined, {}]) {
      await assertRejects(() => d.map(Math.sqrt, untyped(args)), TypeError, "map over");
      await assertRejects(() => map(Math.sqrt, untyped(args)), TypeError, "map over");
    }
  });

  test("A result that cannot travel names its index and path", async (d) => {
    const f = (x: number): unknown => {
      if (x === 1) return { list: [1, { callback: () => x }] };
      if (x === 2) return new Map([["key", new WeakMap()]]);
      if (x === 3) {
        return {
          get broken() {
            throw new Error("a getter");
          },
        };
      }
      return x;
    };
    const [ok, a, b, c, last] = await d.map(f, [0, 1, 2, 3, 4], {
      reraise: false,
      name: "f",
    });
    assertEquals([ok, last], [0, 4]);
    for (const error of [a, b, c]) instanceOf(error, SerializationError);
    assert(`${a}`.includes("f[1]: result.list[1].callback is a function"), `${a}`);
    assert(`${b}`.includes('f[2]: result.get("key") is a WeakMap'), `${b}`);
    assert(`${c}`.includes("f[3]: result is an object that cannot be read"), `${c}`);
  });

  test("An argument that cannot travel names its index and path", async (d) => {
    const items = [{ a: 1 }, { a: { p: new Response() } }, { a: 3 }, {
      get a() {
        throw new Error("a getter");
      },
    }, { a: 5 }];
    const f = ({ a }: { a: unknown }) => a;
    const [one, bad, three, worse, five] = await d.map(f, items, { reraise: false });
    assertEquals([one, three, five], [1, 3, 5]);
    for (const error of [bad, worse]) instanceOf(error, SerializationError);
    assert(`${bad}`.includes("args[1].a.p is a Response"), `${bad}`);
    assert(`${worse}`.includes("args[3] is an object that cannot be read"));
    await assertRejects(() => d.map(f, items), SerializationError, "args[1].a.p");
  });

  test("An argument that cannot travel now and can when it is looked at names why", async (d) => {
    let looks = 0;
    const changing = {
      get field(): number {
        if (looks++ === 0) throw new URIError("not now");
        return 1;
      },
    };
    const error = instanceOf(
      await d.map((x: { field: number }) => x.field, [changing], { chunkSize: 1 })
        .catch((error: unknown) => error),
      SerializationError,
    );
    assert(error.message.includes("[0]: not now"), error.message);
  });

  test("What a function captured and cannot travel is refused by its path", async (d) => {
    const model = { layers: [{ ready: Promise.resolve() }] };
    const train = (x: number) => model.layers.length + x;
    const why = "train → model.layers[0].ready: a Promise cannot be sent to a worker";
    const error = instanceOf(
      await d.map(train, [1]).catch((error: unknown) => error),
      SerializationError,
    );
    assert(error.message.startsWith(why), error.message);
    assert(/train stands at .*errors_test\.ts:\d+:\d+$/.test(error.message));
    const bound = train.bind(null);
    await assertRejects(
      () => d.map(bound, [1]),
      SerializationError,
      "bound train → target",
    );
  });
});
