/**
 * A TCP relay on the loopback in front of a ZeroMQ endpoint. A peer that is refused
 * hears nothing, so the test listens here to learn that its attempt is over.
 *
 * @module
 */

/** Passes connections on to a port of this machine. */
export class Relay implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #port: number;
  readonly #ended = Promise.withResolvers<void>();
  readonly #open = new Set<Deno.Conn>();
  readonly #work: Promise<void>[] = [];

  /** @param endpoint Where to, such as `"tcp://127.0.0.1:1234"`. */
  constructor(endpoint: string) {
    this.#port = portOf(endpoint);
    this.#work.push(this.#accept());
  }

  /** Where to connect instead. */
  get endpoint(): string {
    return `tcp://127.0.0.1:${this.#listener.addr.port}`;
  }

  /** Resolves when a connection has come to its end, whichever side hung up. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** Hangs up on everybody. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const connection of this.#open) connection.close();
    this.#open.clear();
    await Promise.all(this.#work);
  }

  async #accept(): Promise<void> {
    for await (const client of this.#listener) this.#work.push(this.#pass(client));
  }

  async #pass(client: Deno.Conn): Promise<void> {
    this.#open.add(client);
    const server = await Deno.connect({ hostname: "127.0.0.1", port: this.#port });
    this.#open.add(server);
    const ways = [copy(client, server), copy(server, client)];
    await Promise.race(ways);
    this.#ended.resolve();
    for (const connection of [client, server]) {
      if (this.#open.delete(connection)) connection.close();
    }
    await Promise.all(ways);
  }
}

/** The port of a TCP endpoint. */
export function portOf(endpoint: string): number {
  return Number(endpoint.slice(endpoint.lastIndexOf(":") + 1));
}

/** Passes bytes on until the connection ends, in peace or not. */
async function copy(from: Deno.Conn, to: Deno.Conn): Promise<void> {
  const buffer = new Uint8Array(65_536);
  try {
    for (let size; (size = await from.read(buffer)) !== null;) {
      for (let done = 0; done < size;) {
        done += await to.write(buffer.subarray(done, size));
      }
    }
  } catch {
    // The other side reset the connection, or we hung up: it has ended all the same.
  }
}
