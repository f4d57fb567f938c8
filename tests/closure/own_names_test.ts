/** By which names functions mean themselves, and what is not written as it is meant. */

import { same } from "./_cases.ts";

same("Functions mean themselves by the names that they have here", [
  ["An expression in a variable of its name, meant by a function in it", () => {
    const count = function count(n: number): { n: number; next: () => unknown } {
      return { n, next: () => count(n + 1) };
    };
    return (x: number) => (count(x).next() as { n: number }).n;
  }],
  ["A class expression, meant by a function in it", () => {
    const make = class Inner {
      static reader = () => new Inner().value;
      value = 3;
    };
    const { reader } = make;
    return (x: number) => x + reader();
  }],
  [
    "A declaration to whose name another function was assigned",
    () => {
      let calls = 0;
      const seen = new Map<number, number>();
      function fib(n: number): number {
        calls++;
        return n < 2 ? n : fib(n - 1) + fib(n - 2);
      }
      const plain = fib;
      // @ts-expect-error A declaration is not meant to be assigned to.
      // deno-lint-ignore no-func-assign
      fib = (n: number) => {
        if (!seen.has(n)) seen.set(n, plain(n));
        return seen.get(n)!;
      };
      return (n: number) => [fib(n), calls];
    },
    20,
    20,
  ],
  ["A declaration that replaces itself", () => {
    function setUp(x: number): number {
      // @ts-expect-error A declaration is not meant to be assigned to.
      // deno-lint-ignore no-func-assign
      setUp = (y: number) => y * 100;
      return x;
    }
    return (x: number) => setUp(x);
  }],
  ["An expression whose name stands for something else around it", () => {
    const other = (f: (n: number) => number) => f;
    const twice = (f: (n: number) => number) => (n: number) => 2 * f(n);
    const down = twice(other(function down(n: number): number {
      return n === 0 ? 1 : down(n - 1);
    }));
    return (n: number) => down(n);
  }],
]);

same("Variables are found wherever a text names them", [
  ["In the second argument of import()", () => {
    const options = { with: { type: "json" } } as const;
    return async (x: number) => [x, (await import("./_data.json", options)).default];
  }],
  ["By an escape", () => {
    const value = 5;
    const plus = (0, eval)("(value) => (x) => [x, \\u0076alue, v\\u{61}lue]");
    return plus(value);
  }],
  ["But not `arguments` in the default of a parameter", () => {
    return function (x: number, y = arguments.length) {
      return x + y;
    };
  }],
  ["Nor `arguments` in the default of a method's parameter", () => {
    const o = {
      count(_x: number, y = arguments.length) {
        return y;
      },
    };
    return (x: number) => o.count(x);
  }],
]);
