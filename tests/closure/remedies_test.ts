/** What the documentation says to do instead of what cannot travel, does. */

import { same } from "./_cases.ts";

same("What cannot travel has a remedy that works", [
  ["A generator: its function", () => {
    const steps = function* (n: number) {
      yield n;
      yield n + 1;
    };
    return (x: number) => [...steps(x)];
  }],
  ["An iterator: an array", () => {
    const values = [...new Map([[1, 2]]).values()];
    return (x: number) => [x, ...values];
  }],
  ["An object over a class of the platform: made inside", () => {
    class Query extends URLSearchParams {
      first() {
        return [...this][0];
      }
    }
    return (x: number) => new Query(`a=${x}`).first();
  }],
  ["Objects over built-in classes that travel", () => {
    class Failure extends RangeError {
      code = 3;
    }
    class List extends Array<number> {
      last() {
        return this.at(-1);
      }
    }
    class Table extends Map<string, number> {}
    class Names extends Set<string> {}
    class Day extends Date {}
    class Word extends RegExp {}
    class Flag extends Boolean {}
    class Bytes extends Uint8Array<ArrayBuffer> {}
    const [failure, list, table] = [
      new Failure("far"),
      List.of(1, 2) as List,
      new Table([["a", 1]]),
    ];
    const [names, day, word, flag, bytes] = [
      new Names(["a"]),
      new Day(5),
      new Word("a"),
      new Flag(true),
      new Bytes(new ArrayBuffer(2)),
    ];
    return (x: number) => [
      [x, failure.message, failure.code, failure instanceof RangeError],
      [list.last(), table.get("a"), names.has("a"), day.getTime()],
      [word.test("a"), flag.valueOf(), bytes.length],
    ];
  }],
  ["`this`: a variable", () => {
    class Model {
      weight = 2;
      reader() {
        // deno-lint-ignore no-this-alias
        const self = this;
        return (x: number) => self.weight * x;
      }
    }
    return new Model().reader();
  }],
  ["A field that is an arrow function: a method", () => {
    class Model {
      weight = 2;
      times(x: number) {
        return this.weight * x;
      }
    }
    const model = new Model();
    return (x: number) => model.times(x);
  }],
  ["`arguments`: a variable", () => {
    const around = function (..._: number[]) {
      const args = [...arguments];
      return (x: number) => [x, ...args];
    };
    return around(1, 2);
  }],
  ["`new.target`: a variable", () => {
    const around = function () {
      const target = new.target;
      return (x: number) => [x, target === undefined];
    };
    return around();
  }],
  ["`super`: the name of what it means, in an object", () => {
    const base = {
      hi() {
        return "base";
      },
    };
    const below = {
      __proto__: base,
      hi() {
        return `${base.hi.call(this)}!`;
      },
    };
    return (x: number) => [x, below.hi()];
  }],
  ["`super`: the name of what it means, in a method alone", () => {
    class Base {
      hi() {
        return "base";
      }
    }
    class Below extends Base {
      override hi() {
        return `${Base.prototype.hi.call(this)}!`;
      }
    }
    const { hi } = Below.prototype;
    return (x: number) => [x, hi.call(new Base())];
  }],
  ["A private name: a method", () => {
    class Model {
      #weight = 2;
      static read(model: Model) {
        return model.#weight;
      }
    }
    const model = new Model();
    return (x: number) => [x, Model.read(model)];
  }],
  ["The name of a function expression: a variable of another name", () => {
    const wrap = <T>(f: T) => f;
    const counting: (n: number) => () => unknown = wrap(function counter(n: number) {
      return () => n > 2 ? n : counting(n + 1)();
    });
    const begin = counting(0);
    return (x: number) => [x, begin()];
  }],
  ["A computed field: its key in a method, too", () => {
    const key = "weight";
    class Model {
      [key] = 5;
      keys() {
        return [key];
      }
    }
    return (x: number) => [x, new Model().weight, new Model().keys()];
  }],
  ["`with`: the object's name", () => {
    const config = { scale: 2 };
    return (x: number) => x * config.scale;
  }],
  ["A shared variable: a property of an object", () => {
    const counter = () => {
      const state = { n: 0 };
      return { inc: () => ++state.n, get: () => state.n };
    };
    const [a, b] = [counter(), counter()];
    return (x: number) => {
      a.inc();
      return [x, a.get(), b.get()];
    };
  }],
  ["A generator or a function as a result: what it gives", () => {
    const squares = function* (n: number) {
      for (let i = 0; i < n; i++) yield i ** 2;
    };
    return (n: number) => [...squares(n)];
  }],
  ["A long linked list: an array of its parts", () => {
    const parts = Array.from({ length: 5000 }, (_, i) => i);
    return (x: number) => [parts.length + x, parts.at(-1)];
  }],
  ["A global that the program set: a variable", () => {
    const global = globalThis as { unit?: string };
    global.unit = "m";
    const { unit } = global;
    delete global.unit;
    return (x: number) => `${x} ${unit}`;
  }],
  ["A response: what is in it", () => async (x: number) => {
    const response = new Response(`${x}`);
    return await response.text();
  }],
]);
