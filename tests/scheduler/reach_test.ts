/** Which of the host's addresses a worker takes: see `src/worker/reach.ts`. */

import { assert, assertEquals } from "@std/assert";
import { reachHost } from "../../src/worker/reach.ts";

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

Deno.test("the only address is taken untried", async () => {
  const endpoint = silent();
  assertEquals(await reachHost([endpoint], 10_000), endpoint);
});

Deno.test("the address that answers is taken, wherever it stands", async () => {
  using host = listening();
  assertEquals(await reachHost([silent(), host.endpoint], 10_000), host.endpoint);
  assertEquals(await reachHost([host.endpoint, silent()], 10_000), host.endpoint);
});

Deno.test("an address that is none does not hold up the others", async () => {
  using host = listening();
  const others = ["tcp://host.invalid:1", "nonsense"];
  assertEquals(await reachHost([...others, host.endpoint], 10_000), host.endpoint);
});

Deno.test("a host that comes a little later is found", async () => {
  const late = silent();
  const reaching = reachHost([silent(), late], 10_000);
  using _ = Deno.listen({ hostname: "127.0.0.1", port: Number(late.split(":")[2]) });
  assertEquals(await reaching, late);
});

Deno.test("where none answers, time is up and the first is taken", async () => {
  const [first, second] = [silent(), silent()];
  const began = performance.now();
  assertEquals(await reachHost([first, second], 300), first);
  assert(performance.now() - began < 5000);
});
