/**
 * The page of a run as the output of a notebook's cell.
 *
 * @module
 */

import type { Shown } from "../common/notebook.ts";
import { renderPage } from "./page.ts";
import type { RunRecord } from "./record.ts";

/** Its style: as wide as the cell, and the user can make it higher. */
const STYLE = "width: 100%; height: 46em; border: 0; resize: vertical; overflow: auto";

/**
 * The page, in a frame of its own: its style does not touch the notebook, and its script
 * cannot reach it. Readers without HTML get a line of text.
 */
export function embedded(record: RunRecord): Shown {
  const { name, items: { done, failed }, ending } = record;
  const page = renderPage(record).replaceAll("&", "&amp;").replaceAll('"', "&quot;");
  return {
    "text/html":
      `<iframe sandbox="allow-scripts" style="${STYLE}" srcdoc="${page}"></iframe>`,
    "text/plain": `"${name}": ${done} done, ${failed} failed, ${ending?.how}`,
  };
}
