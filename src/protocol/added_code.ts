/**
 * Codes that add to another: functions and classes that are met among the items of a run.
 *
 * @module
 */

/** The first byte of a code that adds to another: functions and classes of items. */
const MORE = 6;
/** That byte, three that are not used, and the number of the other code, uint32. */
const MORE_HEAD = 8;
/** Numbers of nodes in codes that add to others: these are the code's times this. */
const PER_CODE = 2 ** 32;

/** A code that adds to the one with this number, as bytes. */
export function withMain(graph: Uint8Array, main: number): Uint8Array {
  const bytes = new Uint8Array(MORE_HEAD + graph.byteLength);
  bytes[0] = MORE;
  new DataView(bytes.buffer).setUint32(4, main, true);
  bytes.set(graph, MORE_HEAD);
  return bytes;
}

/** The number of the code that this one adds to, if it does, and what it adds. */
export function mainOf(
  bytes: Uint8Array,
): { main: number; graph: Uint8Array } | undefined {
  if (bytes[0] !== MORE) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { main: view.getUint32(4, true), graph: bytes.subarray(MORE_HEAD) };
}

/** A number for a node of a code that adds to another. */
export function numberIn(code: number, node: number): number {
  return code * PER_CODE + node;
}

/** The code and the node that a number stands for; code 0 is the one that is run. */
export function nodeOf(number: number): { code: number; node: number } {
  return { code: Math.floor(number / PER_CODE), node: number % PER_CODE };
}
