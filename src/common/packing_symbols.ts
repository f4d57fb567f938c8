/**
 * The methods of a class that say how its objects travel: see `src/pack.ts`.
 *
 * @module
 */

/** The key of the method that gives what an object is made from again. */
export const PACK: symbol = Symbol.for("gridengine.pack");
/** The key of the static method that makes an object from that. */
export const UNPACK: symbol = Symbol.for("gridengine.unpack");

/** Whether an object says itself what it is made from again. */
export function packsItself(
  object: object,
): object is object & Record<symbol, () => unknown> {
  try {
    return typeof (object as Record<symbol, unknown>)[PACK] === "function";
  } catch {
    // It is a proxy, or inherits from one, that does not tell.
    return false;
  }
}

/** Makes an object of the class with this prototype; nothing if the class has no method. */
export function unpackerOf(
  prototype: object,
): ((data: unknown) => unknown) | undefined {
  const type: unknown = Object.getOwnPropertyDescriptor(prototype, "constructor")
    ?.value;
  if (typeof type !== "function" || type.prototype !== prototype) return undefined;
  const make = (type as unknown as Record<symbol, unknown>)[UNPACK];
  if (typeof make !== "function") return undefined;
  return (data) => {
    const made: unknown = make.call(type, data);
    if (made !== undefined) return made;
    throw new TypeError("It returned nothing: it must return the object");
  };
}
