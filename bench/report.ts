/**
 * What was measured, as tables.
 *
 * @module
 */

import { type Command, OURS, OURS_CURVE } from "./contenders.ts";
import type { Workload } from "./workload.ts";

/** How much slower the library may be with CURVE than without. */
const MOST_FOR_CURVE = 1.5;

/** The times of one contender with one workload, in milliseconds. */
export interface Entry {
  command: Command;
  times: number[];
}

/** What came of one workload: its entries, ours first. */
export interface Outcome {
  workload: Workload;
  entries: Entry[];
  /** Who could not do it, and why. */
  skipped: string[];
}

/** The middle one of some numbers. */
export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}

/** Our median as a part of somebody's; `undefined` when one of the two is missing. */
export function ratio(
  { entries, workload }: Outcome,
  beside: string,
): number | undefined {
  const times = (name: string) =>
    entries.find(({ command }) => command.name === name)?.times;
  const ours = times(OURS);
  const theirs = beside === "ideal" ? [workload.ideal!] : times(beside);
  return ours && theirs && median(ours) / median(theirs);
}

/** The table of one workload. */
export function table(outcome: Outcome): string {
  const { workload, entries, skipped } = outcome;
  const [calls, unit] = workload.per;
  const rows = [[
    `${unit}, each with two workers`,
    "median",
    "min – max",
    "ours/theirs",
  ]];
  for (const { command: { name, runtime }, times } of entries) {
    const range = [Math.min(...times), Math.max(...times)];
    rows.push([
      `${name} (${runtime})`,
      figure(median(times) / calls),
      range.map((ms) => figure(ms / calls)).join(" – "),
      name === OURS
        ? ""
        : `${ratio(outcome, name)!.toFixed(2)}${verdict(outcome, name)}`,
    ]);
  }
  if (workload.ideal !== undefined) {
    const ours = `${ratio(outcome, "ideal")?.toFixed(3)}${verdict(outcome, "ideal")}`;
    rows.push(["the ideal", figure(workload.ideal / calls), "", ours]);
  }
  const widths = [0, 1, 2].map((i) => Math.max(...rows.map((row) => row[i]!.length)));
  const text = rows.map(([name, middle, range, ours]) =>
    `${name!.padEnd(widths[0]!)}  ${middle!.padStart(widths[1]!)}  ` +
    `${range!.padStart(widths[2]!)}  ${ours}`
  );
  return [`\n${workload.title}`, ...text, ...skipped.map((line) => `— ${line}`)]
    .join("\n");
}

/** All targets, with whether they are met. */
export function summary(outcomes: Outcome[]): string {
  const rows = outcomes.flatMap((outcome) => {
    const { workload, entries } = outcome;
    const targets = workload.targets.map(({ beside, ratio: most }) => {
      const found = ratio(outcome, beside);
      return [workload.title, `ours / ${beside}`, found, most] as const;
    });
    const curve = entries.some(({ command }) => command.name === OURS_CURVE)
      ? 1 / ratio(outcome, OURS_CURVE)!
      : undefined;
    const most = workload.large ? Infinity : MOST_FOR_CURVE;
    return [...targets, [workload.title, "CURVE / local", curve, most] as const];
  });
  const width = Math.max(...rows.map(([title]) => title.length));
  const lines = rows.map(([title, what, found, most]) => {
    const figures = found === undefined
      ? "not measured"
      : most === Infinity
      ? found.toFixed(2)
      : `${found.toFixed(3)} (≤ ${most}: ${found <= most ? "met" : "not met"})`;
    return `${title.padEnd(width)}  ${what.padEnd(34)}  ${figures}`;
  });
  return ["\nTargets", ...lines].join("\n");
}

/** A number of three digits. */
export function figure(value: number): string {
  return Number(value.toPrecision(3)).toLocaleString("en", {
    maximumFractionDigits: 4,
  });
}

function verdict(outcome: Outcome, beside: string): string {
  const target = outcome.workload.targets.find((target) => target.beside === beside);
  if (!target) return "";
  const met = ratio(outcome, beside)! <= target.ratio;
  return ` (≤ ${target.ratio}: ${met ? "met" : "not met"})`;
}
