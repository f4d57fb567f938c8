/** What functions use of the functions around them, other than variables. */

import { assert, assertEquals, assertRejects } from "../fixtures/assert.ts";
import { GridEngineError, Job, map, ProcessScheduler } from "../../mod.ts";
import { onWorker, same } from "./_cases.ts";

/** A class as users write it. */
class Model {
  weight = 2;
  predict(x: number): number {
    return x * this.weight;
  }
  field = (x: number): number => this.predict(x);
}

same("`this` of the function around", [
  ["Of a method, in an arrow", () => {
    class Study {
      model = new Model();
      run() {
        return (x: number) => [this.model.predict(x), this instanceof Study];
      }
    }
    return new Study().run();
  }],
  ["Of a field that is an arrow", () => new Model().field],
  ["Of fields that use each other", () => {
    class Chain {
      one = 1;
      first = () => this.one;
      second = () => this.first() + this.one;
      all: ((x: number) => number)[] = [
        this.first,
        (x) => this.second() + this.all.length + x,
      ];
    }
    return new Chain().all[1]!;
  }],
  ["In an arrow in an arrow, of an async method and of a generator", () => {
    class Study {
      k = 3;
      *arrows() {
        yield (x: number) => ((y: number) => this.k * y)(x);
      }
      get arrow() {
        return this.arrows().next().value!;
      }
    }
    return new Study().arrow;
  }],
  ["Of a constructor, of a static method and of a static block", () => {
    class Study {
      static log: string[] = [];
      static named: () => string;
      static {
        this.named = () => this.name;
      }
      static logged() {
        return () => this.log;
      }
      own: () => unknown;
      constructor(k: number) {
        this.own = () => [k, Object.keys(this)];
      }
    }
    const own = new Study(4).own, logged = Study.logged();
    return (x: number) => [x, own(), logged(), Study.named()];
  }],
  ["Of an object that its class alone can make", () => {
    class Account {
      #balance = 5;
      paid = (x: number) => this.pay(x);
      pay(x: number) {
        return this.#balance -= x;
      }
    }
    return new Account().paid;
  }],
  ["Of a function that was called with an object, with nothing, or by call", () => {
    function around(this: unknown) {
      return () => this;
    }
    const [a, b, c] = [around.call({ a: 1 }), around(), around.call(null)];
    return (x: number) => [x, a(), b(), c()];
  }],
  ["Within an object that stands in the function", () => {
    class Study {
      key = "weight";
      run() {
        return (x: number) => ({ [this.key]: x, get: { key: this.key } });
      }
    }
    return new Study().run();
  }],
  ["One object stays one", () => {
    class Study {
      self() {
        return [() => this, () => this] as const;
      }
    }
    const study = new Study();
    const [a, b] = study.self();
    return () => [a() === b(), a() === study];
  }],
]);

same("`super` of the method around", [
  ["In an arrow of a method", () => {
    class Derived extends Model {
      make() {
        return (x: number) => super.predict(x);
      }
      override predict(): number {
        return 0;
      }
    }
    return new Derived().make();
  }],
  ["In an arrow of a static method, and in a field", () => {
    class Base {
      static kind() {
        return `kind of ${this.name}`;
      }
      hi() {
        return "hi";
      }
    }
    class Derived extends Base {
      static make() {
        return () => super.kind();
      }
      field = () => super.hi();
    }
    const [make, { field }] = [Derived.make(), new Derived()];
    return (x: number) => [x, make(), field()];
  }],
  ["In a method of an object, alone and with its object", () => {
    const base = {
      hi() {
        return "base";
      },
    };
    const below = {
      __proto__: base,
      hi() {
        return `${super.hi()}!`;
      },
      get loud() {
        return super.hi().toUpperCase();
      },
      arrow() {
        return () => super.hi();
      },
    };
    const [{ hi }, arrow] = [below, below.arrow()];
    return (x: number) => [x, hi(), below.hi(), below.loud, arrow()];
  }],
  ["In a method that was taken from its class", () => {
    class Base {
      hi() {
        return "base";
      }
    }
    class Below extends Base {
      override hi() {
        return `${super.hi()}!`;
      }
    }
    const { hi } = Below.prototype;
    return (x: number) => [x, hi.call({} as Below)];
  }],
  ["Beside variables of blocks that look like where it looks", () => {
    const mixin = (Base: new () => { hi(): string }) =>
      class extends Base {
        go(next: object) {
          const all = [next].map((one) => () => super.hi() + typeof one);
          for (const one of [next]) all.push(() => super.hi() + typeof one);
          return all[1]!;
        }
      };
    const [A, B] = ["a", "b"].map((name) =>
      mixin(
        class {
          hi() {
            return name;
          }
        },
      )
    );
    const first = { hi: () => "first" }, second = { hi: () => "second" };
    const object = {
      __proto__: first,
      hi() {
        {
          const copy = { __proto__: second, hi: object.hi, n: 1 };
          return () => `${super.hi()}${copy.n}`;
        }
      },
    };
    const [a, b] = [new B!().go(A!.prototype), object.hi() as unknown as () => string];
    return (x: number) => [x, a(), b()];
  }],
  ["What is set by super", () => {
    class Study extends Model {
      run() {
        return (x: number) => {
          super.toString = () => `${x}`;
          return Object.hasOwn(this, "toString");
        };
      }
    }
    return new Study().run();
  }],
]);

