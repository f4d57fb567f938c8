/**
 * How large frames are. V8 of Deno 2.9 takes `length` for an int32 once it has optimized a
 * function (by Maglev), and so calls a frame of more than 2 GiB negative; `byteLength` it
 * does not. So nothing asks a frame that may be large for its `length`.
 *
 * @module
 */

/**
 * Typed arrays in a list from here on are frames of their own, in bytes: a frame costs a
 * call. So few frames of a message are smaller.
 */
export const OWN_FRAME = 4096;

/** How many bytes frames have together. */
export function sizeOf(frames: readonly Uint8Array[]): number {
  let size = 0;
  for (const { byteLength } of frames) size += byteLength;
  return size;
}
