/** Classes, functions and built-in objects that are not what their text or class says. */

import { same } from "./_cases.ts";

same("objects over built-in classes travel as what they are", [
  ["boxed primitives of a user's class", () => {
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
  ["a boxed primitive of a class with private fields", () => {
    class Sealed extends Number {
      #unit = "m";
      text() {
        return `${this} ${this.#unit}`;
      }
    }
    const sealed = new Sealed(7);
    return (x: number) => [x, sealed.text(), +sealed];
  }],
  ["a date with a method of its own", () => {
    const date = Object.assign(new Date(5), { getTime: () => 7 });
    return (x: number) => [x, date.getTime(), Date.prototype.getTime.call(date)];
  }],
  ["a date over another prototype", () => {
    const above = Object.create(Date.prototype, { hi: { value: () => 1 } });
    const date = Object.setPrototypeOf(new Date(5), above);
    return (x: number) => [x, date.hi(), date.getTime()];
  }],
  ["objects over the prototypes of an array and a map, which are none", () => {
    const held = [Object.create(Array.prototype), Object.create(Map.prototype)];
    return (x: number) => [
      x,
      ...held.map((one) => [Array.isArray(one), one instanceof Map]),
    ];
  }],
  ["an object over the prototype of a date, which is none", () => {
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
