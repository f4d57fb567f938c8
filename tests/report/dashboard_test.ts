import {
  assert,
  assertEquals,
  assertRejects,
  assertThrows,
} from "../fixtures/assert.ts";
import { imap, JobDispatcher, map } from "../../mod.ts";
import type { RunRecord } from "../../src/report/record.ts";
import { runProgram, test, twoProcesses } from "../fixtures/tools.ts";
import { addressOf, ask, events } from "./_watch.ts";

const scheduler = twoProcesses;
const double = (x: number) => 2 * x;

/** A run with a page: two items were done, and it waits for its third. */
class Watched implements AsyncDisposable {
  readonly #gate: PromiseWithResolvers<void>;
  readonly #results: AsyncIterableIterator<number>;
  readonly url: string;

  private constructor(
    gate: PromiseWithResolvers<void>,
    results: AsyncIterableIterator<number>,
    url: string,
  ) {
    this.#gate = gate;
    this.#results = results;
    this.url = url;
  }

  static async open(): Promise<Watched> {
    const gate = Promise.withResolvers<void>();
    async function* items() {
      yield* [1, 2];
      await gate.promise;
      yield 3;
    }
    const results = imap(double, items(), { scheduler, dashboard: true });
    const url = await addressOf(async () => {
      await results.next();
      await results.next();
    });
    return new Watched(gate, results, url);
  }

  /** Lets it come to its end. */
  async finish(): Promise<void> {
    this.#gate.resolve();
    for await (const _ of this.#results);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#gate.resolve();
    await this.#results.return!();
  }
}

test("The dashboard tells of the run while it goes on, and of its end", async () => {
  await using run = await Watched.open();
  const seen: RunRecord[] = [];
  for await (const record of events(run.url)) {
    const before = seen.at(-1);
    seen.push(record);
    if (record.items.done === 2 && !(before?.items.done === 2)) void run.finish();
  }
  assertEquals(seen[0]!.ending, undefined);
  assertEquals(seen[0]!.name, "double");
  assertEquals(seen.at(-1)!.ending, { how: "finished" });
  assertEquals(seen.at(-1)!.items, {
    total: 3,
    all: true,
    done: 3,
    failed: 0,
    retried: 0,
  });
});

test("The dashboard is there for whoever has the address, and for nobody else", async () => {
  await using run = await Watched.open();
  const { url } = run;
  const page = await fetch(url);
  assertEquals(page.status, 200);
  assert((await page.text()).startsWith("<!doctype html>"));
  const policy = page.headers.get("content-security-policy")!;
  assert(policy.startsWith("default-src 'none'") && !policy.includes("unsafe"));
  assertEquals(page.headers.get("access-control-allow-origin"), null);

  const { host, origin, pathname } = new URL(url);
  const token = pathname.slice(1, -1);
  assert(token.length >= 32);
  const wrong = `${token.slice(0, -1)}${token.endsWith("0") ? 1 : 0}`;
  for (const path of ["/", "/events", `/${wrong}/`, `/${wrong}/events`, "//", "/é/"]) {
    const response = await fetch(origin + path);
    assertEquals(response.status, 403, path);
    await response.body?.cancel();
  }
  // Names of other sites that lead to this machine.
  for (
    const other of [
      "evil.example",
      "a:b:c",
      `evil.example:${new URL(url).port}`,
      "localhost",
    ]
  ) {
    const request = `GET ${pathname} HTTP/1.1\r\nHost: ${other}\r\nConnection: close`;
    assertEquals(await ask(url, request), "HTTP/1.1 403 Forbidden", other);
  }
  const good = `GET ${pathname} HTTP/1.1\r\nHost: ${host}\r\nConnection: close`;
  assertEquals(await ask(url, good), "HTTP/1.1 200 OK");

  const status = async (path: string, init?: RequestInit) => {
    const response = await fetch(url + path, init);
    await response.body?.cancel();
    return response.status;
  };
  assertEquals(await status("", { method: "POST", body: "x" }), 405);
  assertEquals(await status("elsewhere"), 404);
});

test("Who does not read the dashboard keeps nobody from coming to the end", async () => {
  await using run = await Watched.open();
  const { hostname, port, pathname, host } = new URL(run.url);
  using silent = await Deno.connect({ hostname, port: Number(port) });
  const request = `GET ${pathname}events HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
  await silent.write(new TextEncoder().encode(request));
  await run.finish();
  await assertRejects(() => fetch(run.url), TypeError);
});

test("The dashboard is on a port of one's choice, which must be free", async () => {
  const taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr as Deno.NetAddr;
  await using dispatcher = new JobDispatcher({ scheduler });
  const dashboard = { port };
  await assertRejects(
    () => dispatcher.map(double, [1], { dashboard }),
    Deno.errors.AddrInUse,
    `port ${port} is in use`,
  );
  const streamed = () => dispatcher.imap(double, [1], { dashboard }).next();
  await assertRejects(streamed, Deno.errors.AddrInUse);
  taken.close();
  assertEquals(dispatcher.stats().workersRequested, 0);
  let running: Promise<number[]>;
  const url = await addressOf(() =>
    running = dispatcher.map(double, [1], { dashboard })
  );
  await running!;
  assertEquals(new URL(url).port, `${port}`);
});

test("A port that is none is refused at the call", async () => {
  for (const port of [-1, 65536, 1.5, "80" as never]) {
    const options = { scheduler, dashboard: { port } };
    const text = `dashboard.port is ${Deno.inspect(port)}`;
    await assertRejects(() => map(double, [1], options), RangeError, text);
    assertThrows(() => imap(double, [1], options), RangeError, text);
  }
});

test("The dashboard prints its address once, and lets the program end", async () => {
  const whole = await runProgram("tests/report/_watched.ts");
  assertEquals([whole.code, whole.stdout], [0, "[ 2, 4, 6 ]\n"]);
  const line =
    /^gridengine: "double" can be watched at http:\/\/127\.0\.0\.1:\d+\/\S+\/\n$/;
  assert(line.test(whole.stderr), whole.stderr);
  const left = await runProgram("tests/report/_watched.ts", ["left"]);
  assertEquals([left.code, left.stdout], [0, "2\n"]);
});
