/** Which of the host's addresses a worker takes: see `src/worker/process/reach.ts`. */

import { assert, assertEquals } from "../fixtures/assert.ts";
import type { RunFile } from "../../src/protocol/run_file.ts";
import type { Machine } from "../../src/zeromq/machine.ts";
import { endpointsFrom, reachHost } from "../../src/worker/process/reach.ts";

/** An endpoint of this machine at which somebody listens. */
function listening(): { endpoint: string } & Disposable {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const endpoint = `tcp://127.0.0.1:${(listener.addr as Deno.NetAddr).port}`;
  return { endpoint, [Symbol.dispose]: () => listener.close() };
}

/** An endpoint at which nobody listens. */
function silent(): string {
  using was = listening();
  return was.endpoint;
}

Deno.test("The only address is taken untried", async () => {
  const endpoint = silent();
  assertEquals(await reachHost([endpoint], 10_000), endpoint);
});

Deno.test("The address that answers is taken, wherever it stands", async () => {
  using host = listening();
  assertEquals(await reachHost([silent(), host.endpoint], 10_000), host.endpoint);
  assertEquals(await reachHost([host.endpoint, silent()], 10_000), host.endpoint);
});

Deno.test("An address that is none does not hold up the others", async () => {
  using host = listening();
  const others = ["tcp://host.invalid:1", "nonsense"];
  assertEquals(await reachHost([...others, host.endpoint], 10_000), host.endpoint);
});

Deno.test("A host that comes a little later is found", async () => {
  const late = silent();
  const reaching = reachHost([silent(), late], 10_000);
  using _ = Deno.listen({ hostname: "127.0.0.1", port: Number(late.split(":")[2]) });
  assertEquals(await reaching, late);
});

Deno.test("Where none answers, time is up and the first is taken", async () => {
  const [first, second] = [silent(), silent()];
  const began = performance.now();
  assertEquals(await reachHost([first, second], 300), first);
  assert(performance.now() - began < 5000);
});

/** A run file's part that tells where the host is. */
function hostAt(boot: string | null, network: string | null, ...addresses: string[]) {
  const endpoints = addresses.map((address) => `tcp://${address}:5`);
  return { endpoints, boot, network } as RunFile;
}

/** The addresses that are tried, as seen from kernel "k" and its network "n". */
const tried = (run: RunFile, here: Machine = { boot: "k", network: "n" }) =>
  endpointsFrom(run, here).map((endpoint) =>
    endpoint.slice("tcp://".length, -":5".length)
  );

const all = ["192.0.2.1", "198.51.100.1", "127.0.0.1"];

Deno.test("On the host's own machine the loopback is taken, which no cable leads to", () => {
  assertEquals(tried(hostAt("k", "n", ...all)), ["127.0.0.1"]);
  assertEquals(tried(hostAt("k", "n", "192.0.2.1")), ["192.0.2.1"]);
});

Deno.test("Elsewhere neither the loopback is tried nor an address that is one's own", () => {
  const { address } = Deno.networkInterfaces().find(({ family, address }) =>
    family === "IPv4" && !address.startsWith("127.")
  )!;
  const others = ["203.0.113.1", "203.0.113.2"];
  for (const [boot, network] of [["k", "another"], ["another", "n"]] as const) {
    assertEquals(tried(hostAt(boot, network, address, ...others, "127.0.0.1")), others);
    assertEquals(tried(hostAt(boot, network, "127.0.0.1")), []);
  }
});

Deno.test("Where machines have no names, all but the loopback is tried", () => {
  const here = { boot: null, network: null };
  assertEquals(tried(hostAt(null, null, ...all), here), all.slice(0, 2));
  assertEquals(tried(hostAt("k", "n", ...all), here), all.slice(0, 2));
  assertEquals(tried(hostAt(null, null, ...all)), all.slice(0, 2));
  assertEquals(tried(hostAt(null, null, "127.0.0.1"), here), ["127.0.0.1"]);
});

Deno.test("A socket file is taken as it is", () => {
  const run = { ...hostAt("k", "another"), endpoints: ["ipc:///tmp/host"] };
  assertEquals(endpointsFrom(run, { boot: "k", network: "n" }), run.endpoints);
});
