/**
 * Objects with `#private` fields: only their class can make them, without the doing of its
 * constructor, which its text was changed for.
 *
 * @module
 */

import type { Setter } from "./live_scripts.ts";

/** The setter of one class for its `#private` fields, and the fields that are not set yet. */
interface PrivateFields {
  names: string[];
  set: Setter;
}

/**
 * Passed to constructors: makes them create an object with private fields only. It is one for
 * all graphs: an object may be of a class that came with another one.
 */
export const restore = {
  on: false,
  /** The arguments for a built-in base class. */
  args: [] as unknown[],
  keep: (_names: string[], _set: Setter) => {},
};

/** An object with `#private` fields, which are not set yet, and what sets them. */
export interface Restored {
  object: object;
  set: Setter;
}

/**
 * Makes a class create an instance that has `#private` fields only.
 *
 * @param args The arguments for a built-in base class.
 */
export function restoreObject(
  type: (...args: unknown[]) => unknown,
  args: unknown[] = [],
): Restored {
  const unset: PrivateFields[] = [];
  restore.on = true;
  restore.args = args;
  restore.keep = (names, set) => unset.push({ names, set });
  try {
    const object = Reflect.construct(type, []) as object;
    // Its fields are set later, in the order of the host's object.
    for (const key of Reflect.ownKeys(object)) Reflect.deleteProperty(object, key);
    return { object, set: setterOf(unset) };
  } finally {
    restore.on = false;
  }
}

/** Sets a field: where several classes have one of that name, of the outermost first. */
function setterOf(unset: PrivateFields[]): Setter {
  return (name, value) => {
    const fields = unset.find(({ names }) => names.includes(name));
    if (!fields) throw new TypeError(`The class has no field ${name}`);
    fields.names = fields.names.filter((other) => other !== name);
    fields.set(name, value);
  };
}
