/**
 * All results of a run, in order, as `map` gives them.
 *
 * @module
 */

import type { CallRequest } from "./call.ts";
import type { Engine } from "./engine.ts";
import { ItemSource } from "./item_source.ts";
import { runSettings } from "./options.ts";

/**
 * Runs a function over items.
 *
 * @param engine Where.
 * @param call What.
 * @returns The results, in the order of the items.
 * @throws What the item of lowest index threw, of those seen to fail; the reason of the
 * signal; a {@linkcode WorkerLostError} when no worker can be had.
 */
export async function collect(engine: Engine, call: CallRequest): Promise<unknown[]> {
  const { options, name } = call;
  const { signal, reraise = true } = options;
  const items = new ItemSource(call.items);
  const settings = runSettings(options, items.count || 1);
  // Where there is nothing to do, nothing is started.
  await items.begin(signal);
  if (items.count === 0) return [];

  const { promise, resolve, reject } = Promise.withResolvers<unknown[]>();
  const results: unknown[] = new Array(items.count);
  const failures = new Map<number, unknown>();
  const run = engine.start({
    name,
    code: call.code(),
    items,
    settings,
    daemon: false,
    listener: {
      results(first, values) {
        for (let i = 0; i < values.length; i++) results[first + i] = values[i];
      },
      failed(index, error) {
        results[index] = error;
        if (!reraise) return;
        // Others may fail by the same event; of those the first in order is thrown.
        if (failures.size === 0) {
          queueMicrotask(() => {
            engine.cancel(run);
            reject(failures.get(Math.min(...failures.keys())));
          });
        }
        failures.set(index, error);
      },
      ended(error) {
        if (error && (reraise || !items.ended)) return reject(error);
        // What was settled is kept; the rest fails for the same reason.
        if (error) fillHoles(results, items.count, error);
        if (failures.size === 0) resolve(results);
      },
    },
  });
  const abort = () => {
    engine.cancel(run);
    reject(signal!.reason);
  };
  signal?.addEventListener("abort", abort);
  if (signal?.aborted) abort();
  try {
    return await promise;
  } finally {
    signal?.removeEventListener("abort", abort);
  }
}

/** Puts a value wherever an array has none. */
function fillHoles(array: unknown[], length: number, value: unknown): void {
  for (let i = 0; i < length; i++) if (!(i in array)) array[i] = value;
}
