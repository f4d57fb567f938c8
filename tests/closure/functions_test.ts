/** Functions of every form, and what is peculiar to each. */

import { same, throwing } from "./_cases.ts";

same("Functions of every form travel", [
  ["An arrow with an expression", () => (x: number) => x + 1],
  ["An arrow that gives an object", () => (x: number) => ({ x })],
  ["An arrow with one bare parameter, and a line break", () => {
    const k = 2;
    return (x: number) => // a comment
    (x * k);
  }],
  ["An async arrow", () => {
    const k = 2;
    return async (x: number) => await Promise.resolve(x * k);
  }],
  ["A declaration", () => {
    const k = 3;
    function f(x: number) {
      return x * k;
    }
    return f;
  }],
  ["An async declaration", () => {
    const k = 3;
    async function f(x: number) {
      return await Promise.resolve(x * k);
    }
    return f;
  }],
  ["An expression without a name", () => {
    const k = 4;
    return function (x: number) {
      return x * k;
    };
  }],
  [
    "An expression that calls itself by its name",
    () => {
      const one = 1n;
      return function factorial(n: number): bigint {
        return n < 2 ? one : BigInt(n) * factorial(n - 1);
      };
    },
    5,
    25,
  ],
  [
    "A declaration that calls itself",
    () => {
      function depth(x: unknown[]): number {
        return 1 + Math.max(0, ...x.map((y) => depth(y as unknown[])));
      }
      return depth;
    },
    [[]],
    [[[[]]], []],
  ],
  [
    "Functions that call each other",
    () => {
      const isEven = (n: number): boolean => n === 0 || isOdd(n - 1);
      const isOdd = (n: number): boolean => n > 0 && isEven(n - 1);
      return isEven;
    },
    10,
    7,
  ],
  [
    "A generator",
    () => {
      const step = 2;
      function* count(to: number) {
        for (let i = 0; i < to; i += step) {
          const sent: number | undefined = yield i;
          if (sent !== undefined) i = sent;
        }
        return "end";
      }
      return (to: number) => {
        const going = count(to);
        return [going.next(), going.next(3), going.next(), [...count(5)]];
      };
    },
    10,
    3,
  ],
  ["A generator that hands on to another", () => {
    function* walk(tree: unknown): Generator<unknown> {
      if (Array.isArray(tree)) { for (const branch of tree) yield* walk(branch); }
      else yield tree;
    }
    return (tree: unknown) => [...walk(tree)];
  }, [1, [2, [3]]]],
  [
    "An async generator",
    () => {
      const k = 10;
      async function* ticks(n: number) {
        for (let i = 0; i < n; i++) yield await Promise.resolve(i * k);
      }
      return async (n: number) => await Array.fromAsync(ticks(n));
    },
    0,
    3,
  ],
  ["Generator objects inherit from their function", () => {
    function* g() {
      yield 1;
    }
    g.prototype.first = function () {
      return [...this][0];
    };
    return () => [g() instanceof g, (g() as unknown as { first(): number }).first()];
  }],
  ["A method of an object", () => {
    const k = 5;
    return {
      f(x: number) {
        return x * k;
      },
    }.f;
  }],
  ["Methods with odd names", () => {
    const k = 5, symbol = Symbol("s");
    const methods = {
      "a b"(x: number) {
        return x + k;
      },
      12(x: number) {
        return x + k;
      },
      async(x: number) {
        return x + 1;
      },
      get(x: number) {
        return x + k;
      },
      set(x: number) {
        return x + 1;
      },
      static(x: number) {
        return x + 1;
      },
      function(x: number) {
        return x + 1;
      },
      class(x: number) {
        return x + 1;
      },
      [`computed ${k}`](x: number) {
        return x + 1;
      },
      [symbol](x: number) {
        return x + 1;
      },
      constructor(x: number) {
        return x + 1;
      },
      __proto__(x: number) {
        return x + 1;
      },
    };
    const all = Reflect.ownKeys(methods).map((key) =>
      (methods as unknown as Record<PropertyKey, (x: number) => number>)[key]!
    );
    return (x: number) => all.map((f) => [f.name, f(x)]);
  }],
  ["Async and generator methods", () => {
    const k = 5;
    const { a, g, ag } = {
      async a(x: number) {
        return await Promise.resolve(x + k);
      },
      *g(x: number) {
        yield* [x, k];
      },
      async *ag(x: number) {
        yield await Promise.resolve(x + k);
      },
    };
    return async (x: number) => [await a(x), [...g(x)], await Array.fromAsync(ag(x))];
  }],
  ["Getters and setters", () => {
    let kept = 1;
    const box = {
      get value() {
        return kept;
      },
      set value(x) {
        kept = x + 1;
      },
    };
    const { get, set } = Object.getOwnPropertyDescriptor(box, "value")!;
    return (x: number) => {
      box.value = x;
      return [box.value, get!(), set!(5), box.value, get!.name];
    };
  }],
  [
    "`this` of a method is what stands before the dot",
    () => {
      const counter = {
        n: 1,
        add(x: number) {
          this.n += x;
          return this;
        },
        late() {
          return [1, 2].map((x) => x + this.n);
        },
      };
      return (x: number) => [counter.add(x).add(x).n, counter.late()];
    },
    1,
    2,
  ],
  ["`this` that is given by call", () => {
    function f(this: { k: number }, x: number) {
      return [this.k, x];
    }
    return (x: number) => [f.call({ k: 1 }, x), f.apply({ k: 2 }, [x])];
  }],
  ["A bound function", () => {
    const add = (a: number, b: number, c: number) => [a, b, c];
    return add.bind(null, 1, 2);
  }],
  [
    "A bound method, bound again",
    () => {
      const at = { k: 3 };
      function f(this: { k: number }, a: number, b: number) {
        return [this.k++, a, b];
      }
      const bound = f.bind(at, 1).bind({ k: 9 });
      return (x: number) => [bound(x), at.k, bound.name, bound.length];
    },
    1,
    2,
  ],
  ["Bound built-ins", () => Math.max.bind(Math, 2), 1, 3],
  ["`arguments`", () => {
    const k = 1;
    // deno-lint-ignore no-explicit-any
    function f(..._: any[]) {
      return [arguments.length, ...arguments, k];
    }
    return (x: number) => [f(), f(x, 2)];
  }],
  ["`arguments` of the function around an arrow, which travels, too", () => {
    function f(_a: number) {
      return [1].map(() => arguments[0]);
    }
    return f;
  }],
  ["Rest parameters and spread arguments", () => {
    const sum = (...all: number[]) => all.reduce((a, b) => a + b, 0);
    return (x: number) => [sum(...[x, x], 1), Math.max(...[x, 2])];
  }],
  ["Tagged templates", () => {
    const tag = ({ raw }: TemplateStringsArray, ...values: unknown[]) => [raw, values];
    return (x: number) => tag`a\n${x}b${x + 1}`;
  }],
  ["A tagged template gives the same object each time", () => {
    const seen = new Set<object>();
    const tag = (parts: TemplateStringsArray) => seen.add(parts).size;
    const f = () => tag`a`;
    return () => [f(), f()];
  }],
  ["Optional chaining", () => {
    const nothing = undefined as { f?: () => number } | undefined;
    const thing = { f: () => 1, deep: { list: [1] } as { list?: number[] } };
    return (x: number) => [nothing?.f?.(), thing?.f?.(), thing.deep.list?.[x], x];
  }],
  ["new.target", () => {
    function F(this: unknown): unknown {
      return { called: new.target === undefined, made: new.target === F };
    }
    return () => [F.call(null), Reflect.construct(F, [])];
  }],
  [
    "Regular expressions with names and flags",
    () => {
      const date = /(?<year>\d{4})-(?<month>\d\d)/dv, unicode = /\p{Lu}+/gu;
      return (x: string) => [
        date.exec(x)?.groups?.year,
        date.exec(x)?.indices?.[0],
        x.match(unicode),
        x.replaceAll(/(?<!\d)1/g, "$&$&"),
      ];
    },
    "AB 2024-12",
    "1 11",
  ],
]);

throwing("what functions throw arrives", [
  ["An error of a closure", () => {
    const limit = 1;
    return (x: number) => {
      throw new RangeError(`${x} is more than ${limit}`);
    };
  }],
  ["A call of what is no function", () => {
    const thing = { f: 1 as unknown as () => void };
    return () => thing.f();
  }],
  ["A property of undefined", () => {
    const thing = {} as { inner: { k: number } };
    return () => thing.inner.k;
  }],
  ["An arrow that is made with new", () => {
    const arrow = () => {};
    return () => Reflect.construct(arrow, []);
  }],
  ["A strict function assigns to what is not there", () => () => {
    // @ts-ignore: there is no such variable
    notDeclared = 1;
  }],
  ["What is no error", () => {
    const what = { code: 5 };
    return () => {
      throw what;
    };
  }],
  ["An async function rejects", () => {
    const why = "later";
    return async () => {
      await Promise.resolve();
      throw new TypeError(why);
    };
  }],
]);
