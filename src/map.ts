/**
 * `map` and the functions like it.
 *
 * @module
 */

import { checkOptions, type Checks, wholeFrom } from "./common/checks.ts";
import { nameOf } from "./closure/capture/texts.ts";
import type { AnyFunction } from "./closure/capture/texts.ts";
import { JobDispatcher, stream } from "./dispatcher.ts";
import { checkPlace, PLACE_CHECKS } from "./place.ts";
import { type CallRequest, requestCall, requestStreamSettled } from "./calls/call.ts";
import type { Items } from "./engine/item_source.ts";
import {
  DISPATCH_CHECKS,
  type DispatchOptions,
  type DispatchSettledOptions,
  SETTLED_CHECKS,
  STREAM_SETTLED_CHECKS,
} from "./calls/options.ts";
import type { Returns } from "./calls/returns.ts";
import type { Settled } from "./calls/settled.ts";
import type { SchedulerLike } from "./scheduler/scheduler.ts";
import type { Failure } from "./errors.ts";
import { within } from "./common/within.ts";

/**
 * Options of {@linkcode map}, {@linkcode starmap}, {@linkcode imap} and
 * {@linkcode imapUnordered}.
 */
export interface MapOptions extends DispatchOptions {
  /**
   * The scheduler that starts the workers: a scheduler, its class, or a function that
   * returns one.
   * @default {bestAvailable}
   */
  scheduler?: SchedulerLike;
  /**
   * The most processes of this machine at once, in place of a scheduler: the same as
   * `scheduler: () => new ProcessScheduler({ workers })`.
   * @default {undefined} As many as the scheduler has.
   */
  workers?: number;
  /**
   * An open dispatcher, whose warm workers are used.
   * @default {undefined} The map opens its own dispatcher, and closes it.
   */
  dispatcher?: JobDispatcher;
}

/** The options that say where a map runs. */
type Where = "scheduler" | "workers" | "dispatcher";

/** Options of {@linkcode mapSettled} and {@linkcode imapSettled}. */
export interface MapSettledOptions
  extends DispatchSettledOptions, Omit<MapOptions, keyof DispatchOptions> {}

/** A function of this module, as messages call it, and the checks of its options. */
interface Kind<O> {
  what: string;
  checks: Checks<O>;
}

const WHERE = { ...PLACE_CHECKS, workers: wholeFrom(1) };

const MAP: Kind<MapOptions> = {
  what: "map",
  checks: { ...DISPATCH_CHECKS, ...WHERE },
};

const MAP_SETTLED: Kind<MapSettledOptions> = {
  what: "mapSettled",
  checks: { ...SETTLED_CHECKS, ...WHERE },
};

const IMAP_SETTLED: Kind<MapSettledOptions & { ordered?: boolean }> = {
  what: "imapSettled",
  checks: { ...STREAM_SETTLED_CHECKS, ...WHERE },
};

/** How long an abort waits for the workers to leave, in milliseconds. */
const ABORT_GRACE = 500;

/** With `into: Float64Array` the results are numbers in a `Float64Array`. */
export function map<T>(
  f: (item: T) => number | Promise<number>,
  args: Items<T>,
  options: MapOptions & { into: Float64ArrayConstructor },
): Promise<Float64Array>;
/** With `reraise: false` the errors of failed items are among the results. */
export function map<T, R>(
  f: (item: T) => Returns<R>,
  args: Items<T>,
  options: MapOptions & { reraise: false },
): Promise<(Awaited<R> | Failure)[]>;
/**
 * Calls a function on workers for each item, as `Array.prototype.map` does in the program.
 *
 * @example
 * ```ts
 * import { map } from "jsr:@x/gridengine";
 * import { deepEqual as assertEquals } from "node:assert/strict";
 *
 * const squares = await map((x: number) => x * x, [1, 2, 3, 4, 5]);
 * assertEquals(squares, [1, 4, 9, 16, 25]);
 * ```
 *
 * @param f The function. It is sent to the workers.
 * @param args The items: one argument for each call. They are read as they are needed.
 * @param options Where and how to run.
 * @returns The results, in the order of the items.
 * @throws The error of the first failed item: what the function threw, or an error of this
 * package. If more failures are known by then, it is that of the lowest index.
 * @throws {TypeError} If `f` is not a function, `args` cannot be iterated over, or an option
 * is unknown or has the wrong type. An error that `args` throws is thrown unchanged.
 * @throws {RangeError} If an option is out of range.
 * @throws {SerializationError} If the function, an item or a result cannot be sent.
 */
export function map<T, R>(
  f: (item: T) => Returns<R>,
  args: Items<T>,
  options?: MapOptions,
): Promise<Awaited<R>[]>;
export function map<T>(
  f: (item: T) => unknown,
  args: Items<T>,
  options: MapOptions = {},
): Promise<unknown> {
  const run = (d: JobDispatcher, how: DispatchOptions) => d.map(f, args, how);
  return onDispatcher(MAP, f, options, run);
}

