import { assertEquals, assertStringIncludes } from "../fixtures/assert.ts";
import { map, ProcessScheduler } from "../../mod.ts";
import type { RunFile } from "../../src/protocol/run_file.ts";
import { thisMachine } from "../../src/zeromq/machine.ts";
import { libzmqPath, zmq } from "../fixtures/libzmq.ts";
import { entries, type Ground, test } from "../fixtures/ground.ts";
import { identitiesOf, runFilePath, Running } from "../fixtures/running.ts";

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
    boot: null,
    network: null,
    locked: null,
    curve: null,
    libzmq: libzmqPath,
    flags: FLAGS,
    permissions: "inherit",
    program: { main: "", args: [] },
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

/** Writes a run file as a host of this machine would, whose lock the caller may hold. */
function writeLocked(ground: Ground, content: Partial<RunFile>): string {
  const path = writeRunFile(ground, content);
  const { dev, ino } = Deno.statSync(path);
  const run: RunFile = JSON.parse(Deno.readTextFileSync(path));
  const locked = { device: dev, inode: ino! };
  const complete = { ...run, ...thisMachine(zmq), locked, ...content };
  Deno.writeTextFileSync(path, JSON.stringify(complete));
  return path;
}

/** Endpoints of this machine at which nobody listens. */
function silent({ runs }: Ground): string[] {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return [`tcp://127.0.0.1:${listener.addr.port}`, `ipc://${runs}/none`];
}

test("A worker whose host has ended does not wait for it, and cleans up after it", async (ground) => {
  for (const endpoint of silent(ground)) {
    const { code, said } = await work(
      writeLocked(ground, { endpoints: [endpoint] }),
      "w",
    );
    assertEquals(code, 69);
    assertStringIncludes(said, "found that its host has ended");
    assertEquals(entries(ground.runs), []);
  }
});

test("A worker that cleans up removes nothing but what a host leaves", async (ground) => {
  const runFile = writeLocked(ground, { endpoints: [silent(ground)[1]!] });
  const [directory] = entries(ground.runs);
  Deno.writeTextFileSync(`${ground.runs}/${directory}/precious`, "");
  await work(runFile, "w");
  assertEquals(entries(`${ground.runs}/${directory}`), ["precious"]);
  removeRuns(ground);
});

test("A worker of a host that lives removes nothing, though nobody listens", async (ground) => {
  for (const endpoint of silent(ground)) {
    const path = writeLocked(ground, { endpoints: [endpoint], connectTimeout: 300 });
    using file = Deno.openSync(path);
    file.lockSync(true);
    const { code, said } = await work(path, "w");
    assertEquals(code, 69);
    assertStringIncludes(said, `could not reach the host at ${endpoint} within 300 ms`);
    assertEquals(Deno.readTextFileSync(path).length > 0, true);
  }
  removeRuns(ground);
});

test("A worker that cannot tell whether its host lives removes nothing", async (ground) => {
  const strange: Partial<RunFile>[] = [
    // The host is on another machine, or nobody knows on which, or had no lock.
    { boot: "another" },
    { network: "another" },
    { boot: null },
    { locked: null },
    // The file is a copy of the one that the host has locked.
    { locked: { device: 1, inode: 1 } },
  ];
  // As two machines may have it.
  const endpoints = [silent(ground)[0]!];
  for (const difference of strange) {
    const path = writeLocked(ground, { endpoints, connectTimeout: 300, ...difference });
    const { code, said } = await work(path, "w");
    assertEquals(code, 69, JSON.stringify(difference));
    assertStringIncludes(said, `could not reach the host at ${endpoints[0]}`);
    assertEquals(Deno.readTextFileSync(path).length > 0, true);
  }
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
});

test("A worker that finds no run file says what it found", async (ground) => {
  Deno.writeTextFileSync(`${ground.folder}/something`, "");
  const findings = {
    "run.json":
      `${ground.folder}/run.json" on ${Deno.hostname()}: its directory is there ` +
      `and holds`,
    "nowhere/run.json": "name a runDirectory that both see",
  };
  for (const [name, finding] of Object.entries(findings)) {
    const { code, said } = await work(`${ground.folder}/${name}`, "w");
    assertEquals(code, 78);
    assertStringIncludes(said, "Worker w cannot read the run file");
    assertStringIncludes(said, finding);
  }
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
  assertStringIncludes(said, running.runFile.endpoints.at(-1)!);
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
