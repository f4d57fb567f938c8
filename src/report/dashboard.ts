/**
 * Shows a run while it goes on, to browsers on this machine that have the address.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { timingSafeEqual } from "node:crypto";
import { LIVE_POLICY, renderPage } from "./page.ts";
import type { RunRecord } from "./record.ts";

/** How often watchers are told, in milliseconds. */
const INTERVAL = 500;
/** How long the last record may take to reach them, in milliseconds. */
const FAREWELL = 1000;

/** The headers of every answer. */
const HEADERS = {
  "cache-control": "no-store",
  "content-security-policy": LIVE_POLICY,
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};

type Watcher = ReadableStreamDefaultController<Uint8Array>;

/** The live page of a run. It does not keep the program alive. */
export class Dashboard {
  readonly #record: () => RunRecord;
  /** A secret part of the address: without it, nothing is shown. */
  readonly #token = crypto.randomUUID();
  readonly #ending = new AbortController();
  readonly #watchers = new Set<Watcher>();
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #timer: ReturnType<typeof setInterval>;

  private constructor(port: number, record: () => RunRecord) {
    this.#record = record;
    this.#server = Deno.serve({
      hostname: "127.0.0.1",
      port,
      signal: this.#ending.signal,
      onListen: () => {},
    }, (request) => this.#answer(request));
    this.#server.unref();
    this.#timer = setInterval(() => {
      if (this.#watchers.size > 0) this.#tell(this.#record());
    }, INTERVAL);
    Deno.unrefTimer(this.#timer as unknown as number);
  }

  /**
   * Begins to listen.
   *
   * @param port The port; 0 for any free one.
   * @param record Gives the record of the run.
   * @throws {Deno.errors.AddrInUse} When the port is in use.
   */
  static open(port: number, record: () => RunRecord): Dashboard {
    try {
      return new Dashboard(port, record);
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
      throw new Deno.errors.AddrInUse(
        `dashboard: port ${port} is in use: name another, or none for any that is free`,
      );
    }
  }

  /** The address of the page. */
  get url(): string {
    return `http://${this.#host}/${this.#token}/`;
  }

  /** Shows the final record to watchers, whose pages keep it, and stops listening. */
  async close(record: RunRecord): Promise<void> {
    clearInterval(this.#timer);
    this.#tell(record);
    for (const watcher of this.#watchers) watcher.close();
    this.#watchers.clear();
    // Closing must come to its end, even if a watcher does not read.
    this.#server.ref();
    const timer = setTimeout(() => this.#ending.abort(), FAREWELL);
    await this.#server.shutdown();
    await this.#server.finished;
    clearTimeout(timer);
  }

  get #host(): string {
    return `127.0.0.1:${this.#server.addr.port}`;
  }

  #answer(request: Request): Response {
    // Another site may have let its name point to this address.
    const known = request.headers.get("host") === this.#host;
    const [token = "", path] = known
      ? new URL(request.url).pathname.slice(1).split("/", 2)
      : [];
    if (!same(token, this.#token)) {
      return answer(
        "Open the address that the program has printed.\n",
        "text/plain",
        403,
      );
    }
    if (request.method !== "GET") return answer("", "text/plain", 405);
    if (path === "") return answer(renderPage(), "text/html; charset=utf-8");
    if (path === "events") return answer(this.#watch(), "text/event-stream");
    return answer("There is nothing here.\n", "text/plain", 404);
  }

  #watch(): ReadableStream<Uint8Array> {
    let watcher: Watcher;
    return new ReadableStream({
      start: (controller) => {
        watcher = controller;
        this.#watchers.add(watcher);
        watcher.enqueue(eventOf(this.#record()));
      },
      cancel: () => void this.#watchers.delete(watcher),
    }, { highWaterMark: 1 });
  }

  #tell(record: RunRecord): void {
    const event = eventOf(record);
    for (const watcher of this.#watchers) {
      // A watcher that has not read the last event skips this one, unless it is the end.
      if (record.ending || (watcher.desiredSize ?? 0) > 0) watcher.enqueue(event);
    }
  }
}

function answer(body: BodyInit, type: string, status = 200): Response {
  return new Response(body, { status, headers: { ...HEADERS, "content-type": type } });
}

function eventOf(record: RunRecord): Uint8Array {
  return new TextEncoder().encode(`data: ${JSON.stringify(record)}\n\n`);
}

/** Whether two texts are equal: this takes the same time wherever they differ. */
function same(text: string, other: string): boolean {
  const [a, b] = [Buffer.from(text), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}