/** With `reraise: false` the errors of failed items are among the results. */
export function starmap<A extends readonly unknown[], R>(
  f: (...args: [...A]) => Returns<R>,
  tuples: Items<A>,
  options: MapOptions & { reraise: false },
): Promise<(Awaited<R> | Failure)[]>;
/**
 * Calls a function on workers for each tuple of arguments: `f(...tuple)`.
 *
 * @example
 * ```ts
 * import { starmap } from "jsr:@x/gridengine";
 * import { deepEqual as assertEquals } from "node:assert/strict";
 *
 * assertEquals(await starmap(Math.pow, [[2, 3], [3, 2]]), [8, 9]);
 * ```
 *
 * @param f The function. It is sent to the workers.
 * @param tuples The arguments: an array for each call.
 * @param options Where and how to run.
 * @returns The results, in the order of the tuples. It throws as {@linkcode map} does.
 */
export function starmap<A extends readonly unknown[], R>(
  f: (...args: [...A]) => Returns<R>,
  tuples: Items<A>,
  options?: MapOptions,
): Promise<Awaited<R>[]>;
export function starmap<A extends readonly unknown[]>(
  f: (...args: [...A]) => unknown,
  tuples: Items<A>,
  options: MapOptions = {},
): Promise<unknown> {
  const run = (d: JobDispatcher, how: DispatchOptions) => d.starmap(f, tuples, how);
  return onDispatcher(MAP, f, options, run);
}

/**
 * Calls a function on workers for each item, and tells results from failures, as
 * `Promise.allSettled` does. All items run. So a value that was thrown is no result,
 * whatever it is, and an `Error` that was returned is no failure.
 *
 * @example
 * ```ts
 * import { mapSettled } from "jsr:@x/gridengine";
 * import { deepEqual as assertEquals } from "node:assert/strict";
 *
 * const inverse = (x: number) => {
 *   if (x === 0) throw "no zeros";
 *   return 1 / x;
 * };
 * const [half, failed] = await mapSettled(inverse, [2, 0]);
 * assertEquals(half, { status: "fulfilled", value: 0.5, index: 0 });
 * if (failed?.status === "rejected") assertEquals(failed.reason, "no zeros");
 * ```
 *
 * @param f The function. It is sent to the workers.
 * @param args The items: one argument for each call. They are read as they are needed.
 * @param options Where and how to run.
 * @returns What became of each item, in the order of the items. If no worker can come any
 * more, the items that are left have failed.
 * @throws No failure of an item, but what ends the whole map: the reason of the signal, what
 * `args`, `onLog` or `progress` throws, a {@linkcode JobCancelledError} if the dispatcher is
 * closed, a {@linkcode WorkerLostError} if no worker can come and `args` was not read to its
 * end, or that there is no scheduler.
 * @throws {TypeError} If `f` is not a function, `args` cannot be iterated over, or an option
 * is unknown or has the wrong type.
 * @throws {RangeError} If an option is out of range.
 * @throws {SerializationError} If the function cannot be sent.
 */
export function mapSettled<T, R>(
  f: (item: T) => Returns<R>,
  args: Items<T>,
  options: MapSettledOptions = {},
): Promise<Settled<Awaited<R>>[]> {
  const run = (d: JobDispatcher, how: DispatchSettledOptions) =>
    d.mapSettled(f, args, how);
  return onDispatcher(MAP_SETTLED, f, options, run);
}

/** With `reraise: false` the errors of failed items are among the results. */
export function imap<T, R>(
  f: (item: T) => Returns<R>,
  args: Items<T>,
  options: MapOptions & { reraise: false },
): AsyncIterableIterator<Awaited<R> | Failure>;
/**
 * Calls a function on workers for each item, and yields the results in order, each as soon
 * as it and all earlier results are ready. A bounded number of items is read ahead, so the
 * source may be endless. Leaving the loop ends the running items, and closes the source.
 * The iteration does not keep the program alive while all items that were read are done and
 * no further result is asked for.
 *
 * @example
 * ```ts
 * import { imap } from "jsr:@x/gridengine";
 *
 * function* naturals() {
 *   for (let i = 0;; i++) yield i;
 * }
 * for await (const square of imap((x: number) => x * x, naturals())) {
 *   if (square > 100) break;
 * }
 * ```
 *
 * @param f The function. It is sent to the workers.
 * @param args The items: one argument for each call.
 * @param options Where and how to run.
 * @returns The results, in order. Iterating throws as {@linkcode map} does, but an error of
 * the source comes after the results of the items that were read before it.
 */
export function imap<T, R>(
  f: (item: T) => Returns<R>,
  args: Items<T>,
  options?: MapOptions,
): AsyncIterableIterator<Awaited<R>>;
export function imap<T>(
  f: (item: T) => unknown,
  args: Items<T>,
  options: MapOptions = {},
): AsyncIterableIterator<unknown> {
  return streamOfMap(f, args, options, true);
}

