/**
 * What a report lists one by one: the slowest items, and the first failures and losses.
 * Their number is limited.
 *
 * @module
 */

import type { WorkerInfo } from "../engine/worker_info.ts";
import { WorkerLostError } from "../errors.ts";
import type { FailureRecord, LossRecord, RunRecord, SlowItem } from "./record.ts";
import { cut, describe } from "./thrown.ts";

/** How many slow items, failures, losses and causes of failures are listed. */
const MOST_LISTED = { slow: 20, failures: 100, losses: 100, causes: 20 };

/** The lists of one run. Times are milliseconds from its beginning. */
export class Listed {
  readonly #slowest: SlowItem[] = [];
  readonly #failures: FailureRecord[] = [];
  readonly #causes = new Map<string, number>();
  readonly #losses: LossRecord[] = [];
  #lossCount = 0;

  /** An item has ended: it is kept if it is one of the slowest. */
  slow(index: number, elapsed: number, worker: string, at: number): void {
    const slowest = this.#slowest;
    const full = slowest.length === MOST_LISTED.slow;
    if (full && elapsed <= slowest.at(-1)!.elapsed) return;
    if (full) slowest.pop();
    const i = slowest.findIndex((other) => other.elapsed < elapsed);
    slowest.splice(i < 0 ? slowest.length : i, 0, { index, elapsed, worker, at });
  }

  /** An item has failed for good. */
  failed(
    index: number,
    error: unknown,
    worker: WorkerInfo | undefined,
    at: number,
  ): void {
    const found = describe(error);
    this.#count(found.name, 1);
    if (this.#failures.length >= MOST_LISTED.failures) return;
    const last = error instanceof WorkerLostError ? error.attempts.at(-1) : undefined;
    const { worker: id = worker?.id, host = worker?.host } = last ?? {};
    const place = {
      ...(id !== undefined && { worker: id }),
      ...placeOf(host, undefined),
    };
    this.#failures.push({ index, ...found, ...place, at });
  }

  /** Items have failed for the same reason: they are counted but not listed. */
  count(error: unknown, count: number): void {
    this.#count(describe(error).name, count);
  }

  /** A worker was lost. */
  lost(loss: LossRecord): void {
    this.#lossCount++;
    if (this.#losses.length >= MOST_LISTED.losses) return;
    this.#losses.push({ ...loss, detail: cut(loss.detail) });
  }

  /** The lists as they are now. */
  record(): Pick<
    RunRecord,
    "slowest" | "failures" | "causes" | "losses" | "lossCount"
  > {
    return {
      slowest: this.#slowest,
      failures: this.#failures,
      causes: [...this.#causes],
      losses: this.#losses,
      lossCount: this.#lossCount,
    };
  }

  /** Counts failures by their causes. */
  #count(name: string, count: number): void {
    const isNew = !this.#causes.has(name) &&
      this.#causes.size >= MOST_LISTED.causes;
    const cause = isNew ? "others" : name;
    this.#causes.set(cause, (this.#causes.get(cause) ?? 0) + count);
  }
}

/** Where something ran, as far as that is known. */
export function placeOf(
  host: string | undefined,
  pid: number | undefined,
): { host?: string; pid?: number } {
  return { ...(host !== undefined && { host }), ...(pid !== undefined && { pid }) };
}
