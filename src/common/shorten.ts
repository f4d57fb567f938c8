/**
 * Texts of the user's, short enough for a message.
 *
 * @module
 */

/** What of a text stands in a message at most, in characters. */
const MOST_TEXT = 200;
/** How much of that is its end. */
const END = 60;
/** What of the name of one property, or of a class, stands there. */
const MOST_NAME = 60;

/** A text of the user's, such as a path or a name, short enough for a message. */
export function shortened(text: string, most: number = MOST_TEXT): string {
  if (text.length <= most) return text;
  const end = Math.min(END, most >> 1);
  return `${text.slice(0, most - end)}…${text.slice(-end)}`.toWellFormed();
}

/** A name of the user's, short enough for a message. */
export function shortName(name: string): string {
  return shortened(name, MOST_NAME);
}