same("`#private` names of the class around", [
  ["Of all kinds", () => {
    class Account {
      static #rate = 0.5;
      #balance = 5;
      #add(x: number) {
        return this.#balance += x;
      }
      get #open() {
        return this.#balance > 0;
      }
      arrow() {
        return (x: number) => [this.#add(x), this.#open, this.#balance, Account.#rate];
      }
      static check() {
        return (value: object) => #balance in value;
      }
    }
    const [arrow, check] = [new Account().arrow(), Account.check()];
    return (x: number) => [arrow(x), check(new Account()), check({})];
  }],
  ["Of a method that was taken from its class", () => {
    class Box {
      #x = 1;
      static read(box: Box) {
        return box.#x;
      }
    }
    const { read } = Box;
    return (x: number) => [x, read(new Box())];
  }],
  ["With `super`, and with variables that several change", () => {
    class Base {
      hi() {
        return "hi";
      }
    }
    class Counter extends Base {
      #step = 2;
      both() {
        let n = 0;
        return { inc: () => n += this.#step, get: () => [n, super.hi(), this.#step] };
      }
    }
    const { inc, get } = new Counter().both();
    return (x: number) => [x, inc(), get()];
  }],
  ["Of a class in a method of a class, of both and of one", () => {
    class Outer {
      #o = 1;
      inner() {
        const read = () => this.#o;
        class Inner {
          #i = 2;
          both(outer: Outer) {
            return () => [this.#i, outer.#o, read()];
          }
          one(outer: Outer) {
            return () => outer.#o;
          }
        }
        return new Inner();
      }
    }
    const outer = new Outer();
    const [both, one] = [outer.inner().both(outer), outer.inner().one(outer)];
    return (x: number) => [x, both(), one()];
  }],
  ["Of a decorated accessor that was replaced in part", () => {
    const bounded = <T>(
      { get, set }: ClassAccessorDecoratorTarget<T, number>,
      _: ClassAccessorDecoratorContext,
    ) => ({
      get,
      set(this: T, value: number) {
        set.call(this, Math.min(value, 100));
      },
    });
    class Gauge {
      @bounded
      accessor level = 1;
    }
    return (x: number) => {
      const gauge = new Gauge();
      gauge.level += x * 60;
      return gauge.level;
    };
  }],
  ["Of methods that are private themselves", () => {
    class Model {
      #k = 2;
      #times(x: number) {
        return x * this.#k;
      }
      static async #later(x: number) {
        return await x + 1;
      }
      all() {
        return [this.#times.bind(this), Model.#later] as const;
      }
    }
    const [times, later] = new Model().all();
    return async (x: number) => [times(x), await later(x)];
  }],
  ["Of a class that is made often", () => {
    const make = (k: number) =>
      class {
        #k = k;
        arrow() {
          return (x: number) => this.#k * x;
        }
      };
    const all = [2, 3].map((k) => new (make(k))().arrow());
    return (x: number) => all.map((f) => f(x));
  }],
]);

same("`arguments`, `new.target` and names around", [
  ["`arguments` of the function around", () => {
    function around(..._: unknown[]) {
      return () => [...arguments, { arguments }.arguments.length];
    }
    return around("a", { b: 1 });
  }],
  ["`arguments` that arrows share", () => {
    function around(..._: unknown[]) {
      return [() => arguments[0]++, () => arguments[0]] as const;
    }
    const [add, get] = around(1);
    return (x: number) => [x, add(), get()];
  }],
  ["`new.target` of the function around", () => {
    class Around {
      f: () => unknown;
      constructor() {
        this.f = () => [new.target.name, new.target === this.constructor];
      }
    }
    class Below extends Around {}
    return new Below().f;
  }],
  ["The name of a function expression", () => {
    const make = <T>(f: (n: number) => T) => f(1);
    return make(function counter(n: number): () => number {
      return () => n > 3 ? n : counter(n + 1)();
    });
  }],
  ["The name of a function expression that is that of a global, too", () => {
    const make = <T>(f: () => T) => f();
    return make(function self() {
      return () => self.name;
    });
  }],
]);