/** With `reraise: false` the errors of failed items are among the results. */
export function imapUnordered<T, R>(
  f: (item: T) => Returns<R>,
  args: Items<T>,
  options: MapOptions & { reraise: false },
): AsyncIterableIterator<Awaited<R> | Failure>;
/**
 * Like {@linkcode imap}, but yields each result as soon as it is ready.
 *
 * @example
 * ```ts
 * import { imapUnordered } from "jsr:@x/gridengine";
 * import { deepEqual as assertEquals } from "node:assert/strict";
 *
 * const found: number[] = [];
 * for await (const y of imapUnordered((x: number) => x + 1, [1, 2, 3])) found.push(y);
 * assertEquals(found.toSorted(), [2, 3, 4]);
 * ```
 *
 * @param f The function. It is sent to the workers.
 * @param args The items: one argument for each call.
 * @param options Where and how to run.
 * @returns The results, as they come. Iterating throws as {@linkcode imap} does.
 */
export function imapUnordered<T, R>(
  f: (item: T) => Returns<R>,
  args: Items<T>,
  options?: MapOptions,
): AsyncIterableIterator<Awaited<R>>;
export function imapUnordered<T>(
  f: (item: T) => unknown,
  args: Items<T>,
  options: MapOptions = {},
): AsyncIterableIterator<unknown> {
  return streamOfMap(f, args, options, false);
}

/**
 * Like {@linkcode imap}, but tells results from failures, as {@linkcode mapSettled} does. A
 * failure of an item does not end the iteration.
 *
 * @example
 * ```ts
 * import { imapSettled } from "jsr:@x/gridengine";
 * import { deepEqual as assertEquals } from "node:assert/strict";
 *
 * const inverse = (x: number) => {
 *   if (x === 0) throw new RangeError("no zeros");
 *   return 1 / x;
 * };
 * const failed: number[] = [];
 * for await (const item of imapSettled(inverse, [2, 0, 4], { ordered: false })) {
 *   if (item.status === "rejected") failed.push(item.index);
 * }
 * assertEquals(failed, [1]);
 * ```
 *
 * @param f The function. It is sent to the workers.
 * @param args The items: one argument for each call.
 * @param options Where and how to run. With `ordered: false` each item comes as soon as it
 * has a result or has failed; by default they come in order.
 * @returns What became of each item. Iterating throws as {@linkcode mapSettled} does, but an
 * error of the source comes after all items that were read before it.
 */
export function imapSettled<T, R>(
  f: (item: T) => Returns<R>,
  args: Items<T>,
  options: MapSettledOptions & { ordered?: boolean } = {},
): AsyncIterableIterator<Settled<Awaited<R>>> {
  const { dispatcher, how } = split(IMAP_SETTLED, options);
  const call = requestStreamSettled(f, args, how);
  return streamOnDispatcher(f, call, options, dispatcher, how.ordered ?? true);
}

/** Splits options into where a map runs, and how. */
function split<O extends MapOptions>(
  { what, checks }: Kind<O>,
  options: O,
): { dispatcher: JobDispatcher | undefined; how: Omit<O, Where> } {
  checkOptions(what, options, checks);
  checkPlace(options);
  const { scheduler: _, workers: __, dispatcher, ...how } = options;
  return { dispatcher, how };
}

function open(f: AnyFunction, options: MapOptions): JobDispatcher {
  const { scheduler, workers } = options;
  return new JobDispatcher({
    name: options.name ?? (nameOf(f) || "anonymous"),
    ...(scheduler && { scheduler }),
    ...(workers !== undefined && { workers }),
  });
}

async function onDispatcher<O extends MapOptions, R>(
  kind: Kind<O>,
  f: AnyFunction,
  options: O,
  run: (dispatcher: JobDispatcher, how: Omit<O, Where>) => Promise<R[]>,
): Promise<R[]> {
  const { dispatcher: given, how } = split(kind, options);
  const { signal } = options;
  if (given) return await run(given, how);
  const dispatcher = open(f, options);
  try {
    return await run(dispatcher, how);
  } finally {
    await closeSoon(dispatcher, signal);
  }
}

/** Closes a dispatcher. After an abort it waits for the workers only for a moment. */
async function closeSoon(
  dispatcher: JobDispatcher | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  const closed = dispatcher?.close();
  if (!signal?.aborted) return await closed;
  await within(ABORT_GRACE, closed ?? Promise.resolve(), undefined);
}

function streamOfMap(
  f: AnyFunction,
  args: Items<unknown>,
  options: MapOptions,
  ordered: boolean,
): AsyncIterableIterator<unknown> {
  const { dispatcher, how } = split(MAP, options);
  const call = requestCall(f, args, how, false);
  return streamOnDispatcher(f, call, options, dispatcher, ordered);
}

/** @param dispatcher The one that is given; if none is, it opens its own, and closes it. */
function streamOnDispatcher<R>(
  f: AnyFunction,
  call: CallRequest,
  options: MapOptions,
  dispatcher: JobDispatcher | undefined,
  ordered: boolean,
): AsyncIterableIterator<R> {
  let own: JobDispatcher | undefined;
  const get = () => dispatcher ?? (own = open(f, options));
  return stream<R>(get, call, ordered, () => closeSoon(own, call.options.signal));
}
