import { assertEquals, assertStringIncludes } from "@std/assert";
import { map, ProcessScheduler } from "../../mod.ts";
import type { RunFile } from "../../src/protocol/run_file.ts";
import { libzmqPath } from "../zeromq/_tools.ts";
import { entries, type Ground, test } from "../integration/_helpers.ts";
import { identitiesOf, runFilePath, Running } from "../integration/_running.ts";

/** How a worker ended, and what it said. */
interface End {
  code: number;
  said: string;
}

const FLAGS = ["--allow-all", "--no-prompt", "--quiet", "--unstable-worker-options"];

/** Runs `worker.ts` as a scheduler would, to its end. */
async function work(...args: string[]): Promise<End> {
  const module = new URL("../../worker.ts", import.meta.url).href;
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", ...FLAGS, module, ...args],
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, said: text(stdout) + text(stderr) };
}

/** A run file in a directory of its own, as a host leaves it. */
function writeRunFile({ runs }: Ground, content: Partial<RunFile>): string {
  const directory = Deno.makeTempDirSync({ dir: runs });
  const run = {
    endpoints: [""],
    curve: null,
    libzmq: libzmqPath,
    flags: FLAGS,
    permissions: "inherit",
    heartbeatInterval: 1000,
    loadTimeout: 60_000,
    connectTimeout: 60_000,
    reconnectGrace: 1500,
    ...content,
  };
  Deno.writeTextFileSync(`${directory}/run.json`, JSON.stringify(run));
  return `${directory}/run.json`;
}

function removeRuns({ runs }: Ground): void {
  for (const name of entries(runs)) {
    Deno.removeSync(`${runs}/${name}`, { recursive: true });
  }
}

test("A worker without its two arguments says how it is used", async () => {
  for (const args of [[], ["run.json"]]) {
    const { code, said } = await work(...args);
    assertEquals(code, 64);
    assertStringIncludes(said, "Usage: worker.ts RUN_FILE WORKER");
  }
});

test("A worker gives up on a host that does not answer, and names its address", async (ground) => {
  // It takes connections, and says nothing.
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const endpoint = `tcp://127.0.0.1:${listener.addr.port}`;
  const runFile = writeRunFile(ground, { endpoints: [endpoint], connectTimeout: 300 });
  const { code, said } = await work(runFile, "w");
  assertEquals(code, 69);
  assertStringIncludes(said, `could not reach the host at ${endpoint} within 300 ms`);
  removeRuns(ground);
});

test("A worker does not wait where nobody listens, and cleans up after its host", async (ground) => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  for (const endpoint of [`tcp://127.0.0.1:${port}`, `ipc://${ground.runs}/none`]) {
    const { code, said } = await work(
      writeRunFile(ground, { endpoints: [endpoint] }),
      "w",
    );
    assertEquals(code, 69);
    assertStringIncludes(said, `nobody listens at ${endpoint}`);
    assertEquals(entries(ground.runs), []);
  }
});

test("A worker that cleans up removes nothing but what a host leaves", async (ground) => {
  const endpoint = `ipc://${ground.runs}/none`;
  const runFile = writeRunFile(ground, { endpoints: [endpoint] });
  const [directory] = entries(ground.runs);
  Deno.writeTextFileSync(`${ground.runs}/${directory}/precious`, "");
  await work(runFile, "w");
  assertEquals(entries(`${ground.runs}/${directory}`), ["precious"]);
  removeRuns(ground);
});

test("A worker whose run file is none says what is wrong with it", async (ground) => {
  const path = `${ground.folder}/run.json`;
  const contents = {
    "nonsense": "is not JSON",
    "null": "lacks endpoints, libzmq or flags",
    "{}": "lacks endpoints, libzmq or flags",
    '{"endpoints":["tcp://127.0.0.1:1"]}': "lacks endpoints, libzmq or flags",
    '{"endpoints":[""],"libzmq":"/nowhere/libzmq.so","flags":[]}': "/nowhere/libzmq.so",
  };
  for (const [content, complaint] of Object.entries(contents)) {
    Deno.writeTextFileSync(path, content);
    const { code, said } = await work(path, "w");
    assertEquals(code, complaint.startsWith("/") ? 1 : 78, content);
    assertStringIncludes(said, complaint);
  }
  const { code, said } = await work(`${ground.folder}/nothing.json`, "w");
  assertEquals(code, 78);
  assertStringIncludes(said, "nothing.json");
});

test("A worker that the host does not expect is refused, and leaves", async (ground) => {
  await using running = await Running.begin(ground);
  const [asked] = identitiesOf(ground).values();
  const { code, said } = await work(runFilePath(ground), `${asked}000`);
  assertEquals(code, 76);
  assertStringIncludes(said, "was refused: this run does not expect the worker");
  const { workersLost, violations } = await running.finish();
  assertEquals([workersLost, violations], [0, 0]);
});

test("A worker with the keys of another run does not get in", async (ground) => {
  await using running = await Running.begin(ground);
  const keys = { ...running.runFile.curve!, ...running.runFile, connectTimeout: 500 };
  const { serverKey, publicKey } = running.runFile.curve!;
  // A key that is well-formed, but not the one that belongs to the public key.
  const curve = { serverKey, publicKey: serverKey, secretKey: publicKey };
  const directory = `${ground.folder}/other`;
  Deno.mkdirSync(directory);
  const path = `${directory}/run.json`;
  Deno.writeTextFileSync(path, JSON.stringify({ ...keys, curve }));
  const { code, said } = await work(path, "w");
  assertEquals(code, 69);
  assertStringIncludes(said, running.runFile.endpoints[0]!);
  await running.finish();
});

test("What a worker runs is woken on time, where the kernel lets it", async () => {
  const slack = () => {
    const thread = Deno.readLinkSync("/proc/thread-self").split("/").at(-1);
    return Deno.readTextFileSync(`/proc/${thread}/timerslack_ns`);
  };
  const scheduler = () => new ProcessScheduler({ workers: 1 });
  assertEquals(await map(slack, [undefined], { scheduler }), ["1\n"]);
});
