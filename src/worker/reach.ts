/**
 * Which of the host's addresses a worker can reach.
 *
 * @module
 */

/** How long one address may take to answer, in milliseconds. */
const ANSWER_TIMEOUT = 5000;
/** Milliseconds from one round to the next. */
const PAUSE = 250;

/**
 * The endpoint that answers first. A machine has addresses that only some others reach,
 * and only trying tells which.
 *
 * @param endpoints Where the host may be reached.
 * @param patience How long to try, in milliseconds.
 * @returns The first one of all where none answers: the client will complain.
 */
export async function reachHost(
  endpoints: string[],
  patience: number,
): Promise<string> {
  const [first] = endpoints;
  if (endpoints.length === 1) return first!;
  const end = performance.now() + patience;
  do {
    try {
      return await Promise.any(endpoints.map(probe));
    } catch {
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
  } while (performance.now() < end);
  return first!;
}

async function probe(endpoint: string): Promise<string> {
  const [, hostname, port] = /^tcp:\/\/\[?([^\]]+)\]?:(\d+)$/.exec(endpoint) ?? [];
  const connecting = Deno.connect({ hostname: hostname!, port: Number(port) });
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error("no answer")), ANSWER_TIMEOUT);
  try {
    await Promise.race([connecting, late.promise]);
    return endpoint;
  } finally {
    clearTimeout(timer);
    connecting.then((connection) => connection.close(), () => {});
  }
}
