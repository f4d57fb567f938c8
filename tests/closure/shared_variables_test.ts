/** Variables that change: in loops, between functions, and after the call. */

import { assertEquals } from "../fixtures/assert.ts";
import { onWorker, same } from "./_cases.ts";

same("Functions share what they assign to", [
  ["Closures of a loop with let have each their own", () => {
    const made: (() => number)[] = [];
    for (let i = 0; i < 3; i++) made.push(() => i);
    return (x: number) => made.map((f) => f() + x);
  }],
  ["Closures of a loop with let count each for themselves", () => {
    const made: (() => number)[] = [];
    for (let i = 0; i < 3; i++) made.push(() => i++);
    return (x: number) => [x, made.map((f) => f()), made[0]!(), made.map((f) => f())];
  }],
  ["Closures of for-of and for-in", () => {
    const made: (() => unknown)[] = [];
    for (const [key, value] of Object.entries({ a: 1, b: 2 })) {
      made.push(() => [key, value]);
    }
    for (const key in { c: 3 }) made.push(() => key);
    return (x: number) => [x, ...made.map((f) => f())];
  }],
  [
    "A counter and its reader share a variable",
    () => {
      const counter = () => {
        let n = 0;
        return { inc: () => ++n, get: () => n };
      };
      const { inc, get } = counter();
      return (x: number) => [inc(), get(), x];
    },
    1,
    2,
    3,
  ],
  [
    "Two counters have a variable each, at the same value or not",
    () => {
      const counter = () => {
        let n = 0;
        return { inc: () => ++n, get: () => n };
      };
      const a = counter(), b = counter(), c = counter();
      c.inc();
      return (x: number) => {
        for (let i = 0; i < x; i++) a.inc();
        b.inc();
        return [a.get(), b.get(), c.get()];
      };
    },
    1,
    2,
    3,
  ],
  ["Variables shared in two nested scopes", () => {
    let outer = 0;
    const make = (start: number) => {
      let inner = start;
      return () => [++outer, ++inner];
    };
    const a = make(10), b = make(20);
    return (x: number) => [x, a(), b(), a(), outer];
  }],
  [
    "The function itself shares what it assigns to",
    () => {
      let total = 0;
      const show = () => `total: ${total}`;
      return (x: number) => {
        total += x;
        return show();
      };
    },
    1,
    2,
    3,
  ],
  [
    "Update and logical assignments",
    () => {
      let a: number | undefined, b = 0, c = 1, d = 2 ** 3;
      const seen = () => [a, b, c, d];
      return (x: number) => {
        a ??= x;
        b ||= x;
        c &&= x;
        d **= 2;
        d--;
        return seen();
      };
    },
    1,
    2,
    3,
  ],
  [
    "A memo cache",
    () => {
      const cache = new Map<number, bigint>();
      const fib = (n: number): bigint => {
        const known = cache.get(n);
        if (known !== undefined) return known;
        const made = n < 2 ? BigInt(n) : fib(n - 1) + fib(n - 2);
        cache.set(n, made);
        return made;
      };
      return (n: number) => [fib(n), cache.size];
    },
    10,
    90,
  ],
  [
    "A memo cache that is warm",
    () => {
      const cache: Record<string, number> = { a: 1 };
      let misses = 0;
      const look = (key: string) => cache[key] ??= ++misses;
      return (key: string) => [look(key), misses, Object.keys(cache)];
    },
    "a",
    "b",
    "b",
  ],
  ["A variable that nothing was assigned to", () => {
    let nothing: number | undefined;
    const set = () => nothing = 1;
    return (x: number) => [x, nothing, set(), nothing];
  }],
]);

onWorker("Variables have the value of the moment of the call", (test) => {
  test("Of a let variable that is changed right after the call", async (d) => {
    let k = 1;
    const result = d.map((x: number) => x + k, [1, 2]);
    k = 100;
    assertEquals([await result, k], [[2, 3], 100]);
  });

  test("Of one that only a function in a variable uses", async (d) => {
    let k = 1;
    const helper = (x: number) => x * k;
    const deeper = (x: number) => helper(x);
    const result = d.map((x: number) => deeper(x), [1, 2]);
    k = 100;
    assertEquals([await result, k], [[1, 2], 100]);
  });

  test("Of a variable that is given another function", async (d) => {
    let helper = () => "before";
    const result = d.map(() => helper(), [1]);
    helper = () => "after";
    assertEquals([await result, helper()], [["before"], "after"]);
  });

  test("Of one that a class uses", async (d) => {
    let k = 1;
    class Box {
      get() {
        return k;
      }
    }
    const result = d.map(() => new Box().get(), [1]);
    k = 2;
    assertEquals([await result, k], [[1], 2]);
  });

  test("And the next call sees the next value", async (d) => {
    let k = 1;
    const f = (x: number) => x + k;
    const found = [];
    for (; k < 4; k++) found.push(...await d.map(f, [10]));
    assertEquals(found, [11, 12, 13]);
  });
});
