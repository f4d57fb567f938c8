/**
 * The symbols by which a class says how its objects travel.
 *
 * @module
 */

import { PACK, UNPACK } from "./common/packing_symbols.ts";

/**
 * The key of the method by which an object says what it is made from again. Objects with
 * `#private` members need it to be items, results, messages, or fields of jobs and errors,
 * for nobody else can read these members; others may use it to travel in another form. It
 * is `Symbol.for("gridengine.pack")`.
 *
 * The method takes no arguments. What it returns may be anything that can travel, also
 * objects of classes. Write it together with the static method {@linkcode unpack}. Both are
 * inherited. In one value, an object is packed once, wherever it occurs; what it is made
 * from cannot hold the object itself.
 *
 * A {@linkcode SerializationError} is thrown if the method throws, or if the class has no
 * method `[unpack]`.
 *
 * @example
 * ```ts
 * import { map, pack, unpack } from "jsr:@x/gridengine";
 * import { deepEqual as assertEquals } from "node:assert/strict";
 *
 * class Account {
 *   #balance: number;
 *   constructor(balance: number) {
 *     this.#balance = balance;
 *   }
 *   get balance(): number {
 *     return this.#balance;
 *   }
 *   [pack](): number {
 *     return this.#balance;
 *   }
 *   static [unpack](balance: number): Account {
 *     return new this(balance);
 *   }
 * }
 *
 * const accounts = await map((x: number) => new Account(x), [1, 2]);
 * assertEquals(await map((account) => account.balance, accounts), [1, 2]);
 * ```
 */
export const pack: unique symbol = PACK as typeof pack;

/**
 * The key of the static method of a class that makes an object from what its method
 * {@linkcode pack} returned. It is called with the very class of the object as `this`, so
 * `new this(…)` makes objects of subclasses, too. It is `Symbol.for("gridengine.unpack")`.
 *
 * In your program it is the method of your own class, but its argument comes from a worker:
 * if you do not trust your workers, check it. If the method throws, the item fails with a
 * {@linkcode SerializationError} whose `cause` is what it has thrown.
 */
export const unpack: unique symbol = UNPACK as typeof unpack;
