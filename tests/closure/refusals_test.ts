/** What cannot travel is refused before anything starts, by its path and its place. */

import { assert, assertEquals, assertRejects } from "../fixtures/assert.ts";
import { SerializationError } from "../../mod.ts";
import { Tank } from "./_imported.ts";
import { onWorker, type Unary } from "./_cases.ts";

const source = Deno.readTextFileSync(new URL(import.meta.url)).split("\n");

/** A name, what makes the function, and how the complaint begins. */
type Refusal = [name: string, make: () => Unary, complaint: string];

/** Functions that are refused; each of them bears a name that stands in one line only. */
function refused(name: string, refusals: Refusal[]): void {
  onWorker(name, (test) => {
    for (const [name, make, complaint] of refusals) {
      test(name, async (d) => {
        const f = make();
        const error = await assertRejects(
          () => d.map(f as (x: number) => unknown, [1]),
          SerializationError,
        );
        assertEquals(error.message.slice(0, complaint.length), complaint);
        const line = source.findIndex((text) => text.includes(`const ${f.name} =`)) + 1;
        assert(line > 0, f.name);
        assert(error.message.includes(`${import.meta.url}:${line}:`), error.message);
      });
    }
  });
}

refused("values that belong to their process are refused by their path", [
  ["A promise", () => {
    const answer = { later: Promise.resolve(1) };
    const waits = (x: number) => [x, answer];
    return waits;
  }, "waits → answer.later: a Promise cannot be sent to a worker; make it inside"],
  ["A WeakMap in a map", () => {
    const caches = new Map([["weak", new WeakMap()]]);
    const caching = (x: number) => caches.get("weak") ?? x;
    return caching;
  }, 'caching → caches.get("weak"): a WeakMap cannot be sent to a worker'],
  ["A WeakSet and a WeakRef", () => {
    const weak = [new WeakRef({}), new WeakSet()];
    const weakening = (x: number) => weak[x];
    return weakening;
  }, "weakening → weak[1]: a WeakSet cannot be sent to a worker"],
  ["A proxy", () => {
    const proxy = new Proxy({}, {});
    const proxied = (x: number) => [proxy, x];
    return proxied;
  }, "proxied → proxy: a Proxy cannot be sent to a worker"],
  ["A proxy of a function", () => {
    const inner = (x: number) => x;
    const proxy = new Proxy(inner, {});
    const calling = (x: number) => proxy(x);
    return calling;
  }, "calling → proxy: a Proxy cannot be sent to a worker"],
  ["A proxy that was revoked, and an object over one", () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    const below = Object.create(proxy);
    revoke();
    const lower = (x: number) => [below, x];
    return lower;
  }, "lower → below → class: a Proxy cannot be sent to a worker"],
  ["A generator that runs", () => {
    const running = (function* () {
      yield 1;
    })();
    const resumes = (x: number) => [running.next(), x];
    return resumes;
  }, "resumes → running: a generator cannot be sent"],
  ["An async generator that runs", () => {
    const running = (async function* () {
      yield await Promise.resolve(1);
    })();
    const resumesLater = (x: number) => [running.next(), x];
    return resumesLater;
  }, "resumesLater → running: a generator cannot be sent"],
  ["A generator that has not begun: nobody can see what it was called with", () => {
    const waiting = (function* (n: number) {
      yield n;
    })(1);
    const begins = (x: number) => [...waiting, x];
    return begins;
  }, "begins → waiting: a generator cannot be sent"],
  ["A buffer that was moved elsewhere", () => {
    const moved = new ArrayBuffer(8);
    structuredClone(moved, { transfer: [moved] });
    const reads = (x: number) => [moved, x];
    return reads;
  }, "reads → moved: a detached ArrayBuffer cannot be sent"],
  ["A view of a buffer that was moved elsewhere", () => {
    const held = [new Float64Array(1)];
    structuredClone(held[0], { transfer: [held[0]!.buffer] });
    const readsHeld = (x: number) => held[x];
    return readsHeld;
  }, "readsHeld → held[0]: a view of a detached ArrayBuffer cannot be sent"],
  ["Views of a buffer that became too short", () => {
    const buffer = new ArrayBuffer(8, { maxByteLength: 16 });
    const views = { bytes: new Uint8Array(buffer, 4) };
    buffer.resize(2);
    const showing = (x: number) => [views, x];
    return showing;
  }, "showing → views.bytes: a view beyond the end of its ArrayBuffer cannot be sent"],
  ["A DataView of a buffer that became too short", () => {
    const buffer = new ArrayBuffer(8, { maxByteLength: 16 });
    const view = new DataView(buffer, 4, 4);
    buffer.resize(2);
    const peeking = (x: number) => [view, x];
    return peeking;
  }, "peeking → view: a view beyond the end of its ArrayBuffer cannot be sent"],
  ["Iterators of maps and arrays", () => {
    const iterators = [new Map().keys()];
    const iterates = (x: number) => iterators[x];
    return iterates;
  }, "iterates → iterators[0]: an iterator cannot be sent to a worker"],
  ["An iterator of an array", () => {
    const iterator = [1, 2].values();
    const stepping = (x: number) => [iterator.next(), x];
    return stepping;
  }, "stepping → iterator: an iterator cannot be sent to a worker"],
  ["Shared memory, and a view of it", () => {
    const memory = new SharedArrayBuffer(8);
    const sharing = (x: number) => [memory, x];
    return sharing;
  }, "sharing → memory: a SharedArrayBuffer cannot be sent to a worker"],
  ["A view of shared memory", () => {
    const view = new Int32Array(new SharedArrayBuffer(8));
    const viewing = (x: number) => view[x];
    return viewing;
  }, "viewing → view: a view of a SharedArrayBuffer cannot be sent to a worker"],
  ["Objects of the platform", () => {
    const held = { controller: new AbortController() };
    const aborting = (x: number) => [held.controller.abort(), x];
    return aborting;
  }, "aborting → held.controller: an AbortController cannot be sent to a worker"],
  ["A class of the platform below a user's class", () => {
    class Bus extends EventTarget {}
    const bus = new Bus();
    const listening = (x: number) => [bus, x];
    return listening;
  }, "listening → bus: an EventTarget cannot be sent to a worker"],
  ["An object whose platform class was seen before it", () => {
    class Query extends URLSearchParams {}
    const held = { query: new Query("a=1"), Query };
    const querying = (x: number) => [held.query.get("a"), held.Query, x];
    return querying;
  }, "querying → held.query: a URLSearchParams cannot be sent to a worker"],
  ["What a private field holds", () => {
    class Model {
      #lock = new WeakSet();
      lock() {
        return this.#lock;
      }
    }
    const model = new Model();
    const locks = (x: number) => [model.lock(), x];
    return locks;
  }, "locks → model.#lock: a WeakSet cannot be sent to a worker"],
  ["What a static field holds", () => {
    class Pool {
      static waiting = [new WeakMap()];
    }
    const pooling = () => Pool;
    return pooling;
  }, "pooling → Pool.waiting[0]: a WeakMap cannot be sent to a worker"],
  ["What a function in a function holds", () => {
    const lock = new WeakSet();
    const inner = () => lock;
    const outer = { run: () => inner() };
    const nesting = () => outer.run();
    return nesting;
  }, "nesting → outer.run → inner → lock: a WeakSet cannot be sent to a worker"],
  [
    "A class whose field has a name that is not known any more",
    () => {
      const fieldName = `name${1}`;
      class Model {
        [fieldName] = 1;
      }
      const naming = () => new Model();
      return naming;
    },
    'naming → Model: a class with a field whose name is computed from "fieldName" cannot',
  ],
  ["What a symbol leads to", () => {
    const at = Symbol("at");
    const thing = { [at]: new WeakSet() };
    const symbolic = (x: number) => [thing[at], x];
    return symbolic;
  }, "symbolic → thing[Symbol(at)]: a WeakSet cannot be sent to a worker"],
  [
    "Private fields of a class of another module",
    () => {
      const tank = new Tank(1);
      const draining = (x: number) => tank.take(x);
      return draining;
    },
    "draining → tank: its private field #litres belongs to class Tank of another module",
  ],
]);

