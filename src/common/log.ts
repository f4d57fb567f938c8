/**
 * What the library says of itself on standard error.
 *
 * @module
 */

import { dropped, printError } from "./printing.ts";

/** How much the library says on standard error. */
export type LogLevel = "debug" | "info" | "silent";

/** How much it says now: the setting `logLevel`. */
export const logging: { level: LogLevel } = { level: "info" };

/** Writes a line to standard error where the log level asks for it. */
export function log(level: "debug" | "info", message: string): void {
  if (logging.level === "silent") return;
  if (level === "debug" && logging.level !== "debug") return;
  printError(`gridengine: ${message}`);
}

// The last word of a program, if it may have one.
addEventListener("unload", () => {
  const { count, reason } = dropped;
  if (count === 0) return;
  const times = count === 1 ? "once" : `${count} times`;
  log("info", `what was to be printed was dropped ${times}: ${reason}`);
});
