// deno-fmt-ignore-file -- what stands in one line is to stay there
/** Stack traces of shipped functions speak of the file that the user wrote. */

import { assertEquals } from "../fixtures/assert.ts";
import { translateStack } from "../../src/closure/capture/stack.ts";
import { nested } from "./_imported.ts";
import { onWorker, type Unary } from "./_cases.ts";

interface Typed {
  a: number;
}

/** Throws from far below, with types before it that leave no code behind. */
function deepest<T extends Typed>(value: T, _unused?: Record<string, Map<T, Typed>>): never {
  const text: string = (value as Typed).a satisfies number as unknown as string; throw new Error(text);
}

const makers: [name: string, frames: number, make: () => Unary][] = [
  ["An arrow", 1, () => (x: number) => {
    const typed: Typed = { a: x }; if (typed.a) throw new Error("here");
  }],
  ["Functions over functions", 4, () => {
    const k: Typed = { a: 1 };
    const inner = <T>(x: T): T => deepest({ ...k, x } as Typed) ?? x;
    function middle(x: number): number { return inner<number>(x as number); }
    return (x: number) => {
      type Local = number;

      return middle(x as Local);
    };
  }],
  ["Methods, constructors and static ones of classes", 5, () => {
    abstract class Base {
      constructor(protected readonly x: number, private readonly y?: string) { this.check(); }
      abstract check(): void;
    }
    class Sub extends Base {
      declare hidden: string;
      secret: number = 1;
      static make(x: number): Sub { return new Sub(x); }
      override check(): void { if (this.x as unknown as boolean) { throw new TypeError("checked"); } }
      read(): number { return this.secret; }
    }
    return (x: number) => Sub.make(x).read();
  }],
  ["Methods after what is cut out of a class, over several lines", 2, () => {
    const name = "check";
    class A {
      static first = [
        1,
      ].length; static {
        A.first++;
      }
      static #second = {
        a: 1,
      }.a; [
        name
      ](x: number): number {
        if (A.first + A.#second > x) throw new Error("cut"); return x;
      }
    }
    return (x: number) => new A().check(x);
  }],
  ["Methods of instances with private fields", 2, () => {
    class Box<T> {
      #value: T;
      constructor({ value }: { value: T }, private readonly more: T[] = []) {
        this.#value = value;
      }
      open(x: number): T { if (x) throw new RangeError(`${this.#value}`); return this.more[0]!; }
    }
    const box = new Box<string>({ value: "v" });
    return (x: number): string => box.open(x);
  }],
  ["Async functions", 2, () => {
    const later = async (x: Typed): Promise<never> => {
      await Promise.resolve(); throw new Error(`${x.a}`);
    };
    return async (x: number): Promise<void> => {
      type Local = Typed;
      await later({ a: x } as Local);
    };
  }],
  ["Generators and getters", 3, () => {
    const thing = {
      get value(): number { const x: Typed = { a: 1 }; throw new Error(`${x.a}`); },
    };
    function* values(): Generator<number> { yield (thing as Typed & typeof thing).value; }
    return (x: number) => [x, ...values()];
  }],
  ["Functions that share what they assign to", 3, () => {
    let calls: number = 0;
    const count = (most: number): void => {
      if (++calls > (most as number)) throw new Error("too often");
    };
    const twice = (x: number): void => { count(x); count(x); };
    return (x: number) => { twice(x - 1 as number); return calls; };
  }],
  ["Callbacks that the platform calls", 2, () => {
    const list: number[] = [1];
    return (x: number) => JSON.stringify(list.map(String), (): never => { throw new Error(`${x}`); });
  }],
  ["Methods of object literals", 2, () => {
    const thing = {
      limit: 1 as number,
      check(this: { limit: number }, x: number): void { if (x >= this.limit) throw new Error("x"); },
    };
    return (x: number) => thing.check(x);
  }],
];

/** Line and column of each frame that stands in this file. */
function framesOf(error: unknown): string[] {
  const { stack } = error as Error;
  const frames = stack!.split("\n").filter((line) => /^\s+at /.test(line));
  return frames.filter((frame) => frame.includes(import.meta.url))
    .map((frame) => /:(\d+:\d+)\)?$/.exec(frame)![1]!);
}

async function thrownBy(call: () => unknown): Promise<unknown> {
  try {
    await call();
  } catch (error) {
    return error;
  }
  throw new Error("Nothing was thrown");
}

onWorker("Stack traces give line and column in TypeScript", (test) => {
  for (const [name, count, make] of makers) {
    test(name, async (d) => {
      const here = make() as (x: number) => unknown;
      const expected = framesOf(await thrownBy(() => here(1))).slice(0, count);
      assertEquals(expected.length, count);
      const there = make() as (x: number) => unknown;
      const error = await thrownBy(() => d.map(there, [1]));
      assertEquals(framesOf(error), expected);
    });
  }

  test("Of functions of other modules, too", async (d) => {
    const table = { get a(): never { throw new Error("got"); } };
    const f = (x: number) => nested.deep(x) + table.a;
    const error = await thrownBy(() => d.map(f, [1]));
    const here = await thrownBy(() => f(1));
    assertEquals(framesOf(error), framesOf(here).slice(0, 2));
  });

  test("Of errors that are caught there and returned as text", async (d) => {
    const f = () => {
      try {
        deepest({ a: 1 });
      } catch (error) {
        return (error as Error).stack!.includes("deepest");
      }
    };
    assertEquals(await d.map(f, [1]), [true]);
  });
});

Deno.test("A long message costs no more than its length", () => {
  const message = "a:1,b:2,".repeat(250_000);
  const stack = `Error: ${message}\n    at f (file:///none.ts#shipped:3:5)`;
  // By a search that goes back and forth it would take hours.
  assertEquals(translateStack(stack), stack.replace("#shipped", ""));
});
