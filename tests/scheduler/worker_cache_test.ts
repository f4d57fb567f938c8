import { assert, assertEquals, assertRejects } from "../fixtures/assert.ts";
import { SchedulerError } from "../../src/errors.ts";
import { cacheWorker } from "../../src/scheduler/grid_engine/worker_cache.ts";

const root = new URL("../../", import.meta.url);

Deno.test("The worker's program runs from the cache when nobody serves it any more", async () => {
  const directory = await Deno.makeTempDir();
  const env = { DENO_DIR: directory };
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    async (request) => {
      const path = new URL(`.${new URL(request.url).pathname}`, root);
      const headers = { "content-type": "application/typescript" };
      return new Response(await Deno.readTextFile(path), { headers });
    },
  );
  const module = `http://127.0.0.1:${server.addr.port}/worker.ts`;
  const thread = new URL("./src/worker/thread/main.ts", module).href;
  await cacheWorker([module, thread], env);
  await server.shutdown();
  const run = async (module: string) => {
    const args = ["run", "-A", "--cached-only", "--no-config", module];
    const { code, stderr } = await new Deno.Command(Deno.execPath(), { args, env })
      .output();
    return { code, said: new TextDecoder().decode(stderr) };
  };
  assertEquals((await run(module)).code, 64);
  const { said } = await run(thread);
  // It is no program by itself, but all of it is there.
  assert(!said.includes("not found in cache"), said);
  await assertRejects(
    () => cacheWorker([module.replace("worker", "none")], env),
    SchedulerError,
  );
  await Deno.remove(directory, { recursive: true });
});

Deno.test("A worker's program in a file is left where it is", async () => {
  await cacheWorker(["file:///nowhere/worker.ts"]);
});

Deno.test("A server that does not answer is not waited for without bound", async () => {
  using listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const module = `http://127.0.0.1:${listener.addr.port}/worker.ts`;
  await assertRejects(
    () => cacheWorker([module], {}, 300),
    SchedulerError,
    `cannot be fetched within 300 ms: ${module}`,
  );
});
