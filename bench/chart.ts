/**
 * The medians of a run as a picture that needs nothing else: SVG, legible on light and on
 * dark ground.
 *
 * @module
 */

import { OURS, OURS_CURVE } from "./contenders.ts";
import { type Entry, figure, median, type Outcome } from "./report.ts";

const WIDTH = 880;
const LABEL = 270;
const FIGURE = 110;
const ROW = 18;
const TITLE = 26;
const GAP = 18;
const PLOT = WIDTH - LABEL - FIGURE;

const STYLE = `
text { font: 12px system-ui, sans-serif; fill: #24292f }
.title { font-weight: 600; font-size: 13px }
.theirs { fill: #afb8c1 }
.curve { fill: #54aeff }
.ours { fill: #0969da }
.bold { font-weight: 600 }
line { stroke: #d0d7de }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .theirs { fill: #57606a }
  .curve { fill: #1f6feb }
  .ours { fill: #79c0ff }
  line { stroke: #3d444d }
}`;

/** The picture: bars from the fastest down, by workload, on a logarithmic scale. */
export function chart(outcomes: Outcome[]): string {
  let y = 4;
  const parts = outcomes.map((outcome) => {
    const entries = outcome.entries.toSorted((a, b) =>
      median(a.times) - median(b.times)
    );
    const part = group(outcome, entries, y);
    y += TITLE + entries.length * ROW + GAP;
    return part;
  });
  const note =
    `Medians of ${outcomes[0]?.entries[0]?.times.length} rounds, two workers ` +
    `each, on ${navigator.hardwareConcurrency} processors; shorter is better; ` +
    `logarithmic: each line is ten times the one before.`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y + 20}" ` +
    `role="img" aria-label="Benchmarks">\n<style>${STYLE}\n</style>\n` +
    `${parts.join("\n")}\n${text(0, y + 8, note)}\n</svg>\n`;
}

function group({ workload }: Outcome, entries: Entry[], top: number): string {
  const [calls, unit] = workload.per;
  const figures = entries.map(({ times }) => median(times) / calls);
  // From the power of ten below the fastest, so that its bar, too, can be seen.
  const low = Math.floor(Math.log10(figures[0]!) - 0.3);
  const high = Math.max(low + 1, Math.log10(figures.at(-1)!));
  const x = (value: number) => LABEL + PLOT * (Math.log10(value) - low) / (high - low);
  const parts = [text(0, top + 14, `${workload.title}, in ${unit}`, "title")];
  const end = top + TITLE + entries.length * ROW;
  for (let power = low; power <= high; power++) {
    const at = x(10 ** power).toFixed(1);
    parts.push(`<line x1="${at}" x2="${at}" y1="${top + TITLE - 4}" y2="${end - 2}"/>`);
  }
  for (const [i, { command: { name, runtime } }] of entries.entries()) {
    const y = top + TITLE + i * ROW;
    const right = x(figures[i]!);
    const kind = name === OURS ? "ours" : name === OURS_CURVE ? "curve" : "theirs";
    const weight = kind === "theirs" ? "" : "bold";
    parts.push(
      text(0, y + 10, `${name} (${runtime})`, weight),
      `<rect class="${kind}" x="${LABEL}" y="${y}" height="${ROW - 5}" ` +
        `width="${(right - LABEL).toFixed(1)}"/>`,
      text(right + 6, y + 10, figure(figures[i]!), weight),
    );
  }
  return parts.join("\n");
}

function text(x: number, y: number, content: string, kind = ""): string {
  const escaped = content.replaceAll("&", "&amp;").replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;");
  const kind_ = kind && ` class="${kind}"`;
  return `<text x="${x.toFixed(1)}" y="${y}"${kind_}>${escaped}</text>`;
}
