/**
 * Where functions on workers report in, and wait to be let through: so the test knows
 * what runs at the moment, and decides how long.
 *
 * @module
 */

/** A function that stands at the gate. */
export interface Visitor {
  /** What it said. */
  text: string;
  /** Lets it go on. */
  letGo(): void;
}

/** The test's side. */
export class Gate implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #standing = new Set<Deno.Conn>();
  readonly #visitors: Visitor[] = [];
  readonly #waiting: ((visitor: Visitor) => void)[] = [];
  readonly #work: Promise<void>[] = [];
  #isOpen = false;

  /** Functions may come from now on. */
  constructor() {
    this.#work.push(this.#accept());
  }

  /** What a function must know to come here. */
  get port(): number {
    return this.#listener.addr.port;
  }

  /** The next one that comes. */
  next(): Promise<Visitor> {
    const visitor = this.#visitors.shift();
    if (visitor) return Promise.resolve(visitor);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** The next ones that come, in no certain order. */
  async take(count: number): Promise<Visitor[]> {
    const visitors: Visitor[] = [];
    while (visitors.length < count) visitors.push(await this.next());
    return visitors;
  }

  /** Lets everybody go, those who stand there and those who will come. */
  open(): void {
    this.#isOpen = true;
    for (const connection of this.#standing) connection.close();
    this.#standing.clear();
  }

  /** Closes it; whoever stands at it is let go. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    this.open();
    await Promise.all(this.#work);
  }

  async #accept(): Promise<void> {
    for await (const connection of this.#listener) {
      this.#work.push(this.#welcome(connection));
    }
  }

  async #welcome(connection: Deno.Conn): Promise<void> {
    this.#standing.add(connection);
    const close = () => {
      if (this.#standing.delete(connection)) connection.close();
    };
    const buffer = new Uint8Array(1024);
    try {
      const size = await connection.read(buffer) ?? 0;
      const text = new TextDecoder().decode(buffer.subarray(0, size));
      if (this.#isOpen) return close();
      const visitor: Visitor = { text, letGo: close };
      const waiting = this.#waiting.shift();
      if (waiting) waiting(visitor);
      else this.#visitors.push(visitor);
      // Until it leaves: when it was let go, or with its process.
      await connection.read(buffer);
    } catch {
      // It was cut off, which is as good as an end.
    }
    close();
  }
}

/** The function's side: says something, and waits to be let through. */
export async function pass(port: number, text: string): Promise<void> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  await connection.write(new TextEncoder().encode(text));
  await connection.read(new Uint8Array(1));
}
