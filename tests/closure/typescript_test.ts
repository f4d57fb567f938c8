// deno-lint-ignore-file no-namespace -- it is one of the features
/** What TypeScript leaves in the code that runs. */

import { onWorker, same } from "./_cases.ts";
import { assertEquals } from "../fixtures/assert.ts";

enum Color {
  Red,
  Green = 5,
  Blue,
}

enum Level {
  Low = "low",
  High = "high",
}

const enum Fixed {
  One = 1,
  Two = One << 1,
}

namespace Geometry {
  export const unit = 2;
  let calls = 0;
  export function scale(x: number): number {
    calls++;
    return x * unit;
  }
  export const count = () => calls;
  export namespace Inner {
    export const deep = () => scale(10);
  }
}

namespace Geometry {
  export const more = () => Geometry.unit + 1;
}

const log: string[] = [];

/** Notes calls of a method. */
function logged<This, Args extends unknown[], R>(
  method: (this: This, ...args: Args) => R,
  { name }: ClassMethodDecoratorContext,
) {
  return function (this: This, ...args: Args): R {
    log.push(`${String(name)}(${args})`);
    return method.apply(this, args);
  };
}

/** Multiplies what a field begins with. */
const times =
  (k: number) =>
  (_: undefined, { name }: ClassFieldDecoratorContext) =>
  (value: number) => {
    log.push(`field ${String(name)}`);
    return value * k;
  };

/** Gives a class a label. */
const labelled = (label: string) =>
<T extends new (...args: never[]) => object>(
  type: T,
  context: ClassDecoratorContext,
) => {
  context.addInitializer(function () {
    Object.defineProperty(this, "label", { value: label });
  });
  return type;
};

/** Changes what an accessor begins with. */
function raised<T>(
  _: ClassAccessorDecoratorTarget<T, number>,
): ClassAccessorDecoratorResult<T, number> {
  return { init: (value) => value + 1 };
}

@labelled("a gauge")
class Gauge {
  @times(3)
  factor = 2;
  @raised
  accessor level = 10;
  @logged
  raise(x: number): number {
    this.level += x;
    return this.level * this.factor;
  }
  @logged
  static make(): Gauge {
    return new Gauge();
  }
}

same("TypeScript's own features travel", [
  [
    "Enums of numbers, of texts and constant ones",
    () => (x: number) => [
      Color.Green,
      Color[x],
      Color.Blue === x,
      Object.keys(Color),
      Level.High,
      Fixed.Two,
    ],
    0,
    6,
  ],
  [
    "Enums in a function",
    () => {
      enum Local {
        A = "a".length,
        B = A * 10,
      }
      return (x: Local) => [Local[x], Local.B];
    },
    1,
    10,
  ],
  ["Namespaces, merged and nested", () => (x: number) => [
    Geometry.scale(x),
    Geometry.Inner.deep(),
    Geometry.count() > 0,
    Geometry.more(),
  ]],
  ["A function of a namespace itself", () => Geometry.scale],
  ["Parameter properties", () => {
    class Point {
      constructor(readonly x: number, private y = 5, protected z?: string) {}
      all() {
        return [this.x, this.y, this.z];
      }
    }
    const point = new Point(1, 2, "z");
    return (x: number) => [new Point(x).all(), point.all()];
  }],
  [
    "Parameter properties beside private fields",
    () => {
      class Point {
        #seen = 0;
        constructor(readonly x: number, private y = 5, { z = 1 } = {}) {
          this.#seen = z;
        }
        all() {
          return [this.x, this.y, this.#seen++];
        }
      }
      const point = new Point(1);
      point.all();
      return (x: number) => [new Point(x).all(), point.all()];
    },
    1,
    2,
  ],
  ["satisfies, as, non-null and type arguments", () => {
    const table = { a: [1], b: [2] } satisfies Record<string, number[]>;
    const first = <T>(list: T[]): T => list[0]!;
    return (
      x: number,
    ) => [first<number>(table.a), (table as { b: number[] }).b![0]! + x];
  }],
  ["Overloads", () => {
    function twice(x: number): number;
    function twice(x: string): string;
    function twice(x: number | string): number | string {
      return typeof x === "number" ? x * 2 : x + x;
    }
    return (x: number) => [twice(x), twice(`${x}`)];
  }],
  ["Abstract and generic classes, implements and override", () => {
    interface Sized {
      size(): number;
    }
    abstract class Base<T> implements Sized {
      protected abstract readonly items: T[];
      declare ghost: string;
      size() {
        return this.items.length;
      }
    }
    class List extends Base<string> {
      protected override readonly items = ["a"];
      private cache?: number;
      index!: number;
      override size() {
        return this.cache ??= super.size() * 10;
      }
    }
    return () => [new List().size(), Object.keys(new List())];
  }],
  [
    "Assertion functions and type guards, with `this` types",
    () => {
      function isText(x: unknown): x is string {
        return typeof x === "string";
      }
      function must(x: unknown): asserts x {
        if (!x) throw new Error("must");
      }
      return function (this: void, x: unknown) {
        must(x);
        return isText(x) ? x.length : x;
      };
    },
    "text",
    1,
  ],
  ["Decorated methods, fields, accessors and classes", () => (x: number) => {
    log.length = 0;
    const gauge = Gauge.make();
    return [
      gauge.raise(x),
      gauge.raise(500),
      gauge.level,
      (Gauge as unknown as { label: string }).label,
      [...log],
    ];
  }],
  [
    "Instances of decorated classes",
    () => {
      const gauge = new Gauge();
      gauge.raise(5);
      return (x: number) => [gauge.raise(x), gauge.factor, gauge instanceof Gauge];
    },
    1,
    1,
  ],
  ["A class that a decorator replaced", () => {
    const counted = <T extends new () => object>(type: T, _: ClassDecoratorContext) =>
      // @ts-ignore: its constructor takes nothing
      class extends type {
        extra = "added";
      };
    @counted
    class Plain {
      own = 1;
    }
    return () => [{ ...new Plain() }, new Plain() instanceof Plain];
  }],
]);

onWorker("Types leave nothing that is missed", (test) => {
  test("Imports of types only, and functions typed by them", async (d) => {
    type Point = import("./_imported.ts").Shape;
    const sideOf = (shape: Pick<Point, "side">): number => shape.side;
    assertEquals(await d.map(sideOf, [{ side: 2 }]), [2]);
  });
});
