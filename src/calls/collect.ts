/**
 * All results of a run, in order, as `map` gives them.
 *
 * @module
 */

import type { RunListener } from "../engine/run_request.ts";
import type { CallRequest } from "./call.ts";
import { cellsFor } from "./cells.ts";
import type { Engine } from "../engine/engine.ts";
import { freshSeed } from "../common/random.ts";
import { ItemSource } from "../engine/item_source.ts";
import { JobOutput } from "../engine/job_output.ts";
import { runSettings } from "./options.ts";
import { checkReport, openRecording } from "./recording.ts";
import { retryNote, retryQuestion } from "./retry_errors.ts";
import { AnyResults, NumberResults, SettledResults } from "./results.ts";

/**
 * Runs a function over items.
 *
 * @param engine The engine to run it.
 * @param call The function, its items and its options.
 * @returns The results, in the order of the items.
 * @throws What the first item threw, in order, of those that have failed so far; the
 * reason of the signal; a {@linkcode WorkerLostError} when no worker is available.
 */
export async function collect(
  engine: Engine,
  call: CallRequest,
): Promise<unknown[] | Float64Array> {
  const { options, name, settled } = call;
  const { signal, reraise = !settled, into, retries, retryErrors } = options;
  const items = new ItemSource(call.items);
  const settings = runSettings(options, items.count || 1);
  checkReport(options);
  const cells = cellsFor(options);
  const { seed = freshSeed() } = options;
  const stop = (error: unknown) => {
    engine.cancel(run);
    reject(error);
  };
  const output = new JobOutput({ ...options, name, isJob: false, failed: stop });
  const isWorthRetrying = retryQuestion(retryErrors, stop);
  // If there is nothing to do, nothing is started.
  await items.begin(name, engine.closing, signal);
  const recording = await openRecording(call, items, cells.report).catch((error) => {
    items.close();
    throw error;
  });
  const Kind = settled ? SettledResults : into ? NumberResults : AnyResults;
  const results = new Kind(items.count);
  if (items.count === 0) {
    await recording?.finish("finished");
    return results.all(0);
  }

  /** Why the items that were not settled have failed, unless that was thrown. */
  let abandoned: Error | undefined;
  /** Whether that is because no worker could come for them. */
  let wasAbandoned = false;
  const { promise, resolve, reject } = Promise.withResolvers<
    unknown[] | Float64Array
  >();
  const failures = new Map<number, unknown>();
  const raise = (index: number, error: unknown) => {
    // Others may fail in the same event: then the first in order is thrown.
    if (failures.size === 0) {
      queueMicrotask(() => {
        engine.cancel(run);
        reject(failures.get(Math.min(...failures.keys())));
      });
    }
    failures.set(index, error);
  };
  const listener: RunListener = {
    results(first, values) {
      try {
        results.put(first, values);
      } catch (error) {
        raise(first, error);
      }
    },
    failed(index, error, attempts) {
      results.fail(index, error, attempts);
      if (reraise) raise(index, error);
    },
    ...(settled && {
      abandoned(index, error, attempts) {
        results.fail(index, error, attempts);
        wasAbandoned = true;
      },
    }),
    ended(error) {
      // Whatever it has thrown, even undefined.
      if (items.failure) return reject(items.failure.error);
      const kept = !reraise && items.ended && (!settled || wasAbandoned);
      if (error && !kept) return reject(error);
      // Settled items keep their results; the others fail for this reason.
      abandoned = error;
      if (failures.size === 0) resolve(results.all(items.count, error));
    },
  };
  const watched = { name, items, engine, cell: cells.progress, failed: stop };
  const progress = options.progress
    ? new (await import("./progress.ts")).ProgressReport(options.progress, watched)
    : undefined;
  const run = engine.start({
    name,
    code: call.code,
    here: call.here,
    items,
    settings,
    seed,
    output,
    daemon: false,
    recorder: recording?.recorder,
    isWorthRetrying,
    note: retryNote(retries, retryErrors),
    listener: progress?.counting(listener) ?? listener,
  });
  const abort = () => stop(signal!.reason);
  signal?.addEventListener("abort", abort);
  if (signal?.aborted) abort();
  try {
    const all = await promise;
    progress?.end(true);
    await recording?.finish(abandoned ? "failed" : "finished", abandoned);
    return all;
  } catch (error) {
    await recording?.finish(signal?.aborted ? "aborted" : "failed", error);
    throw error;
  } finally {
    progress?.end(false);
    signal?.removeEventListener("abort", abort);
  }
}
