/**
 * A module behind another one.
 *
 * @module
 */

/** A constant. */
export const answer = 42;

/** A function whose stack is looked at. */
export function deep(x: number): number {
  return x + answer;
}
