/**
 * Time limits for what others may delay, such as a file server.
 *
 * @module
 */

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
