/**
 * Describes what was thrown: its class, its message and its stack, shortened for a report.
 *
 * @module
 */

import { WorkerLostError } from "../errors.ts";

/** How much of a message and of a stack is kept, in characters. */
const MOST_TEXT = 2000;

/** Describes what was thrown, which may be anything. */
export function describe(
  error: unknown,
): { name: string; message: string; stack: string } {
  if (!(error instanceof Error)) {
    return { name: `thrown ${typeof error}`, message: cut(textOf(error)), stack: "" };
  }
  const cause = error instanceof WorkerLostError ? ` (${error.lossCause})` : "";
  const frames = textOf(error.stack ?? "").split("\n").filter((line) =>
    /^\s+at /.test(line)
  );
  return {
    name: cut(textOf(error.name) + cause),
    message: cut(textOf(error.message)),
    stack: cut(frames.map((line) => line.trim()).join("\n")),
  };
}

function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  try {
    return Deno.inspect(value);
  } catch {
    return "a value that cannot be shown";
  }
}

/** A text, shortened to what is kept. */
export function cut(text: string): string {
  return text.length > MOST_TEXT ? `${text.slice(0, MOST_TEXT)}…` : text;
}
