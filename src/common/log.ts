/**
 * The log of the library on standard error.
 *
 * @module
 */

import { dropped, printError } from "./printing.ts";

/** Which messages the library logs on standard error. */
export type LogLevel = "debug" | "info" | "silent";

/** The present log level: the setting `logLevel`. */
export const logging: { level: LogLevel } = { level: "info" };

/** Writes a line to standard error if the log level includes it. */
export function log(level: "debug" | "info", message: string): void {
  if (logging.level === "silent") return;
  if (level === "debug" && logging.level !== "debug") return;
  printError(`gridengine: ${message}`);
}

// The last line of a program, if anything was dropped.
addEventListener("unload", () => {
  const { count, reason } = dropped;
  if (count === 0) return;
  const times = count === 1 ? "once" : `${count} times`;
  log("info", `output was dropped ${times}: ${reason}`);
});
