/**
 * Lines at the foot of the terminal, on standard error, that are drawn again and again in
 * their place, while everything else is printed above them.
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

/** A line: what it says in so many columns. */
export type Line = (columns: number) => string;

type Method = (...args: unknown[]) => unknown;

const lines = new Set<Line>();
/** The methods of the console as they were before the first line was shown. */
const own = new Map<string, Method>();
/** What draws them, once it is loaded. */
let foot: Promise<Foot> | undefined;
let timer: ReturnType<typeof setInterval> | undefined;

/** Shows a line, as soon as what draws it is loaded. */
export function show(line: Line): void {
  lines.add(line);
  if (lines.size > 1) return;
  ownConsole();
  timer = setInterval(drawFoot, INTERVAL);
  // Whoever is waited for keeps the program alive.
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
 * Takes a line away.
 *
 * @param last What stays in its place.
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
  // To hide the cursor it would have to handle signals, so as to show it again.
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

/** What the terminal does not take is not missed: it is drawn again soon. */
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

/** What the program prints comes above the lines. */
function ownConsole(): void {
  const methods = console as unknown as Record<string, Method>;
  for (const key of Object.keys(methods)) {
    const method = methods[key];
    if (typeof method !== "function") continue;
    // A bound function, as the method itself: such have no source that could travel.
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
