/**
 * Puts objects where something stands for them: see `instances.ts`.
 *
 * @module
 */

/** Objects and symbols, by what stands for them. */
export type Made = Map<unknown, unknown>;

/**
 * Puts what they stand for in place of what stands for it, wherever that is.
 *
 * @param roots Where to look.
 * @param made What is known by now.
 * @param seen The objects that were looked into before, and are now.
 * @param waiting What completes an object, which is called when it is met.
 */
export function replaceStands(
  roots: object[],
  made: Made,
  seen: Set<object>,
  waiting: Map<unknown, (made: Made) => void> = new Map(),
): void {
  const left = [...roots];
  const enter = (value: unknown): unknown => {
    if (made.has(value)) return made.get(value);
    if (typeof value === "object" && value !== null && !ArrayBuffer.isView(value)) {
      left.push(value);
    }
    return value;
  };
  for (let next; (next = left.pop());) {
    if (seen.has(next)) continue;
    seen.add(next);
    waiting.get(next)?.(made);
    if (next instanceof Map) {
      const entries = [...Map.prototype.entries.call(next)];
      Map.prototype.clear.call(next);
      for (const [key, value] of entries) {
        Map.prototype.set.call(next, enter(key), enter(value));
      }
    } else if (next instanceof Set) {
      const values = [...Set.prototype.values.call(next)];
      Set.prototype.clear.call(next);
      for (const value of values) Set.prototype.add.call(next, enter(value));
    }
    for (const key of Reflect.ownKeys(next)) {
      const own = Object.getOwnPropertyDescriptor(next, key)!;
      if (!("value" in own)) continue;
      const value = enter(own.value);
      if (value !== own.value) Object.defineProperty(next, key, { ...own, value });
    }
  }
}
