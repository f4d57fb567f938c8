/**
 * Objects whose class makes them again from data must not be in that data, wherever: they
 * could not be made.
 *
 * @module
 */

/** What a copy holds. */
function* heldBy(object: object): Iterable<unknown> {
  if (ArrayBuffer.isView(object)) return;
  if (object instanceof Map) yield* [...object].flat();
  else if (object instanceof Set) yield* object;
  if (Array.isArray(object)) return yield* Object.values(object);
  for (const key of Reflect.ownKeys(object)) {
    const own = Object.getOwnPropertyDescriptor(object, key)!;
    if ("value" in own) yield own.value;
  }
}

/**
 * Goes through the data of what stands for objects, in the order in which these are made.
 *
 * @param stands What stands for them, and the data.
 * @param others What a copy holds apart from its own.
 * @returns What stands for one that is in its own data, if there is one.
 */
export function findCircle(
  stands: Iterable<[stand: object, data: unknown]>,
  others: (copy: object) => Iterable<unknown>,
): object | undefined {
  const made = new Map<unknown, boolean>();
  const all = [...stands];
  for (const [stand] of all) made.set(stand, false);
  const seen = new Set<unknown>();
  for (const [stand, data] of all) {
    const waiting = [data];
    while (waiting.length > 0) {
      const next = waiting.pop();
      if (typeof next !== "object" || next === null || seen.has(next)) continue;
      if (made.get(next) === false) return next;
      if (made.has(next)) continue;
      seen.add(next);
      for (const held of heldBy(next)) waiting.push(held);
      for (const held of others(next)) waiting.push(held);
    }
    made.set(stand, true);
  }
  return undefined;
}
