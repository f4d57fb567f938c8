/** The script of an array job's task, run by the shell of this machine. */

import { assertEquals, assertMatch } from "../fixtures/assert.ts";
import { quote, startScript } from "../../src/scheduler/grid_engine/start_script.ts";
import { TempDirectory } from "../fixtures/tools.ts";
import { MemoryGroup } from "./_memory_group.ts";

/** What no shell may take for anything but text. */
const ODD = `a b'c"d$HOME\`id\`\\e;#*?é`;

/** In place of deno: writes each of its words, and a variable, in a line. */
const SPY = `#!/bin/sh
for word in "$@" "$ODD_VARIABLE"; do printf '<%s>\\n' "$word"; done
cat
if [ -n "$LIMITS" ]; then ulimit -S -v; ulimit -S -d; fi
case $END in
  "") ;;
  memory) exec tail /dev/zero ;;
  *) kill -"$END" $$ ;;
esac
`;

interface Ran {
  code: number;
  signal: Deno.Signal | null;
  stdout: string;
  stderr: string;
  /** What was written of the limits of the second task. */
  limits: string;
}

/** Runs the script of a task in a directory with an odd name. */
async function run(
  env: Record<string, string>,
  { workers = ["first", "second"], deno = true, before = "" } = {},
): Promise<Ran> {
  using temp = new TempDirectory();
  const directory = `${temp.path}/${ODD}`;
  await Deno.mkdir(directory);
  const names = ["list", "limits", "deno", "start.sh"] as const;
  const [list, limits, spy, script] = names.map((name) => `${directory}/${name}`) as [
    string,
    string,
    string,
    string,
  ];
  await Deno.writeTextFile(list, workers.map((worker) => `${worker}\n`).join(""));
  if (deno) await Deno.writeTextFile(spy, SPY, { mode: 0o700 });
  const spec = { name: "f", module: ODD, flags: ["--flag", ODD], runFile: ODD };
  const text = startScript({
    spec,
    deno: spy,
    env: { ODD_VARIABLE: ODD },
    list,
    script,
    limits,
  });
  await Deno.writeTextFile(script, text);
  const { code, signal, stdout, stderr } = await new Deno.Command("/bin/sh", {
    args: ["-c", `${before}\nexec /bin/sh "$1"`, "sh", script],
    clearEnv: true,
    env: { PATH: "/usr/bin:/bin", ...env },
  }).output();
  const decoder = new TextDecoder();
  return {
    code,
    signal,
    stdout: decoder.decode(stdout),
    stderr: decoder.decode(stderr),
    limits: await Deno.readTextFile(`${limits}.2`).catch(() => ""),
  };
}

/** What the spy writes when it runs as a worker. */
const words = (worker: string) =>
  ["run", "--flag", ODD, ODD, ODD, worker, ODD].map((word) => `<${word}>\n`).join("");

Deno.test("A task starts the worker of its line, with every word as it is", async () => {
  const { code, stdout, stderr } = await run({ SGE_TASK_ID: "2" });
  assertEquals({ code, stdout, stderr }, {
    code: 0,
    stdout: words("second"),
    stderr: "",
  });
});

Deno.test("A task runs where a shell reads its script from standard input", async () => {
  const { stdout, stderr } = await run({}, { before: 'exec /bin/sh < "$1"' });
  assertEquals([stdout, stderr], [words("first"), ""]);
});

Deno.test("A task runs where a profile has left no PATH", async () => {
  const { code, stderr } = await run({}, { before: "PATH=" });
  assertEquals([code, stderr], [0, ""]);
});

Deno.test("Other systems number their tasks by other variables", async () => {
  const names = ["SLURM_ARRAY_TASK_ID", "PBS_ARRAY_INDEX", "PBS_ARRAYID"];
  for (const name of names) {
    assertEquals((await run({ [name]: "2" })).stdout, words("second"), name);
  }
});

Deno.test("A job that is no array has the first worker", async () => {
  assertEquals((await run({})).stdout, words("first"));
  assertEquals((await run({ SGE_TASK_ID: "undefined" })).stdout, words("first"));
});

Deno.test("A task whose run is over ends well", async () => {
  const { code, stdout, stderr } = await run({ SGE_TASK_ID: "3" });
  assertEquals([code, stdout], [0, ""]);
  assertMatch(stderr, /is over/);
});

Deno.test("A node without deno says so", async () => {
  const { code, stdout, stderr } = await run({}, { deno: false });
  assertEquals([code, stdout], [127, ""]);
  assertMatch(stderr, /^There is no deno at .* on \S+\n$/);
});

Deno.test("Soft limits of memory are lifted, for deno reserves more than it uses", async () => {
  const before = "ulimit -S -v 40000000; ulimit -S -d 30000000; ulimit -H -d 50000000";
  const { stdout } = await run({ LIMITS: "1" }, { before });
  assertMatch(stdout, /\nunlimited\n50000000\n$/);
});

Deno.test("A task tells what limits of time it has, and where it runs", async () => {
  const before = "ulimit -S -t 50; ulimit -H -t 60";
  const { limits } = await run({ SGE_TASK_ID: "2", QUEUE: "all.q" }, { before });
  assertMatch(limits, /^60\n50\nall\.q@\S+\n$/);
});

Deno.test("A task ends as its worker does, and says no more of it", async () => {
  for (const [number, signal] of [[9, "SIGKILL"], [15, "SIGTERM"], [5, "SIGTRAP"]]) {
    const ended = await run({ END: `${number}` });
    assertEquals([ended.signal, ended.stderr], [signal, ""]);
  }
});

Deno.test({
  name: "A task says whether the memory killer has ended its worker",
  ignore: !MemoryGroup.canBeMade(),
  async fn() {
    using group = new MemoryGroup(64 * 2 ** 20);
    const before = `echo $$ > ${group.path}/cgroup.procs`;
    const { signal, stderr } = await run({ END: "memory" }, { before });
    assertEquals(
      [signal, stderr],
      [
        "SIGKILL",
        "Worker first was ended by the kernel's memory killer, because its control group is " +
        "limited to 64 MB\n",
      ],
    );
    assertEquals((await run({ END: "9" }, { before })).stderr, "");
  },
});

Deno.test("quote makes one word of anything", () => {
  assertEquals(quote(""), "''");
  assertEquals(quote("it's"), `'it'\\''s'`);
});
