/**
 * The console that the user's functions print on: what they print can be sent to the host,
 * or be given to the program, instead of being written by this process.
 *
 * @module
 */

import { inside } from "./inside.ts";
import { drop, isFromSystem } from "./printing.ts";

/** The methods of `console` by which a function may print. */
export type ConsoleLevel = "debug" | "log" | "info" | "warn" | "error";

/** All of them, from the least to the most serious. */
export const CONSOLE_LEVELS: readonly ConsoleLevel[] = [
  "debug",
  "log",
  "info",
  "warn",
  "error",
];

/**
 * What happens to what functions print on their console: it is sent to the host, or
 * written by the worker's process, or dropped.
 */
export type LogMode = "forward" | "inherit" | "none";

type Methods = Record<string, (...args: unknown[]) => unknown>;

/** Those of its methods that are named like a level; others say it by a number. */
const LEVELS: ReadonlySet<string> = new Set(CONSOLE_LEVELS);
/** What that number is from where it means an error. */
const ERROR = 3;

/** Who decides what becomes of what is printed. */
export interface ConsoleOwner {
  /** What is to become of it now. */
  mode(): LogMode;
  /** Sends on what a call has printed, whole lines; the last one without its end. */
  forward(level: ConsoleLevel, text: string): void;
  /** What tells the item that runs from others. */
  item(): unknown;
}

/** Prints what this process can print; the function does not depend on it. */
function inherited(method: Methods[string], args: unknown[]): unknown {
  try {
    return method.apply(console, args);
  } catch (error) {
    if (!isFromSystem(error)) throw error;
    drop(error);
    return undefined;
  }
}

/**
 * Takes over the global console.
 *
 * @returns Gives it back, but for methods that were replaced meanwhile.
 */
export function ownConsole({ mode, item, forward }: ConsoleOwner): () => void {
  // Without Deno's own class nothing can be forwarded: all is printed by this process.
  const { Console } = inside;
  if (!Console) return () => {};
  let name = "log";
  let text = "";
  const makeFormatter = () => {
    const formatter = new Console((part, number) => {
      text += part;
      // A trace comes in two parts.
      if (!part.endsWith("\n")) return;
      const level = LEVELS.has(name) ? name : number >= ERROR ? "error" : "log";
      const printed = text.slice(0, -1);
      text = "";
      forward(level as ConsoleLevel, printed);
    });
    // A function must not clear the terminal of the host.
    formatter.clear = () => {};
    return formatter;
  };
  let formatter = makeFormatter();
  const own = console as unknown as Methods;
  let remembers = false;
  let printing: unknown;
  /** Groups, counters and timers that an item leaves are not those of the next. */
  const forget = () => {
    if (printing === item()) return;
    printing = item();
    if (remembers) formatter = makeFormatter();
    remembers = false;
  };
  const replaced: [key: string, ours: Methods[string], theirs: Methods[string]][] = [];
  for (const key of Object.keys(formatter)) {
    const method = own[key];
    if (typeof method !== "function") continue;
    const ours: Methods[string] = (...args) => {
      const now = mode();
      if (now === "inherit") return inherited(method, args);
      name = key;
      forget();
      remembers ||= /^(group|count|time)/.test(key);
      return now === "none" ? undefined : formatter[key]!(...args);
    };
    own[key] = ours;
    replaced.push([key, ours, method]);
  }
  return () => {
    for (const [key, ours, theirs] of replaced) {
      if (own[key] === ours) own[key] = theirs;
    }
  };
}
