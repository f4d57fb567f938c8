/** Classes that extend others, of whatever kind. */

import { same } from "./_cases.ts";

same("Classes travel with what they extend", [
  ["That inherit, with super", () => {
    const log: string[] = [];
    class Base {
      static kind = "base";
      static describe() {
        return `I am ${this.kind}`;
      }
      constructor(readonly x: number) {
        log.push(new.target.name);
      }
      area() {
        return this.x;
      }
      get name() {
        return "base";
      }
    }
    class Middle extends Base {
      static override kind = "middle";
      override area() {
        return super.area() * 10;
      }
    }
    class Sub extends Middle {
      static override describe() {
        return `${super.describe()}!`;
      }
      y = this.x + 1;
      constructor(x: number) {
        super(x + 1);
      }
      override area() {
        return super.area() + this.y;
      }
      override get name() {
        return `sub of ${super.name}`;
      }
    }
    return (x: number) => {
      const sub = new Sub(x);
      return [
        sub.area(),
        sub.name,
        Sub.describe(),
        sub instanceof Base,
        Object.getPrototypeOf(Sub) === Middle,
        log,
      ].map((value) => structuredClone(value));
    };
  }],
  ["Abstract, by a map of classes", () => {
    abstract class Shape {
      abstract area(): number;
      describe() {
        return `${this.constructor.name} ${this.area()}`;
      }
    }
    class Square extends Shape {
      constructor(private a: number) {
        super();
      }
      area() {
        return this.a ** 2;
      }
    }
    class Line extends Shape {
      area() {
        return 0;
      }
    }
    const kinds = new Map<number, () => Shape>([[1, () => new Square(3)]]);
    const all = { Square, Line };
    return (x: number) => [
      kinds.get(x)?.().describe(),
      new all.Line().describe(),
      new all.Square(x) instanceof Shape,
    ];
  }],
  ["Mixins", () => {
    // deno-lint-ignore no-explicit-any
    type Constructor = new (...args: any[]) => object;
    const Named = <T extends Constructor>(Base: T) =>
      class Named extends Base {
        title = "named";
        hi() {
          return `hi ${this.title}`;
        }
      };
    const Counted = (Base: Constructor) =>
      class extends Base {
        static made = 0;
        n = ++(this.constructor as unknown as { made: number }).made;
      };
    class A extends Named(Counted(Object)) {}
    return () => [new A().hi(), { ...new A() }, Object.getPrototypeOf(A).name];
  }],
  ["That extend what an expression gives", () => {
    const bases = { Map, none: null };
    class A extends (bases.Map)<string, number> {}
    // deno-lint-ignore no-explicit-any
    class B extends (null as any) {
      static hi = () => "hi";
      static from() {
        return Object.create(B.prototype);
      }
    }
    return (x: number) => [
      new A([["a", x]]).get("a"),
      B.hi(),
      B.from() instanceof B,
      B.from() instanceof Object,
    ];
  }],
  ["That extend built-ins", () => {
    class List<T> extends Array<T> {
      last() {
        return this.at(-1);
      }
    }
    class Bag extends Map<string, number> {
      add(key: string) {
        return this.set(key, (this.get(key) ?? 0) + 1);
      }
    }
    class Odd extends RangeError {
      override name = "Odd";
      constructor(readonly code: number) {
        super(`code ${code}`);
      }
    }
    class Vector extends Float64Array {
      norm() {
        return Math.hypot(...this);
      }
    }
    class Numbers extends Set<number> {
      static override get [Symbol.species]() {
        return Set;
      }
    }
    return (x: number) => {
      const odd = new Odd(x);
      return [
        (List.from([1, 2, x]) as List<number>).filter((y) => y > 1) instanceof List,
        (List.from([1, x]) as List<number>).last(),
        new Bag().add("a").add("a").get("a"),
        [odd.message, odd.code, odd.name, odd instanceof RangeError],
        new Vector([3, 4]).norm(),
        new Numbers([1]).has(1),
        (Numbers as unknown as { [Symbol.species]: unknown })[Symbol.species] === Set,
      ];
    };
  }],
]);
