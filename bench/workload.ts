/**
 * What a workload is.
 *
 * @module
 */

/** What a contender is told to do: as JSON, for it may be written in another language. */
export interface Task {
  /** Which function is mapped; see `ours.ts`, `peers/functions.mjs` and `peers.py`. */
  do: "square" | "record" | "line" | "length" | "array" | "sleep";
  /**
   * Over what: the numbers below this, so many records, so many lines of text, so many
   * arrays of 1 MB, so many times the length of such an array; or rows of how many times
   * and for how many milliseconds to sleep.
   */
  items: number | number[][];
  /** Each item is to be handed out alone. */
  oneByOne?: boolean;
  /** How many times in a row; the figure is the mean. */
  repeat?: number;
}

/** How we must stand beside somebody, as ours / theirs. */
export interface Target {
  /** The name of a contender, or `"ideal"`. */
  beside: string;
  ratio: number;
}

/** Something to be measured. */
export interface Workload {
  title: string;
  /** `undefined` for a whole program, measured from outside. */
  task?: Task;
  /** What a time in milliseconds is divided by, and what that gives. */
  per: [calls: number, unit: string];
  targets: Target[];
  /** How long it takes if nothing but the functions themselves takes time, in ms. */
  ideal?: number;
  /** Encryption alone takes most of the time over CURVE, so that may be much slower. */
  large?: boolean;
}
