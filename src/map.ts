/**
 * Functions over lists, on workers.
 *
 * @module
 */

import { checkOptions, type Checks } from "./common/checks.ts";
import { nameOf } from "./closure/capture/texts.ts";
import type { AnyFunction } from "./closure/capture/texts.ts";
import { checkPlace, JobDispatcher, PLACE_CHECKS, stream } from "./dispatcher.ts";
import type { Items } from "./engine/item_source.ts";
import { DISPATCH_CHECKS, type DispatchOptions } from "./calls/options.ts";
import type { SchedulerLike } from "./scheduler/scheduler.ts";
import { within } from "./common/within.ts";

/** Options of {@linkcode map} and its kin. */
export interface MapOptions extends DispatchOptions {
  /**
   * What starts the workers: a scheduler, its class, or a function that gives one.
   * @default {bestAvailable}
   */
  scheduler?: SchedulerLike;
  /**
   * An open dispatcher, whose warm workers are used. Without one the map opens its own,
   * and closes it.
   */
  dispatcher?: JobDispatcher;
}

const CHECKS: Checks<MapOptions> = { ...DISPATCH_CHECKS, ...PLACE_CHECKS };

/** How long workers may take to leave before an abort is thrown, in milliseconds. */
const ABORT_GRACE = 500;

/** With `into: Float64Array` numbers come as an array of eight bytes each. */
export function map<T>(
  f: (item: T) => number | Promise<number>,
  args: Items<T>,
  options: MapOptions & { into: Float64ArrayConstructor },
): Promise<Float64Array>;
/** With `reraise: false` failures stand among the results. */
export function map<T, R>(
  f: (item: T) => R,
  args: Items<T>,
  options: MapOptions & { reraise: false },
): Promise<(Awaited<R> | Error)[]>;
/**
 * Runs a function over items on workers, as `Array.prototype.map` does here.
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
 * @param f What to run. It travels to the workers.
 * @param args What to run it with, one argument each; read as it is needed.
 * @param options Where and how.
 * @returns The results, in the order of the items.
 * @throws What the function threw for the item of lowest index that was seen to fail, as
 * itself; see the errors of this package for what else may go wrong with an item.
 * @throws {TypeError} When `f` is no function, `args` nothing to iterate over or broken as
 * an iteration, or an option is unknown. What `args` throws is thrown as it is.
 * @throws {RangeError} When an option is out of range.
 * @throws {SerializationError} When the function, an item or a result cannot travel.
 */
export function map<T, R>(
  f: (item: T) => R,
  args: Items<T>,
  options?: MapOptions,
): Promise<Awaited<R>[]>;
export function map<T>(
  f: (item: T) => unknown,
  args: Items<T>,
  options: MapOptions = {},
): Promise<unknown> {
  return onDispatcher(f, options, (dispatcher, how) => dispatcher.map(f, args, how));
}

/** With `reraise: false` failures stand among the results. */
export function starmap<A extends readonly unknown[], R>(
  f: (...args: [...A]) => R,
  tuples: Items<A>,
  options: MapOptions & { reraise: false },
): Promise<(Awaited<R> | Error)[]>;
/**
 * Runs a function over tuples of arguments: `f(...tuple)`.
 *
 * @example
 * ```ts
 * import { starmap } from "jsr:@x/gridengine";
 * import { deepEqual as assertEquals } from "node:assert/strict";
 *
 * assertEquals(await starmap(Math.pow, [[2, 3], [3, 2]]), [8, 9]);
 * ```
 *
 * @param f What to run.
 * @param tuples Its arguments, an array of them each.
 * @param options Where and how.
 * @returns The results, in the order of the tuples. It throws as {@linkcode map} does.
 */
export function starmap<A extends readonly unknown[], R>(
  f: (...args: [...A]) => R,
  tuples: Items<A>,
  options?: MapOptions,
): Promise<Awaited<R>[]>;
export function starmap<A extends readonly unknown[]>(
  f: (...args: [...A]) => unknown,
  tuples: Items<A>,
  options: MapOptions = {},
): Promise<unknown> {
  return onDispatcher(
    f,
    options,
    (dispatcher, how) => dispatcher.starmap(f, tuples, how),
  );
}

/**
 * Runs a function over items, and gives each result as soon as those before it are there.
 * The items are read a bounded number ahead, so they may be endless. Leaving the loop
 * ends what runs, and closes the source. While nobody asks for the next result, and all
 * that was read is done, it does not keep the program alive.
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
 * @param f What to run.
 * @param args What to run it with.
 * @param options Where and how.
 * @returns The results, in order. Iterating throws as {@linkcode map} does, but what the
 * source throws comes after the results of what was read before.
 */
export function imap<T, R>(
  f: (item: T) => R,
  args: Items<T>,
  options: MapOptions = {},
): AsyncIterableIterator<Awaited<R>> {
  return streamOnDispatcher<R>(f, args, options, true);
}

/**
 * Like {@linkcode imap}, but gives each result as soon as it is there.
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
 * @param f What to run.
 * @param args What to run it with.
 * @param options Where and how.
 * @returns The results, as they come. Iterating throws as {@linkcode imap} does.
 */
export function imapUnordered<T, R>(
  f: (item: T) => R,
  args: Items<T>,
  options: MapOptions = {},
): AsyncIterableIterator<Awaited<R>> {
  return streamOnDispatcher<R>(f, args, options, false);
}

/** Where something runs, and how. */
function split(
  options: MapOptions,
): { dispatcher: JobDispatcher | undefined; how: DispatchOptions } {
  checkOptions("map", options, CHECKS);
  checkPlace(options);
  const { scheduler: _, dispatcher, ...how } = options;
  return { dispatcher, how };
}

function open(f: AnyFunction, options: MapOptions): JobDispatcher {
  const { scheduler } = options;
  return new JobDispatcher({
    name: options.name ?? (nameOf(f) || "anonymous"),
    ...(scheduler && { scheduler }),
  });
}

async function onDispatcher<R>(
  f: AnyFunction,
  options: MapOptions,
  run: (dispatcher: JobDispatcher, how: DispatchOptions) => Promise<R[]>,
): Promise<R[]> {
  const { dispatcher: given, how } = split(options);
  if (given) return await run(given, how);
  const dispatcher = open(f, options);
  try {
    return await run(dispatcher, how);
  } finally {
    await closeSoon(dispatcher, how.signal);
  }
}

/** Closes a dispatcher. Who has aborted waits for its workers only for a moment. */
async function closeSoon(
  dispatcher: JobDispatcher | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  const closed = dispatcher?.close();
  if (!signal?.aborted) return await closed;
  await within(ABORT_GRACE, closed ?? Promise.resolve(), undefined);
}

function streamOnDispatcher<R>(
  f: AnyFunction,
  args: Items<unknown>,
  options: MapOptions,
  ordered: boolean,
): AsyncIterableIterator<Awaited<R>> {
  const { dispatcher, how } = split(options);
  let own: JobDispatcher | undefined;
  const get = () => dispatcher ?? (own = open(f, options));
  return stream<R>(get, f, args, how, ordered, () => closeSoon(own, how.signal));
}
