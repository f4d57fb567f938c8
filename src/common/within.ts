/**
 * Time limits for what others may delay, such as a file server.
 *
 * @module
 */

import { TimeoutError } from "../errors.ts";
import { LONGEST_TIME } from "./checks.ts";

/**
 * The value of a promise, or another value if the promise takes too long. The promise is then
 * ignored.
 *
 * @param limit How long the promise may take, in milliseconds.
 * @param promise The promise.
 * @param otherwise The value if the promise takes longer.
 * @throws The promise's error, if it rejects in time.
 */
export async function within<T, U>(
  limit: number,
  promise: Promise<T>,
  otherwise: U,
): Promise<T | U> {
  const late = Promise.withResolvers<U>();
  const timer = setTimeout(() => late.resolve(otherwise), limit);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * The value of a promise, if it settles in time.
 *
 * @param timeout In milliseconds. Default: no limit.
 * @throws {TimeoutError} If it does not.
 */
export async function withTimeout<T>(
  promise: Promise<T>,
  timeout: number | undefined,
  what: () => string,
): Promise<T> {
  if (timeout === undefined) return await promise;
  if (!(timeout >= 0)) {
    throw new RangeError(`timeout is ${timeout}: milliseconds from 0 are expected`);
  }
  const late = Symbol();
  const given = await within(Math.min(timeout, LONGEST_TIME), promise, late);
  if (given === late) throw new TimeoutError(`After ${timeout} ms ${what()}`);
  return given;
}
