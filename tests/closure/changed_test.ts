/** Classes, functions and built-in objects that are not what their text or class says. */

import { partial } from "../../mod.ts";
import { same } from "./_cases.ts";

same("Objects over built-in classes travel as what they are", [
  ["Boxed primitives of a user's class", () => {
    class Amount extends Number {
      twice() {
        return 2 * Number(this);
      }
    }
    class Word extends String {
      loud() {
        return this.toUpperCase();
      }
    }
    const held = { Amount, amount: new Amount(4), word: new Word("hello") };
    return (x: number) => [
      x + held.amount.twice(),
      held.word.loud(),
      held.word.length,
      held.word instanceof Word,
    ];
  }],
  ["A boxed primitive of a class with private fields", () => {
    class Sealed extends Number {
      #unit = "m";
      text() {
        return `${this} ${this.#unit}`;
      }
    }
    const sealed = new Sealed(7);
    return (x: number) => [x, sealed.text(), +sealed];
  }],
  ["A date with a method of its own", () => {
    const date = Object.assign(new Date(5), { getTime: () => 7 });
    return (x: number) => [x, date.getTime(), Date.prototype.getTime.call(date)];
  }],
  ["A date over another prototype", () => {
    const above = Object.create(Date.prototype, { hi: { value: () => 1 } });
    const date = Object.setPrototypeOf(new Date(5), above);
    return (x: number) => [x, date.hi(), date.getTime()];
  }],
  ["Objects over the prototypes of an array and a map, which are none", () => {
    const held = [Object.create(Array.prototype), Object.create(Map.prototype)];
    return (x: number) => [
      x,
      ...held.map((one) => [Array.isArray(one), one instanceof Map]),
    ];
  }],
  ["An object over the prototype of a date, which is none", () => {
    const none = Object.create(Date.prototype);
    return (x: number) => {
      try {
        return [x, none.getTime()];
      } catch (error) {
        return [none instanceof Date, (error as Error).name];
      }
    };
  }],
]);

same("Classes and functions keep what was changed in them", [
  ["Function.prototype", () => {
    const prototype = Function.prototype;
    return (x: number) => [x, prototype === Function.prototype];
  }],
  ["A class that was put below another one", () => {
    class Upper {
      up() {
        return 1;
      }
    }
    class Lower {}
    Object.setPrototypeOf(Lower.prototype, Upper.prototype);
    return (x: number) => [x, (new Lower() as Upper).up()];
  }],
  ["A class whose instances were put below another one than it extends", () => {
    class Upper {
      up() {
        return 1;
      }
    }
    class Other extends Upper {
      override up() {
        return 2;
      }
    }
    class Lower extends Other {}
    Object.setPrototypeOf(Lower.prototype, Upper.prototype);
    return (x: number) => [x, new Lower().up(), Object.getPrototypeOf(Lower) === Other];
  }],
  ["Deleted methods and accessors", () => {
    const key = "computed";
    class Model {
      static make() {}
      a() {}
      [key]() {}
      b() {}
      get c() {
        return 1;
      }
    }
    Reflect.deleteProperty(Model, "make");
    for (const name of ["a", "c", key]) Reflect.deleteProperty(Model.prototype, name);
    return (x: number) => [
      x,
      Reflect.ownKeys(Model.prototype).map(String),
      Reflect.ownKeys(Model).map(String).toSorted(),
    ];
  }],
  ["What is frozen, with all that its text gives", () => {
    class Model {
      static size = 1;
      static make() {}
      a() {}
    }
    const f = Object.freeze(function () {});
    Object.freeze(Model);
    Object.freeze(Model.prototype);
    return (x: number) => [x, ...[Model, Model.prototype, f].map(Object.isFrozen)];
  }],
  ["Another name and length", () => {
    class Model {}
    const f = (a: number, b: number) => a + b;
    const g = () => 1;
    Object.defineProperty(Model, "name", { value: "Other" });
    Object.defineProperty(Model, "length", { value: 7 });
    Object.defineProperty(f, "length", { value: 9 });
    Object.defineProperty(g, "name", { value: "other", writable: true });
    return (x: number) => [
      [x, Model.name, Model.length, f.length, f(1, 2)],
      Object.getOwnPropertyDescriptor(g, "name"),
    ];
  }],
  ["A name that is no text, and an empty one", () => {
    class Model {
      static override = 1;
    }
    const f = () => 1;
    Object.defineProperty(Model, "name", { value: 5 });
    Object.defineProperty(f, "name", { value: "" });
    return (x: number) => [x, Model.name, f.name];
  }],
  ["Without a name and a length", () => {
    class Model {}
    function f(_a: number) {}
    for (const one of [Model, f]) {
      for (const key of ["name", "length"]) Reflect.deleteProperty(one, key);
    }
    return (x: number) => [x, [Model, f].map((one) => Reflect.ownKeys(one).length > 1)];
  }],
  ["Another constructor, or none", () => {
    class One {}
    class Two {}
    function Three() {}
    const changed = One.prototype as { constructor: unknown };
    changed.constructor = Array;
    Reflect.deleteProperty(Two.prototype, "constructor");
    Three.prototype.constructor = Map;
    return (x: number) => [
      x,
      changed.constructor === Array,
      Object.hasOwn(Two.prototype, "constructor"),
      Three.prototype.constructor === Map,
    ];
  }],
  ["A method under two names, and outside", () => {
    class Model {
      static make() {}
      a() {
        return 1;
      }
      get b() {
        return 2;
      }
    }
    const prototype = Model.prototype as Model & { again: unknown };
    prototype.again = prototype.a;
    const { get } = Object.getOwnPropertyDescriptor(prototype, "b")!;
    const held = { a: prototype.a, make: Model.make, get };
    return (x: number) => [
      x,
      prototype.again === prototype.a,
      held.a === prototype.a,
      held.make === Model.make,
      held.get === Object.getOwnPropertyDescriptor(prototype, "b")!.get,
    ];
  }],
  ["A method that stands under another name only", () => {
    class Upper {
      text() {
        return "upper";
      }
    }
    class Lower extends Upper {
      override text() {
        return `${super.text()} lower`;
      }
    }
    const { prototype } = Lower as { prototype: { old?: () => string } };
    prototype.old = Lower.prototype.text;
    Lower.prototype.text = () => "new";
    return (x: number) => [x, prototype.old!(), new Lower().text()];
  }],
  ["Attributes of a method and an accessor", () => {
    class Model {
      a() {}
      get b() {
        return 1;
      }
    }
    Object.defineProperty(Model.prototype, "a", { writable: false, enumerable: true });
    Object.defineProperty(Model.prototype, "b", { enumerable: true });
    return (x: number) => [
      x,
      ...["a", "b"].map((key) => {
        const own = Object.getOwnPropertyDescriptor(Model.prototype, key)!;
        return [own.writable, own.enumerable, own.configurable];
      }),
    ];
  }],
  ["Properties of a bound function, and of a partial", () => {
    const add = (a: number, b: number) => a + b;
    const bound = Object.assign(add.bind(null, 1), { unit: "m" });
    Object.defineProperty(bound, "name", { value: "plus" });
    const closed = Object.assign(partial(add, 2), { unit: "s" });
    return (x: number) => [
      [bound(x), bound.unit, bound.name, bound.length],
      [closed(x), closed.unit, closed.name, closed.length],
    ];
  }],
]);

