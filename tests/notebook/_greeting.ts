/** A module that inputs of a REPL and cells of a notebook import. */

export const greeting = "hello";

export function greet(name: string): string {
  return `${greeting} ${name}`;
}
