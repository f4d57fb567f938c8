import { assertEquals } from "../fixtures/assert.ts";
import { ProcessScheduler } from "../../mod.ts";
import { bytes } from "../fixtures/libzmq.ts";
import { entries, type Ground, test } from "../fixtures/ground.ts";
import { commandLines, hasProc } from "../fixtures/processes.ts";
import { identitiesOf, runFileOf, runFilePath, Running } from "../fixtures/running.ts";

const local = () => new ProcessScheduler({ workers: 2 });

/** The permission bits of a file. */
function mode(path: string): string {
  return (Deno.statSync(path).mode! & 0o777).toString(8);
}

/** The user "nobody", whom every system has under this number. */
const NOBODY = 65534;
const isRoot = Deno.uid() === 0;

/** Runs code as another user, and gives what it prints. */
async function asNobody({ folder }: Ground, code: string): Promise<string> {
  // Where deno keeps what it compiles. Nobody may enter, but not look around.
  Deno.chmodSync(folder, 0o711);
  const cache = `${folder}/cache`;
  Deno.mkdirSync(cache);
  Deno.chownSync(cache, NOBODY, NOBODY);
  // Ours may lie in a home that nobody else may enter.
  const deno = `${folder}/deno`;
  Deno.copyFileSync(Deno.execPath(), deno);
  Deno.chmodSync(deno, 0o755);
  const { code: status, stdout, stderr } = await new Deno.Command(deno, {
    args: ["eval", "--no-config", code],
    cwd: "/",
    uid: NOBODY,
    gid: NOBODY,
    clearEnv: true,
    env: { DENO_DIR: cache, HOME: cache, NO_COLOR: "1" },
  }).output();
  assertEquals(status, 0, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout).trim();
}

/** What a program says that tries to connect, to read and to look around. */
function attempts(socket: string, runFile: string, directory: string): string {
  return `
    const attempts = {
      connect: () => Deno.connect({ transport: "unix", path: ${
    JSON.stringify(socket)
  } }),
      read: () => Deno.readTextFile(${JSON.stringify(runFile)}),
      list: () => Deno.readDirSync(${JSON.stringify(directory)}).next(),
    };
    const found = { uid: Deno.uid() };
    for (const [name, attempt] of Object.entries(attempts)) {
      try { await attempt(); found[name] = "could"; } catch (e) { found[name] = e.name; }
    }
    console.log(JSON.stringify(found));
    Deno.exit();
  `;
}

test("Nobody but its owner may enter a run's directory or read its file", async (ground) => {
  for (const transport of ["local", "network"] as const) {
    const scheduler = () => new ProcessScheduler({ workers: 2, transport });
    await using running = await Running.begin(ground, scheduler);
    const [directory] = entries(ground.runs);
    assertEquals(mode(`${ground.runs}/${directory}`), "700");
    assertEquals(mode(runFilePath(ground)), "600");
    await running.finish();
  }
});

test(
  isRoot
    ? "Another user can neither connect to a local run nor read its file"
    : "Another user can neither connect to a local run nor read its file (ignored: only root can act as another user)",
  async (ground) => {
    await using running = await Running.begin(ground, local);
    const socket = running.dispatcher.address!.slice("ipc://".length);
    const path = runFilePath(ground);
    const directory = path.slice(0, path.lastIndexOf("/"));
    // The way there is free, so that it is the run's directory that keeps them out.
    Deno.chmodSync(ground.runs, 0o755);
    const found = JSON.parse(
      await asNobody(ground, attempts(socket, path, directory)),
    );
    assertEquals(found, {
      uid: NOBODY,
      connect: "PermissionDenied",
      read: "PermissionDenied",
      list: "PermissionDenied",
    });
    const { violations, workersLost } = await running.finish();
    assertEquals([violations, workersLost], [0, 0]);
  },
  { ignore: !hasProc || !isRoot },
);

test("A frame of a terabyte after the handshake ends the connection", async (ground) => {
  await using running = await Running.begin(ground, local);
  const path = running.dispatcher.address!.slice("ipc://".length);
  using connection = await Deno.connect({ transport: "unix", path });
  // ZMTP 3.1 by hand, as in https://rfc.zeromq.org/spec/37/
  const greeting = new Uint8Array(64);
  greeting.set([0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 1]);
  greeting.set(bytes("NULL"), 12);
  const property = (name: string, value: string) => [
    name.length,
    ...bytes(name),
    ...[0, 0, 0, value.length],
    ...bytes(value),
  ];
  const ready = [
    5,
    ...bytes("READY"),
    ...property("Socket-Type", "DEALER"),
    ...property("Identity", "giant"),
  ];
  await connection.write(new Uint8Array([...greeting, 4, ready.length, ...ready]));
  const input = connection.readable.pipeThrough(new TextDecoderStream("latin1"));
  const reader = input.getReader();
  for (let heard = ""; !heard.includes("READY");) heard += (await reader.read()).value;
  const frame = new Uint8Array(9);
  frame[0] = 2;
  new DataView(frame.buffer).setBigUint64(1, 1n << 40n);
  await connection.write(frame);
  assertEquals((await reader.read()).done, true);
  const { workersLost, done } = await running.finish();
  assertEquals([workersLost, done], [0, 100]);
});

for (const transport of ["local", "network"] as const) {
  test(`No key and no endpoint shows in a worker's command line or environment (${transport})`, async (ground) => {
    const scheduler = () => new ProcessScheduler({ workers: 2, transport });
    await using running = await Running.begin(ground, scheduler);
    const { endpoints, curve } = runFileOf(ground);
    const secrets = [...endpoints, ...Object.values(curve ?? {})];
    const keys = transport === "local" ? 0 : 3;
    assertEquals(secrets.length, endpoints.length + keys);
    const workers = [...identitiesOf(ground).keys()];
    assertEquals(workers.length, 2);
    for (const pid of workers) {
      const shown = [
        commandLines().get(pid)!.join(" "),
        Deno.readTextFileSync(`/proc/${pid}/environ`),
      ];
      for (const text of shown) {
        for (const secret of secrets) {
          assertEquals(text.includes(secret), false, `${pid} shows ${secret}`);
        }
      }
    }
    const path = runFilePath(ground);
    await running.finish();
    await running.dispatcher.close();
    assertEquals(entries(ground.runs), [], `${path} is gone`);
  });
}
