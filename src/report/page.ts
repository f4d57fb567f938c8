/**
 * The page that shows a run: one file, which loads nothing and may run nothing but its
 * own script. The modules of that script are in `page/`.
 *
 * @module
 */

import { createHash } from "node:crypto";
import chart from "./page/chart.js" with { type: "text" };
import elements from "./page/elements.js" with { type: "text" };
import format from "./page/format.js" with { type: "text" };
import main from "./page/main.js" with { type: "text" };
import overview from "./page/overview.js" with { type: "text" };
import style from "./page/page.css" with { type: "text" };
import tables from "./page/tables.js" with { type: "text" };
import times from "./page/times.js" with { type: "text" };
import type { RunRecord } from "./record.ts";

/** The script of the page: each module comes after those that it imports. */
const script = joined(format, elements, overview, chart, times, tables, main);

/** What the page may do: run its own script, and use its own style. */
const POLICY = `default-src 'none'; base-uri 'none'; form-action 'none'; ` +
  `script-src '${hash(script)}'; style-src '${hash(style)}'`;

/** What the page of a run under way may do: also ask its own server. */
export const LIVE_POLICY: string = `${POLICY}; connect-src 'self'; ` +
  `frame-ancestors 'none'`;

/** The page of a run; without a record, a page that asks its server for it. */
export function renderPage(record?: RunRecord): string {
  const policy = record ? POLICY : `${POLICY}; connect-src 'self'`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${record ? `${escaped(record.name)} – run` : "Run"}</title>
<style>${style}</style>
</head>
<body>
<main id="page"><noscript>The page draws its data with JavaScript.</noscript></main>
<script type="application/json" id="record">${embedded(record)}</script>
<script>${script}</script>
</body>
</html>
`;
}

/**
 * Puts modules into one script, because a page that is opened from disk cannot load any.
 * They share one scope there, so no name may be declared in two of them.
 */
function joined(...modules: string[]): string {
  return modules.map((text) =>
    text.replace(/^import [^;]*;\n/gm, "").replace(/^export /gm, "")
  ).join("\n");
}

/** A hash, as the policy of a page names it. */
function hash(text: string): string {
  return `sha256-${createHash("sha256").update(text).digest("base64")}`;
}

function escaped(text: string): string {
  return text.replace(/[&<>]/g, (c) => ({ "&": "&amp;", "<": "&lt;" })[c] ?? "&gt;");
}

/** JSON that cannot end the element around it, whatever its strings contain. */
function embedded(record: RunRecord | undefined): string {
  return JSON.stringify(record ?? null).replaceAll("<", "\\u003c");
}
