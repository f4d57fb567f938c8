/**
 * Limits how long a call of the library may take.
 *
 * @module
 */

/** How long a call of the library may take, in milliseconds. A master may be slow. */
const LIMIT = 120_000;
/** The interval of checks, in milliseconds. */
const INTERVAL = 1000;

/**
 * Ends the keeper when a call of the library does not return. Such a call blocks a thread
 * forever, so nothing less would help. Another keeper then takes over the session.
 */
export class Watch {
  /** The calls that have not returned, and how often each was checked. */
  readonly #calls = new Map<{ name: string }, number>();

  /** Starts the checks. */
  constructor() {
    setInterval(() => this.#look(), INTERVAL);
  }

  /** Makes a call of the library, and watches it. */
  async during<T>(name: string, work: () => Promise<T>): Promise<T> {
    const call = { name };
    this.#calls.set(call, 0);
    try {
      return await work();
    } finally {
      this.#calls.delete(call);
    }
  }

  /** Counts checks, not time: a stopped process makes no checks. */
  #look(): void {
    for (const [call, looks] of this.#calls) {
      this.#calls.set(call, looks + 1);
      if (looks * INTERVAL < LIMIT) continue;
      console.error(`${call.name} has not returned within ${LIMIT / 1000} s`);
      // The thread inside the library would block any other way to end.
      Deno.kill(Deno.pid, "SIGKILL");
    }
  }
}

/** Resolves after the given number of milliseconds. */
export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
