/**
 * The names that schedulers and sockets know workers by.
 *
 * @module
 */

/**
 * Names of workers are unique within the dispatcher. Schedulers and sockets know them by
 * identities, which are unique among all dispatchers.
 */
export class Identities {
  readonly #start = `${crypto.randomUUID().slice(0, 8)}-`;

  /** The identity of a worker. */
  of(worker: string): string {
    return this.#start + worker;
  }

  /** The name of the worker with an identity, if it is one of this dispatcher. */
  worker(identity: string): string | undefined {
    const start = this.#start;
    return identity.startsWith(start) ? identity.slice(start.length) : undefined;
  }
}
