/**
 * Limits for what others take their time for, such as a file server.
 *
 * @module
 */

/**
 * What a promise gives, or something else when it takes too long. Nobody waits for it then.
 *
 * @param limit How long it may take, in milliseconds.
 * @param promise What is waited for.
 * @param otherwise What is given when that takes longer.
 * @throws What the promise is rejected with in time.
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
