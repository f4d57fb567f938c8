/** Instances of classes, which functions hold. */

import { same } from "./_cases.ts";

class Counter {
  #n = 0;
  readonly #step: number;
  readonly name: string;
  constructor({ name, step = 1 }: { name: string; step?: number }, ...more: string[]) {
    this.name = [name, ...more].join();
    this.#step = step;
  }
  next() {
    return this.#n += this.#step;
  }
}

class Named extends Counter {
  #title: string;
  #self = this;
  constructor({ title }: { title: string }, [first]: string[]) {
    super({ name: "inner" }, first!);
    this.#title = title;
  }
  title() {
    return [this.#title, this.#self === this, this.name];
  }
}

same("Instances travel with their state", [
  ["Of a class with fields", () => {
    class Point {
      constructor(public x: number, public y: number) {}
      plus(other: Point) {
        return new Point(this.x + other.x, this.y + other.y);
      }
    }
    const p = new Point(1, 2);
    return (x: number) => [p.plus(new Point(x, x)), p instanceof Point];
  }],
  [
    "Of a class with private fields and parameters that are destructured",
    () => {
      const counter = new Counter({ name: "a", step: 5 }, "b");
      counter.next();
      return (
        x: number,
      ) => [x, counter.name, counter.next(), new Counter({ name: "c" }).next()];
    },
    1,
    2,
  ],
  ["Of classes with private fields, one over the other", () => {
    const named = new Named({ title: "T" }, ["first"]);
    named.next();
    return () => [named.title(), named.next(), named instanceof Counter];
  }],
  ["Of two classes with private fields of one name", () => {
    class A {
      #x = "a";
      ofA() {
        return this.#x;
      }
    }
    class B extends A {
      #x = ["b"];
      ofB() {
        return this.#x;
      }
    }
    class C extends B {}
    const c = new C();
    return () => [c.ofA(), c.ofB(), c.ofB() === c.ofB()];
  }],
  ["Whose constructor throws, counts or has effects", () => {
    let made = 0;
    class Once {
      #id: number;
      list = [++made];
      constructor() {
        if (made > 1) throw new Error("only once");
        this.#id = made;
      }
      id() {
        return [this.#id, this.list, made];
      }
    }
    const once = new Once();
    return () => once.id();
  }],
  ["With fields that were added, removed and reordered", () => {
    class A {
      #secret = 1;
      a = 1;
      b? = 2;
      c = [1];
      read() {
        return this.#secret;
      }
    }
    const a = new A() as A & { added: string };
    delete a.b;
    const { c } = a;
    delete (a as Partial<A>).c;
    a.added = "yes";
    a.c = c;
    return () => [Object.keys(a), a.c, a.read(), "b" in a];
  }],
  ["With private methods and accessors", () => {
    class A {
      #x = 1;
      #double() {
        return this.#x * 2;
      }
      get #half() {
        return this.#x / 2;
      }
      all() {
        return [this.#x++, this.#double(), this.#half];
      }
    }
    const a = new A();
    a.all();
    return () => a.all();
  }],
  ["In arrays, maps and objects, shared", () => {
    const one = new Counter({ name: "one" });
    const held = { list: [one, one], map: new Map([[one, { one }]]) };
    return () => [
      held.list[0]!.next(),
      held.list[1]!.next(),
      held.map.get(one)?.one === held.list[0],
    ];
  }],
  ["That refer to each other", () => {
    class Person {
      #friends = new Set<Person>();
      constructor(readonly name: string) {}
      meet(other: Person) {
        this.#friends.add(other);
        other.#friends.add(this);
        return this;
      }
      names() {
        return [...this.#friends].map((
          friend,
        ) => [friend.name, friend.#friends.has(this)]);
      }
    }
    const a = new Person("a").meet(new Person("b"));
    return () => a.names();
  }],
  ["That are frozen or sealed", () => {
    class A {
      x = 1;
      #y = 2;
      next() {
        return ++this.#y;
      }
    }
    const frozen = Object.freeze(new A()), sealed = Object.seal(new A());
    return () => [
      Object.isFrozen(frozen),
      Reflect.set(frozen, "x", 2),
      frozen.next(),
      Object.isFrozen(sealed),
      Object.isSealed(sealed),
      Reflect.set(sealed, "x", 2),
    ];
  }],
  ["Of classes that extend built-ins", () => {
    class Bag extends Map<string, number[]> {
      #adds = 0;
      add(key: string, x: number) {
        this.#adds++;
        return this.set(key, [...this.get(key) ?? [], x]);
      }
      get adds() {
        return this.#adds;
      }
    }
    class Stack extends Array<number> {
      label = "stack";
      peek() {
        return this.at(-1);
      }
    }
    class Tags extends Set<string> {
      sorted() {
        return [...this].toSorted();
      }
    }
    class Vector extends Float32Array {
      unit = "m";
      sum() {
        return this.reduce((a, b) => a + b);
      }
    }
    class Day extends Date {
      day() {
        return this.toISOString().slice(0, 10);
      }
    }
    class Word extends RegExp {
      first(text: string) {
        return this.exec(text)?.[0];
      }
    }
    const bag = new Bag().add("a", 1),
      stack = Stack.of(1, 2) as Stack,
      day = new Day(0);
    const tags = new Tags(["b", "a"]),
      vector = new Vector([1, 2]),
      word = new Word("l+");
    return (x: number) =>
      [
        [bag.add("a", x).get("a"), (bag as Bag).adds, bag.size],
        [
          stack.length,
          stack.peek(),
          stack.label,
          stack.map((y) => y * 2) instanceof Stack,
          stack.push(x),
        ],
        [tags.sorted(), vector.sum(), vector.unit, vector.length, day.day()],
        [word.first("hello"), word instanceof Word],
      ].map((value) => structuredClone(value));
  }],
  ["Of subclasses of Error, with cause and stack", () => {
    class HttpError extends Error {
      #raw = "raw";
      constructor(readonly status: number, options?: ErrorOptions) {
        super(`status ${status}`, options);
        this.name = "HttpError";
      }
      raw() {
        return this.#raw;
      }
    }
    const error = new HttpError(404, { cause: new TypeError("inner") });
    return () => [
      [`${error}`, error.status, error.raw(), error instanceof HttpError],
      [(error.cause as Error).message, error.cause instanceof TypeError],
      [
        error.stack?.split("\n")[1],
        Object.keys(error),
        Object.prototype.toString.call(error),
      ],
    ];
  }],
  ["Made by Object.create", () => {
    const proto = {
      k: 1,
      get() {
        return this.k;
      },
    };
    const child = Object.create(proto, { k: { value: 5 } });
    const other = Object.create(proto);
    return () => {
      const before = [child.get(), other.get(), Object.keys(child)];
      proto.k = 7;
      return [before, child.get(), other.get(), Object.getPrototypeOf(child) === proto];
    };
  }],
  ["Made by Object.create of plain data", () => {
    const proto = { list: [1] };
    const child = Object.create(proto);
    return () => {
      child.list.push(2);
      return [[...proto.list], Object.getPrototypeOf(child) === proto];
    };
  }],
  ["Of an ES5 constructor", () => {
    // deno-lint-ignore no-explicit-any
    function Point(this: any, x: number) {
      this.x = x;
    }
    Point.prototype.get = function () {
      return this.x;
    };
    // deno-lint-ignore no-explicit-any
    const p = new (Point as any)(5);
    return () => [p.get(), p instanceof Point, p.constructor === Point];
  }],
  [
    "A seeded generator of random numbers",
    () => {
      class Random {
        #state;
        constructor(seed: number) {
          this.#state = seed >>> 0;
        }
        next() {
          this.#state = (Math.imul(this.#state, 1664525) + 1013904223) >>> 0;
          return this.#state / 2 ** 32;
        }
      }
      const random = new Random(42);
      random.next();
      return (n: number) => Array.from({ length: n }, () => random.next());
    },
    1,
    3,
  ],
  ["Ten thousand of a class", () => {
    class Particle {
      constructor(readonly x: number) {}
      energy() {
        return this.x;
      }
    }
    const all = Array.from({ length: 10_000 }, (_, i) => new Particle(i));
    return () => all.reduce((sum, particle) => sum + particle.energy(), 0);
  }, 0],
]);
