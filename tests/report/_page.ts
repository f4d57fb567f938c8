/**
 * What is in a page: the record that it draws.
 *
 * @module
 */

import type { RunRecord } from "../../src/report/record.ts";

/** The record in the text of a page. */
export function recordIn(html: string): RunRecord {
  const json = /<script type="application\/json" id="record">(.*?)<\/script>/s.exec(
    html,
  );
  return JSON.parse(json![1]!);
}

/** The record in the file of a page. */
export function recordAt(path: string): RunRecord {
  return recordIn(Deno.readTextFileSync(path));
}
