/** Which variables a function takes along, whatever its text looks like. */

import { same, throwing } from "./_cases.ts";

const here = { factor: 7 };
let counted = 0;
/** Counts in a variable of its module. */
function count(): number {
  return ++counted;
}

same("Functions find the variables around them", [
  ["A constant", () => {
    const k = 3;
    return (x: number) => x * k;
  }],
  ["A variable of the module", () => (x: number) => x * here.factor],
  ["A variable of the module that functions assign to", () => {
    counted = 5;
    return (x: number) => [x, count(), count(), counted];
  }],
  ["Two functions that assign to a variable of the module and one around", () => {
    counted = 5;
    let own = 0;
    const both = () => {
      own++;
      counted++;
    };
    return (x: number) => {
      both();
      both();
      return [x, own, counted];
    };
  }],
  ["A parameter of the function around", () => {
    const around = (k: number) => (x: number) => [x, k];
    return around(4);
  }],
  ["Parameters that are destructured with defaults", () => {
    const around = ({ a, b: [c = 5] = [], ...rest }: {
      a: number;
      b?: number[];
      d: number;
    }) =>
    (x: number) => [x, a, c, rest];
    return around({ a: 1, d: 2 });
  }],
  ["The names that destructuring makes are its own", () => {
    const a = 1, b = 2, c = 3;
    return (x: number) => {
      const { a: own = b, ...rest } = { c: x } as Record<string, number>;
      const [d = c, ...others] = [] as number[];
      return [own, rest, d, others, a];
    };
  }],
  [
    "Destructuring assignments to variables around",
    () => {
      let a = 1, b = 2, rest: number[] = [];
      return (x: number) => {
        [a, b, ...rest] = [b, a, x, ...rest];
        ({ a = 9 } = { a });
        return [a, b, rest];
      };
    },
    1,
    2,
    3,
  ],
  ["A parameter shadows", () => {
    const x = 100, y = 10;
    const use = (x: number) => x + y;
    return (y: number) => use(y) + x;
  }],
  ["A block shadows, and only in it", () => {
    const k = 1;
    return (x: number) => {
      const before = k;
      {
        const k = x;
        if (k > 1) return [before, k];
      }
      return [before, k];
    };
  }],
  ["A var shadows in the whole function", () => {
    const k = 1;
    const get = () => k;
    return (x: number) => {
      const before = typeof k;
      if (x > 1) {
        // deno-lint-ignore no-var no-inner-declarations
        var k: number | undefined = x;
      }
      return [before, k, get()];
    };
  }],
  ["A catch clause shadows", () => {
    const error = "outer";
    return (x: number) => {
      try {
        if (x > 1) throw "inner";
      } catch (error) {
        return error;
      }
      return error;
    };
  }],
  ["A function further down shadows", () => {
    const helper = () => "outer";
    return (x: number) => {
      return x > 1 ? helper() : outer();
      function helper() {
        return "inner";
      }
    };
    function outer() {
      return helper();
    }
  }],
  ["The innermost of three of one name", () => {
    const k = "outer";
    const outer = () => k;
    {
      const k = "middle";
      const middle = () => k;
      {
        const k = "inner";
        return (x: number) => [x, k, middle(), outer()];
      }
    }
  }],
  ["The variable of a catch clause", () => {
    try {
      throw new Error("caught");
    } catch (error) {
      return (x: number) => [x, (error as Error).message];
    }
  }],
  ["The name of a global that is a variable here", () => {
    const name = "mine", Math = { max: () => "no Math" };
    return (x: number) => [x, name, Math.max()];
  }],
  ["Labels that look like variables", () => {
    const outer = 5;
    return (x: number) => {
      let steps = 0;
      outer: for (let i = 0; i < 3; i++) {
        for (;;) {
          steps++;
          if (i < x) continue outer;
          break outer;
        }
      }
      return [steps, outer];
    };
  }],
  ["Property names that look like variables", () => {
    const unsent = new WeakMap(), key = "k";
    const f = (x: number) => {
      const own = {
        unsent: x,
        [key]: 1,
        get other() {
          return key;
        },
      };
      const { unsent: renamed } = own;
      return [own.unsent, renamed, own.other, own[key], "unsent"];
    };
    return unsent ? f : String;
  }],
  [
    "Words in texts, comments and expressions that look like variables",
    () => {
      const lock = new WeakSet();
      const f = (x: string) => {
        // lock
        return [/lock/.test(x), `lock ${x}`, "lock"];
      };
      return lock ? f : String;
    },
    "lock",
    "key",
  ],
  ["Shorthand properties", () => {
    const a = 1, b = [2];
    return (x: number) => ({ a, b, x });
  }],
  ["Computed keys", () => {
    const key = "dynamic", symbol = Symbol.for("of the registry");
    return (x: number) => {
      const made = { [key]: x, [`${key}2`]: 2, [symbol]: 3 };
      return [made.dynamic, made.dynamic2, made[symbol], { [key + x]: x }];
    };
  }],
  ["Default parameters", () => {
    const fallback = { k: 5 }, twice = (x: number) => 2 * x;
    return (x: number, y = fallback.k, z = twice(y)) => [x, y, z];
  }],
  ["Default parameters see the parameters before them, not the body", () => {
    const y = "outer";
    return (x: number, f = () => [x, y]) => {
      const y = "inner";
      return [f(), y];
    };
  }],
  ["Primitive values of every kind", () => {
    const values = [
      0,
      -0,
      NaN,
      Infinity,
      "",
      "ü\u{1F600}\ud800",
      true,
      null,
      undefined,
    ];
    const [zero, minus, nan, inf, empty, text, yes, none, nothing] = values;
    const big = -(2n ** 70n);
    return () => [
      zero,
      Object.is(minus, -0),
      nan,
      inf,
      empty,
      text,
      yes,
      none,
      nothing,
      big,
    ];
  }],
  ["What is used inside of nested functions only", () => {
    const k = 6;
    return (x: number) => [x].map((y) => (() => (() => y * k)())());
  }],
  ["What is used in the parts of a template", () => {
    const a = "A", f = (s: string) => s.toLowerCase();
    return (x: number) => `${`${f(a)}${x}`}${a}`;
  }],
  ["typeof of what is not there", () => () => {
    // @ts-ignore: there is no such variable
    return typeof thereIsNone;
  }],
  ["Globals of the platform", () => (x: number) => [
    structuredClone({ x }),
    new TextEncoder().encode("ä"),
    btoa("x"),
    Object.keys(globalThis).length > 0,
    typeof Deno.version.deno,
    encodeURIComponent("ä b"),
  ]],
  ["Names with letters of other languages and signs", () => {
    const größe = 3, $ = 1, _ = 2, ñandú$1 = 4;
    return (x: number) => [größe, $, _, ñandú$1, x];
  }],
  ["A variable whose name is that of a property of all objects", () => {
    const toString = 1, constructor = 2, valueOf = 3;
    return (x: number) => [toString, constructor, valueOf, x];
  }],
  ["Exotic statements", () => (x: number) => {
    const found: unknown[] = [];
    do found.push(x--); while (x > 0);
    switch (x) {
      case 0: {
        const k = "zero";
        found.push(k);
        break;
      }
      default:
        found.push("other");
    }
    for (const k in { a: 1 }) found.push(k);
    try {
      if (x < 1) throw x;
    } catch {
      found.push("caught");
    } finally {
      found.push("finally");
    }
    return found;
  }],
  ["A resource that is disposed of", () => {
    const log: string[] = [];
    const open = (name: string) => ({
      [Symbol.dispose]() {
        log.push(`close ${name}`);
      },
    });
    return (x: number) => {
      {
        using _a = open("a"), _b = open("b");
        log.push(`${x}`);
      }
      return [...log];
    };
  }],
]);

throwing("functions that find no variable throw as they do here", [
  ["A variable that is not there", () => () => {
    // @ts-ignore: there is no such variable
    return thereIsNone;
  }],
  ["A variable around it that has no value yet", () => {
    return () => later;
    // deno-lint-ignore no-unreachable
    const later = 1;
  }],
  ["A variable without value that has the name of a global", () => {
    return () => Math.max();
    // deno-lint-ignore no-unreachable
    const Math = { max: () => "mine" };
  }],
  ["A variable of its own before it has a value", () => () => {
    const get = () => later;
    const now = get();
    const later = 1;
    return now;
  }],
  ["A default that uses a parameter after it", () => (x: number) => {
    const f = (a = (): unknown => b, b: unknown = a()): unknown => [a, b];
    return x > 0 ? f() : f;
  }],
]);
