/**
 * How long a keeper waits for the library.
 *
 * @module
 */

/** How long a call of the library may take, in milliseconds: a master may be slow. */
const LIMIT = 120_000;
/** How often calls are looked at, in milliseconds. */
const INTERVAL = 1000;

/**
 * Ends the keeper when a call of the library does not return: it blocks a thread for ever,
 * so nothing less would help, and another keeper takes the session over.
 */
export class Watch {
  /** The calls that have not returned, and how often they were looked at. */
  readonly #calls = new Map<{ name: string }, number>();

  /** Begins to watch. */
  constructor() {
    setInterval(() => this.#look(), INTERVAL);
  }

  /** Does something that the library is to have done within its time. */
  async during<T>(name: string, work: () => Promise<T>): Promise<T> {
    const call = { name };
    this.#calls.set(call, 0);
    try {
      return await work();
    } finally {
      this.#calls.delete(call);
    }
  }

  /** Looks are counted, not time: while the process was stopped none was made. */
  #look(): void {
    for (const [call, looks] of this.#calls) {
      this.#calls.set(call, looks + 1);
      if (looks * INTERVAL < LIMIT) continue;
      console.error(`${call.name} has not returned within ${LIMIT / 1000} s`);
      // The thread inside the library would hold up any other end.
      Deno.kill(Deno.pid, "SIGKILL");
    }
  }
}

/** Resolves when so many milliseconds have passed. */
export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
