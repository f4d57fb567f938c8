/** Classes and their instances. */

import { assertEquals } from "../fixtures/assert.ts";
import { onWorker, same, throwing } from "./_cases.ts";

const key = "computed";

same("Classes travel", [
  ["With a constructor, methods and accessors", () => {
    class Box {
      constructor(public x: number) {}
      double() {
        return this.x * 2;
      }
      get half() {
        return this.x / 2;
      }
      set half(half: number) {
        this.x = half * 2;
      }
    }
    return (x: number) => {
      const box = new Box(x);
      box.half += 1;
      return [box, box.double(), box.half, box instanceof Box, Object.keys(box)];
    };
  }],
  ["As expressions, with and without a name", () => {
    const A = class {
      static make = () => new A();
      name() {
        return A.name;
      }
    };
    const B = class Inner {
      make() {
        return new Inner();
      }
    };
    return () => [A.make().name(), new B().make() instanceof B, B.name];
  }],
  ["With fields, which closures around them fill", () => {
    let made = 0;
    class A {
      id = ++made;
      [key] = [this.id];
      "a b" = 1;
      arrow = () => this.id;
      nothing?: number;
    }
    return () => [new A().arrow(), { ...new A(), arrow: 0 }, made];
  }],
  ["With private fields, methods and accessors", () => {
    class Account {
      #sum = 0;
      #log: string[] = [];
      #note(text: string) {
        this.#log.push(text);
      }
      get #text() {
        return this.#log.join();
      }
      set #text(text: string) {
        this.#log = [text];
      }
      add(x: number) {
        this.#sum += x;
        this.#note(`+${x}`);
        if (x > 1) this.#text = "much";
        return this;
      }
      static same(a: object) {
        return #sum in a;
      }
      read() {
        return [this.#sum, this.#text];
      }
    }
    return (x: number) => [
      new Account().add(x).add(1).read(),
      Account.same(new Account()),
      Account.same({}),
    ];
  }],
  [
    "With static members, blocks and private ones",
    () => {
      class Registry {
        static #all: string[] = ["first"];
        static count = 1;
        static readonly limits = { most: 3 };
        static {
          this.#add("block");
          this.limits.most++;
        }
        static #add(name: string) {
          this.#all.push(name);
          Registry.count++;
        }
        static get #last() {
          return this.#all.at(-1);
        }
        static add(name: string) {
          this.#add(name);
          return [this.#all, this.#last, this.count, this.limits];
        }
      }
      Registry.add("before");
      return (x: number) => structuredClone(Registry.add(`x${x}`));
    },
    1,
    2,
  ],
  ["With what only ran when it was made, and stays behind", () => {
    // None of them could travel.
    const only = new WeakMap<object, string>();
    const base = (_: WeakMap<object, string>) => class Base {};
    const name = (_: WeakMap<object, string>) => "named" as const;
    const set = (_: WeakMap<object, string>) => 5;
    class A extends base(only) {
      static plain = set(only);
      static #hidden = set(only);
      static {
        only.set(A, "block");
      }
      [name(only)](x: number) {
        return x + A.plain + A.#hidden;
      }
    }
    const thing = {
      [name(only)](x: number) {
        return x;
      },
    };
    const { named } = thing;
    const a = new A() as A & typeof thing;
    return (x: number) => [a.named(x), named(x)];
  }],
  ["With static members that were changed, added and removed", () => {
    // deno-lint-ignore no-explicit-any
    const A: any = class {
      static a = 1;
      static b = 2;
      static f() {
        return "old";
      }
    };
    A.a = 10;
    A.c = [A];
    delete A.b;
    A.f = () => "new";
    return () => [A.a, A.c[0] === A, "b" in A, A.f(), Object.keys(A)];
  }],
  ["With methods that were replaced and added", () => {
    class A {
      f() {
        return "old";
      }
      g() {
        return "old";
      }
    }
    A.prototype.f = () => "new";
    // deno-lint-ignore no-explicit-any
    const any = A.prototype as any;
    any.h = function () {
      return this.g();
    };
    return () => [new A().f(), new A().g(), (new A() as typeof any).h()];
  }],
  ["With iterators, which read what is private", () => {
    class Range {
      #to;
      constructor(to: number) {
        this.#to = to;
      }
      *[Symbol.iterator]() {
        for (let i = 0; i < this.#to; i++) yield i;
      }
      async *[Symbol.asyncIterator](): AsyncGenerator<number> {
        for (const x of this) yield await Promise.resolve(x);
      }
    }
    return async (
      x: number,
    ) => [[...new Range(x)], await Array.fromAsync(new Range(2))];
  }],
  ["With methods that symbols name, and super in them", () => {
    class A {
      get [Symbol.toStringTag]() {
        return "A";
      }
      [Symbol.toPrimitive](hint: string) {
        return hint === "number" ? 42 : "text";
      }
      static [Symbol.hasInstance](x: unknown) {
        return x === 1;
      }
    }
    class B extends A {
      override get [Symbol.toStringTag]() {
        return `B of ${super[Symbol.toStringTag]}`;
      }
    }
    return (x: unknown) => {
      const a = new A() as unknown as number;
      return [+a, `${a}`, x instanceof A, Object.prototype.toString.call(new B())];
    };
  }],
  ["With computed names", () => {
    const name = "dynamic", of = (k: string) => `${k}!`;
    class A {
      [name]() {
        return 1;
      }
      get [of(name)]() {
        return 2;
      }
      static [name] = 3;
      async [`${name}?`]() {
        return await Promise.resolve(this[name]());
      }
    }
    return async () => {
      // deno-lint-ignore no-explicit-any
      const a = new A() as any;
      return [a.dynamic(), a["dynamic!"], A.dynamic, await a["dynamic?"]()];
    };
  }],
  ["With toString, toJSON and valueOf", () => {
    class Money {
      constructor(private cents: number) {}
      toString() {
        return `${this.cents} ct`;
      }
      toJSON() {
        return { cents: this.cents };
      }
      valueOf() {
        return this.cents;
      }
    }
    return (x: number) => {
      const money = new Money(x);
      return [`${money}`, JSON.stringify([money]), +money + 1];
    };
  }],
  ["That use each other", () => {
    class Node {
      children: Leaf[] = [];
      grow() {
        this.children.push(new Leaf(this));
        return this;
      }
    }
    class Leaf extends Node {
      constructor(readonly parent: Node) {
        super();
      }
    }
    return () => {
      const node = new Node().grow();
      return [node.children[0]!.parent === node, node.children[0] instanceof Node];
    };
  }],
  ["Frozen", () => {
    class A {
      static settings = Object.freeze({ a: 1 });
    }
    Object.freeze(A);
    Object.freeze(A.prototype);
    return () => {
      // deno-lint-ignore no-explicit-any
      const any = A as any;
      return [Reflect.set(any, "b", 1), Reflect.set(A.settings, "a", 2), A.settings.a];
    };
  }],
  ["Bound, as what a function makes", () => {
    class Pair {
      constructor(readonly a: number, readonly b: number) {}
    }
    const Bound = Pair.bind(null, 1) as unknown as new (b: number) => Pair;
    return (x: number) => [new Bound(x), new Bound(x) instanceof Pair];
  }],
]);

throwing("classes throw as they do here", [
  ["When they are called", () => {
    class A {}
    return () => (A as unknown as () => void)();
  }],
  ["When a foreign object is read", () => {
    class A {
      #x = 1;
      static read(a: A) {
        return a.#x;
      }
    }
    return () => A.read({} as A);
  }],
  ["Their own errors", () => {
    class InvalidInput extends Error {
      override name = "InvalidInput";
    }
    return (x: number) => {
      const error = new InvalidInput(`bad ${x}`);
      throw new TypeError(`${error.name}: ${error instanceof InvalidInput}`);
    };
  }],
]);

onWorker("A method of a class is a function, too", (test) => {
  test("That is taken off the class", async (d) => {
    const k = 5;
    class A {
      static add(x: number) {
        return x + k;
      }
      times(x: number) {
        return x * k;
      }
    }
    assertEquals(await d.map(A.add, [1, 2]), [6, 7]);
    assertEquals(await d.map(new A().times, [1, 2]), [5, 10]);
  });
});