// deno-lint-ignore no-explicit-any -- as JavaScript would write it
type Any = any;

onWorker("What another module keeps private is refused with what to write", (test) => {
  test("Which makes it travel", async (d) => {
    const tank = new Tank(1);
    const drain = (x: number) => tank.take(x);
    const { message } = await assertRejects(
      () => d.map(drain, [1]),
      SerializationError,
    );
    const [, module] = /settings\.valueModules = \["(.*)"\];/.exec(message) ?? [];
    const { href } = new URL(module!, Deno.mainModule);
    assertEquals([module![0], href], [".", import.meta.resolve("./_imported.ts")]);
  });
});

onWorker("A function that is a proxy is refused", (test) => {
  test("Though it was revoked", async (d) => {
    const { proxy, revoke } = Proxy.revocable((x: number) => x, {});
    revoke();
    const { message } = await assertRejects(
      () => d.map(proxy, [1]),
      SerializationError,
    );
    assert(message.startsWith("the function: a Proxy cannot be sent"), message);
  });
});

onWorker("Code that means something only where it stands is refused", (test) => {
  const refuses = (name: string, make: () => Unary, ...words: string[]) =>
    test(name, async (d) => {
      const { message } = await assertRejects(
        () => d.map(make() as (x: number) => unknown, [1]),
        SerializationError,
      );
      for (const word of words) assert(message.includes(word), `${word}: ${message}`);
      if (!name.includes("text")) assert(message.includes(import.meta.url), message);
    });

  refuses(
    "`this` that is a number",
    () => {
      function around(this: number) {
        const usesThis = () => this + 1;
        return usesThis;
      }
      return around.call(1);
    },
    "usesThis: a function that uses `this` of the function around it",
    "const self = this",
  );

  refuses(
    "`this` where many objects are in memory",
    () => {
      class Model {
        weights = Array.from({ length: 400_000 }, (_, i) => ({ i, text: `${i}` }));
        weightless = (x: number) => [x, this.weights.length];
      }
      return new Model().weightless;
    },
    "too many objects in memory for V8 to tell it",
    "const self = this",
  );

  refuses(
    "A long list in memory",
    () => {
      class Model {
        all = new Array(3_000_000).fill({ a: 1 });
        listed = (x: number) => [x, this.all.length];
      }
      return new Model().listed;
    },
    "too many objects in memory for V8 to tell it",
  );

  refuses(
    "Functions that share a variable, where many objects are in memory",
    () => {
      const ballast = Array.from({ length: 400_000 }, (_, i) => ({ i, text: `${i}` }));
      let n = 0;
      const all = [1, 2].map(() => () => ++n);
      return (x: number) => [x, ballast.length, ...all.map((f) => f())];
    },
    'a function that assigns to "n" with others',
    "hold it in an object that all of them use",
  );

  refuses(
    "`super()` of the constructor around, in a text",
    () => {
      // TypeScript does not allow it.
      const make = (0, eval)(`(Base) => class extends Base {
        constructor() { super(1); this.late = () => super(1); }
      }`);
      return new (make(Tank))().late;
    },
    "calls `super()` of the constructor around it",
  );

  refuses(
    "A private field of the class around, which another module exports",
    () => {
      const reading = Tank.reader();
      return (x: number) => reading(new Tank(x));
    },
    "uses #litres of the class around it and is sent without the class",
    "make it a method of the class",
    'settings.valueModules = ["./_imported.ts"]',
  );

  refuses(
    "A private field of the class around, and a variable that both assign to",
    () => {
      let count = 0;
      class Model {
        #weight = 2;
        add() {
          return count++;
        }
        adder() {
          return () => count += this.#weight;
        }
      }
      const adding = new Model().adder();
      return () => adding();
    },
    "uses #weight of the class around it and shares a variable with the class",
  );

  refuses(
    "`yield` of the generator around, in a text",
    () => {
      // Not here: for the decorators below Deno takes the names out of classes.
      const steps = (0, eval)("(function* () { return class { [yield]() {} }; })()");
      steps.next();
      const Model = steps.next("name").value as new () => object;
      return () => new Model();
    },
    "uses `yield` of the function around it",
    "put what it gives into a variable",
  );

  refuses(
    "A field whose name is computed of a variable that nothing else uses",
    () => {
      const key = "weight";
      class Model {
        [key] = 5;
      }
      return () => new Model();
    },
    'a field whose name is computed from "key"',
    'use "key" in one of its methods, too',
  );

  refuses(
    "eval, which may name anything",
    () => {
      const evaluates = (x: number) => eval(`${x}`);
      return evaluates;
    },
    "The function evaluates at ",
    "calls eval",
  );

  refuses(
    "`with`, in a function that was made of text",
    () => new Function("x", "with ({ y: x }) return y") as Unary,
    "uses `with`, which may mean any variable",
  );

  test("What is indirect about eval stays what it was", async (d) => {
    assertEquals(await d.map((x: number) => (0, eval)(`${x} + 1`), [1]), [2]);
  });

  test("A socket, by the whole path to it", async (d) => {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr as Deno.NetAddr;
    const [accepted, socket] = await Promise.all([
      listener.accept(),
      Deno.connect({ hostname: "127.0.0.1", port }),
    ]);
    try {
      const model = { socket };
      const train = (x: number) => [model.socket, x];
      const { message } = await assertRejects(
        () => d.map(train, [1]),
        SerializationError,
        "train → model.socket: a Deno.TcpConn cannot be sent to a worker; make it inside " +
          "the function, or send plain data instead; train stands at ",
      );
      assert(message.includes(import.meta.url), message);
    } finally {
      accepted.close();
      socket.close();
    }
  });

  test("A file that is open", async (d) => {
    using file = Deno.openSync(new URL(import.meta.url));
    const reads = () => file.stat();
    await assertRejects(
      () => d.map(reads, [1]),
      SerializationError,
      "reads → file: a Deno.FsFile cannot be sent to a worker",
    );
  });

  test("A class that is called without new, and what is no function", async (d) => {
    class Square {}
    await assertRejects(() => d.map(Square as never, [1]), TypeError, "new Square(x)");
    await assertRejects(
      () => d.map({} as never, [1]),
      TypeError,
      "a function is expected",
    );
  });
});
