/**
 * Built-ins that no global name leads to: they are reached only by objects that syntax makes.
 *
 * @module
 */

/** The first step of the path to one of them. */
export const HIDDEN = "(hidden)";

const generator = function* () {};
const asyncGenerator = async function* () {};

/** By their names in the specification, ECMA-262. */
export const hiddenBuiltins: { [HIDDEN]: Record<string, unknown> } = {
  [HIDDEN]: {
    AsyncFunction: (async () => {}).constructor,
    GeneratorFunction: generator.constructor,
    AsyncGeneratorFunction: asyncGenerator.constructor,
    GeneratorPrototype: Object.getPrototypeOf(generator.prototype),
    AsyncGeneratorPrototype: Object.getPrototypeOf(asyncGenerator.prototype),
    TypedArray: Object.getPrototypeOf(Uint8Array),
    TypedArrayPrototype: Object.getPrototypeOf(Uint8Array.prototype),
    ArrayIteratorPrototype: Object.getPrototypeOf([][Symbol.iterator]()),
  },
};
