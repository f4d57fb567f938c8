/**
 * Lines at the bottom of the terminal, on standard error. They are redrawn in place, and
 * everything else is printed above them.
 *
 * @module
 */

import { standIn } from "../closure/capture/builtins.ts";
import { printError } from "../common/printing.ts";
import { log } from "../common/log.ts";
import {
  beginPrinting,
  drawFoot,
  endPrinting,
  type Foot,
  setFoot,
} from "../common/terminal.ts";

/** How often the lines are drawn, in milliseconds. */
const INTERVAL = 100;

/** A line: gives its text for a number of columns. */
export type Line = (columns: number) => string;

type Method = (...args: unknown[]) => unknown;

const lines = new Set<Line>();
/** The methods of the console as they were before the first line was shown. */
const own = new Map<string, Method>();
/** Draws the lines, once it is loaded. */
let foot: Promise<Foot> | undefined;
let timer: ReturnType<typeof setInterval> | undefined;

/** Shows a line, as soon as the module that draws it is loaded. */
export function show(line: Line): void {
  lines.add(line);
  if (lines.size > 1) return;
  ownConsole();
  timer = setInterval(drawFoot, INTERVAL);
  // The timer must not keep the program alive: what the program waits for does.
  Deno.unrefTimer(timer as unknown as number);
  foot ??= load();
  foot.then(
    (loaded) => lines.size > 0 && setFoot(loaded),
    (error) => {
      foot = undefined;
      log("info", `no progress line can be drawn: ${error.message}`);
    },
  );
}

/**
 * Removes a line.
 *
 * @param last A text that stays in its place.
 */
export function hide(line: Line, last?: string): void {
  if (!lines.delete(line)) return;
  if (lines.size === 0) {
    clearInterval(timer);
    setFoot(undefined);
    releaseConsole();
  }
  if (last !== undefined) printError(last);
}

async function load(): Promise<Foot> {
  const { createLogUpdate } = await import("npm:log-update@8.0.0");
  const stream = {
    isTTY: true,
    write,
    get columns() {
      return size().columns;
    },
    get rows() {
      return size().rows;
    },
  };
  // To hide the cursor, it would have to handle signals, to show it again at the end.
  const update = createLogUpdate(stream as never, { showCursor: true });
  return {
    clear: () => update.clear(),
    draw() {
      const { columns } = size();
      update([...lines].map((line) => line(columns)).join("\n"));
    },
  };
}

function size(): { columns: number; rows: number } {
  try {
    return Deno.consoleSize();
  } catch {
    return { columns: 80, rows: 24 };
  }
}

/** What the terminal does not take is dropped: the lines are drawn again soon. */
function write(text: string): void {
  const bytes = new TextEncoder().encode(text);
  try {
    for (let at = 0; at < bytes.length;) {
      at += Deno.stderr.writeSync(bytes.subarray(at));
    }
  } catch {
    return;
  }
}

/** Replaces the methods of the console, so that output appears above the lines. */
function ownConsole(): void {
  const methods = console as unknown as Record<string, Method>;
  for (const key of Object.keys(methods)) {
    const method = methods[key];
    if (typeof method !== "function") continue;
    // A bound function, like the method itself: neither has a source that could travel.
    const printed = printAbove.bind(undefined, method);
    standIn(printed, method);
    own.set(key, method);
    methods[key] = printed;
  }
}

function printAbove(print: Method, ...args: unknown[]): unknown {
  beginPrinting();
  try {
    return print.apply(console, args);
  } finally {
    endPrinting(false);
  }
}

function releaseConsole(): void {
  Object.assign(console, Object.fromEntries(own));
  own.clear();
}
