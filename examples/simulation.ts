/**
 * Simulates a queue under growing load. Results come in order, each as soon as it is
 * ready. A load that is too high for the queue fails, and the others go on.
 */

import { imap, partial } from "@x/gridengine";

/** The random number generator "mulberry32". */
function randomNumbers(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Service times. */
const services = {
  regular: () => 1,
  random: (random: () => number) => -Math.log(1 - random()),
};

class Overload extends Error {
  override readonly name = "Overload";

  constructor(readonly load: number) {
    super(`the queue grows without bound under a load of ${load}`);
  }
}

/** The average waiting time of customers. */
function waitingTime(
  service: keyof typeof services,
  customers: number,
  load: number,
): number {
  if (load >= 1) throw new Overload(load);
  const random = randomNumbers(42);
  let now = 0;
  let free = 0;
  let waited = 0;
  for (let i = 0; i < customers; i++) {
    now -= Math.log(1 - random()) / load; // The next customer arrives.
    const begin = Math.max(now, free);
    waited += begin - now;
    free = begin + services[service](random);
  }
  return waited / customers;
}

const loads = [0.2, 0.5, 0.8, 1.1];
for (const service of ["regular", "random"] as const) {
  let i = 0;
  const waits: AsyncIterable<number | Error> = imap(
    partial(waitingTime, service, 100_000),
    loads,
    { reraise: false },
  );
  for await (const wait of waits) {
    const load = loads[i++]!;
    // An error comes back with its fields, but with its class only if that is built in.
    const result = wait instanceof Error ? wait.message : `waiting ${wait.toFixed(2)}`;
    console.log(`${service} service, load ${load}: ${result}`);
  }
}
