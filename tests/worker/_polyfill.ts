/** A module that replaces, on a worker, what JavaScript has, by something of its own. */

const { at } = Array.prototype;

if (Deno.env.has("GE_TEST_POLYFILL")) {
  Array.prototype.at = function (index) {
    return at.call(this, index);
  };
}

if (Deno.env.get("GE_TEST_POLYFILL") === "broken") {
  Object.assign(Array.prototype, { shift: () => undefined, every: () => false });
  Map.prototype.get = () => undefined;
  Uint8Array.prototype.set = () => {};
}

/** Whether it is still there. */
export function isReplaced(): boolean {
  return Array.prototype.at !== at;
}
