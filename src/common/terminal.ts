/**
 * The foot of the terminal, such as a status line. Code that prints must first remove the
 * foot, and then have it drawn again below.
 *
 * @module
 */

/** What is shown at the foot of the terminal. */
export interface Foot {
  /** Removes it. */
  clear(): void;
  /** Draws it at the cursor, or again in its place. */
  draw(): void;
}

let foot: Foot | undefined;
/** How many calls are printing at the moment. */
let printing = 0;
/** Whether the printed text ends within a line. */
let within = false;

/** Sets what is shown at the foot; `undefined` for nothing. */
export function setFoot(next: Foot | undefined): void {
  foot?.clear();
  foot = next;
  drawFoot();
}

/** Draws the foot, unless something is printing. */
export function drawFoot(): void {
  if (printing === 0 && !within) foot?.draw();
}

/** Removes the foot before something is printed. Then call {@linkcode endPrinting}. */
export function beginPrinting(): void {
  printing++;
  foot?.clear();
}

/** @param endsWithin Whether the printed text ends within a line. */
export function endPrinting(endsWithin: boolean): void {
  printing--;
  within = endsWithin;
  drawFoot();
}