same("Which variables are shared is known", [
  ["Of two counters at the same value, which are used in part", () => {
    const counter = () => {
      let n = 0;
      return { inc: () => ++n, get: () => n };
    };
    const a = counter(), b = counter();
    return (x: number) => [x, a.inc(), b.get()];
  }],
  ["Of functions of one text in one scope", () => {
    let n = 0;
    const all = [1, 2].map((_) => () => ++n);
    const last = (f: () => number) => f();
    return (x: number) => [x, ...all.map(last)];
  }],
  ["In blocks with scopes of classes, objects and functions between", () => {
    const pairs: [() => unknown, () => number][] = [];
    for (const kind of [0, 0, 1, 1, 2, 2]) {
      let n = 0;
      class Counter {
        step = 1;
        inc = () => n += this.step;
        get = () => n;
      }
      const object = {
        inc: () => 0,
        make() {
          return [() => [super.toString(), ++n], () => n] as const;
        },
      };
      const around = function (this: { p: number }) {
        return [() => n += this.p, () => n] as const;
      };
      const { inc, get } = new Counter();
      const made = [[inc, get] as const, object.make(), around.call({ p: 1 })][kind]!;
      pairs.push([...made]);
    }
    return (x: number) => {
      for (const [i, [inc]] of pairs.entries()) for (let k = 0; k < i; k++) inc();
      return [x, ...pairs.map(([, get]) => get())];
    };
  }],
  ["Where a function of another scope looks like one of this", () => {
    let last: (() => number) | undefined;
    const make = (given: (() => number) | undefined, counts: boolean) => {
      let n = 0;
      given ??= () => n;
      last = given;
      return counts ? () => [given, ++n][1] as number : () => [given, n][1] as number;
    };
    const inc = make(undefined, true), get = make(last, false);
    return (x: number) => [x, inc(), get()];
  }],
  ["Of functions in blocks, classes and loops", () => {
    const made: (() => number)[] = [];
    let outer = 0;
    for (let i = 0; i < 2; i++) {
      let inner = 0;
      class Counter {
        next() {
          return () => ++inner * 10 + ++outer;
        }
        last() {
          return () => inner * 10 + outer;
        }
      }
      made.push(new Counter().next(), new Counter().last());
    }
    return (x: number) => [x, ...made.map((f) => f()), ...made.map((f) => f())];
  }],
]);

onWorker("`this` is found out wherever a map is called", (test) => {
  test("In an object that holds its dispatcher and its scheduler", async (d) => {
    class Study {
      k = 2;
      dispatcher = d;
      scheduler = new ProcessScheduler({ workers: 1 });
      run() {
        return this.dispatcher.map((x: number) => this.k * x, [1]);
      }
      wrong() {
        return this.dispatcher.map(() => this.dispatcher.close(), [
          1,
        ]);
      }
    }
    assertEquals(await new Study().run(), [2]);
    const error = await assertRejects(() => new Study().wrong(), GridEngineError);
    assertEquals(
      error.message,
      "A JobDispatcher stays in the program that made it, so a worker cannot use its " +
        '"close": use it in the program, or make another one in the function',
    );
  });

  test("In an object that holds the promise of the map, and a job", async (d) => {
    class Study {
      k = 2;
      running?: Promise<number[]>;
      job: Job<number> = new Job({ target: () => this.k, dispatcher: d });
      run() {
        return this.running ??= d.map((x: number) => this.k * x, [1]);
      }
      wrong() {
        return d.map(async () => (await this.running)!.length, [1]);
      }
    }
    const study = new Study();
    assertEquals(await study.run(), [2]);
    study.job.start();
    assertEquals(await study.job.result, 2);
    const error = await assertRejects(() => study.wrong(), GridEngineError);
    assert(error.message.startsWith("A Promise stays in the program"), error.message);
  });

  test("In a function that itself runs on a worker", async (d) => {
    class Study {
      #k = 2;
      own = d;
      run() {
        return this.own.map(async (x: number) => {
          const scheduler = new ProcessScheduler({ workers: 1 });
          return await map((y: number) => this.#k * x + y, [1, 2], { scheduler });
        }, [10]);
      }
    }
    assertEquals(await new Study().run(), [[21, 22]]);
  });

  test("At once", async (d) => {
    const models = [1, 2, 3].map((weight) => Object.assign(new Model(), { weight }));
    const maps = models.map((model) => d.map(model.field, [1, 2]));
    assertEquals(await Promise.all(maps), [[1, 2], [2, 4], [3, 6]]);
  });

  test("In an error, which names what the user wrote", async (d) => {
    class Study {
      model: { predict?: (x: number) => number } = {};
      own = d;
      run() {
        return this.own.map((x: number) => this.model.predict!(x), [1]);
      }
    }
    const error = await assertRejects(() => new Study().run(), TypeError);
    assertEquals(error.message, "this.model.predict is not a function");
  });

  test("In an error of a function that uses private names, at its line", async (d) => {
    class Study {
      #model: { predict?: (x: number) => number } = {};
      own = d;
      run() {
        return this.own.map((x: number) => this.#model.predict!(x), [1]);
      }
    }
    const error = await assertRejects(() => new Study().run(), TypeError);
    const lines = Deno.readTextFileSync(new URL(import.meta.url)).split("\n");
    const line = lines.findIndex((text) => text.includes("this.#model.predict!")) + 1;
    assert(error.stack!.includes(`${import.meta.url}:${line}:`), error.stack);
  });
});
