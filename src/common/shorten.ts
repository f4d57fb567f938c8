/**
 * Shortens the user's texts for messages.
 *
 * @module
 */

/** The most characters of a text in a message. */
const MOST_TEXT = 200;
/** How many of these are the end of the text. */
const END = 60;
/** The most characters of the name of a property or a class. */
const MOST_NAME = 60;

/** Shortens a text for a message, such as a path. */
export function shortened(text: string, most: number = MOST_TEXT): string {
  if (text.length <= most) return text;
  const end = Math.min(END, most >> 1);
  return `${text.slice(0, most - end)}…${text.slice(-end)}`.toWellFormed();
}

/** Shortens a name for a message. */
export function shortName(name: string): string {
  return shortened(name, MOST_NAME);
}
