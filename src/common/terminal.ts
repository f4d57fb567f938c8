/**
 * Who prints while something stands at the foot of the terminal, such as a line that is
 * drawn again and again, has to have it taken away and drawn anew below.
 *
 * @module
 */

/** What stands there. */
export interface Foot {
  /** Takes it away. */
  clear(): void;
  /** Draws it where the cursor is, or in its place. */
  draw(): void;
}

let foot: Foot | undefined;
/** How many are printing at the moment. */
let printing = 0;
/** Whether what was printed has not come to the end of its line. */
let within = false;

/** Says what stands at the foot from now on, if anything. */
export function setFoot(next: Foot | undefined): void {
  foot?.clear();
  foot = next;
  drawFoot();
}

/** Draws what stands at the foot, unless somebody is printing. */
export function drawFoot(): void {
  if (printing === 0 && !within) foot?.draw();
}

/** Makes room to print something; to be followed by {@linkcode endPrinting}. */
export function beginPrinting(): void {
  printing++;
  foot?.clear();
}

/** @param endsWithin Whether what was printed has not come to the end of its line. */
export function endPrinting(endsWithin: boolean): void {
  printing--;
  within = endsWithin;
  drawFoot();
}