same("Functions are called as they would be here", [
  ["Sloppy ones", () => {
    const isGlobal = new Function("return this === globalThis");
    const octal = new Function("n", "undeclared = 010; return n + undeclared");
    return (x: number) => [isGlobal(), octal(x)];
  }],
  ["Strict ones", () => {
    const isNothing = new Function('"use strict"; return this === undefined');
    function own(this: unknown) {
      return this === undefined;
    }
    return (x: number) => [x, isNothing(), own()];
  }],
  ["With the arguments object of another call", () => {
    const args = (function (..._: number[]) {
      return arguments;
    })(1, 2);
    return (x: number) => [
      [x, args.length, ...args],
      Object.prototype.toString.call(args),
      Object.keys(args),
    ];
  }],
  ["By new, and by call", () => {
    const kind = function () {
      return new.target === undefined ? ["called"] : ["made"];
    };
    return (x: number) => [x, kind(), Reflect.construct(kind, [])];
  }],
  ["With a class whose text has no semicolons", () => {
    const make = (0, eval)(`(() => class Model {
      before = 1
      static { this.ready = true }
      *steps() { yield this.before }
      static size = 2;
      *[Symbol.iterator]() { yield* this.steps() }
    })`);
    const Model = make();
    return (x: number) => [x, ...new Model(), Model.ready, Model.size];
  }],
]);

same("Arrays keep what their elements are", [
  ["Accessors, which are not called here", () => {
    let calls = 0;
    const array = [1, 2];
    Object.defineProperty(array, 1, { get: () => ++calls, enumerable: true });
    return (x: number) => [x, array[1], calls, array.length];
  }],
  ["An accessor behind a hole", () => {
    const array: number[] = [];
    Object.defineProperty(array, 3, { get: () => 5, configurable: true });
    return (x: number) => [x, array[3], 0 in array, Object.keys(array)];
  }],
  ["Elements and a length that are read only", () => {
    const [element, length] = [[1, 2], [3, 4]];
    Object.defineProperty(element, 0, { writable: false });
    Object.defineProperty(length, "length", { writable: false });
    return (x: number) => [
      [x, element, length],
      Object.getOwnPropertyDescriptor(element, 0),
      Object.getOwnPropertyDescriptor(length, "length"),
    ];
  }],
]);

same("What stands in the way of a look is not asked", [
  ["The prototype of a generator that is none", () => {
    const steps = function* () {
      yield 1;
    };
    Reflect.set(steps, "prototype", 5);
    return (x: number) => [x, ...steps(), Reflect.get(steps, "prototype")];
  }],
  ["A name that throws, or is no text", () => {
    const named = (value: PropertyDescriptor) =>
      Object.defineProperty((x: number) => x + 1, "name", value);
    const throwing = named({
      get() {
        throw new Error("no name");
      },
    });
    const numbered = named({ value: 5 });
    return (x: number) => [throwing(x), numbered(x), numbered.name];
  }],
  [
    "The function's own name, if that throws",
    () =>
      Object.defineProperty((x: number) => x + 1, "name", {
        get() {
          throw new Error("no name");
        },
      }),
  ],
  ["toString of an address", () => {
    const address = Object.assign(new URL("http://localhost/a"), {
      toString: () => "none",
      tag: 1,
    });
    return (x: number) => [x, address.href, address.tag, `${address}`];
  }],
]);
