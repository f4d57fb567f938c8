/** What becomes of a map on a real Grid Engine that is slow to take jobs, or takes none. */

import { assert, assertEquals } from "../fixtures/assert.ts";
import {
  bringBack,
  cutOff,
  head,
  HOME,
  outputAs,
  processesOn,
  queueText,
  untilHeard,
  withConfiguration,
} from "../cluster/cluster.ts";
import { programOf } from "../fixtures/processes.ts";
import { until } from "../fixtures/waiting.ts";
import { refusals, verified } from "./_cluster_refusals.ts";
import { assertComplete, Ground } from "./_ground.ts";
import { assertNothingLeft, onCluster, withHomeFile } from "../fixtures/on_cluster.ts";

const test = onCluster();

const WAITING = { run: "wait", items: 4, scheduler: { workers: 4 } } as const;
/** What keeps a job in the queue. */
const HELD = { workers: 4, nativeSpecification: "-h" };

/** Runs a program of the user's. */
async function run(name: string): Promise<void> {
  const words = ["deno", "run", "-A", "tests/scheduler/_cluster_refusals.ts", name];
  await outputAs("user", words, { signal: AbortSignal.timeout(120_000) });
}

/** Does something while a verifier holds each submission up, and says by a file that it does. */
async function withVerifier(work: (begun: string) => Promise<void>): Promise<void> {
  const directory = (await outputAs("user", ["mktemp", "-d", "-p", HOME])).trim();
  const script = `${directory}/verifier.sh`;
  const begun = `${directory}/begun`;
  const text = `#!/bin/sh
while read -r word rest; do
  case $word in
    START) echo STARTED ;;
    BEGIN) echo > ${begun}; sleep 6; echo RESULT STATE ACCEPT ;;
    QUIT) exit ;;
  esac
done
`;
  await Deno.writeTextFile(script, text);
  await Deno.chmod(script, 0o755);
  try {
    await withHomeFile(".sge_request", `-jsv ${script}`, () => work(begun));
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

const isThere = (path: string) => () => Deno.statSync(path).isFile;

for (const name of Object.keys(refusals)) {
  test(name, () => withConfiguration({ max_u_jobs: "1" }, () => run(name)));
}

for (const name of Object.keys(verified)) {
  test(name, () => withHomeFile(".sge_request", "-w v", () => run(name)));
}

for (const signal of ["KILL", "INT", "TERM", "HUP"]) {
  test(`A program that SIG${signal} ends during its submission leaves no job`, async () => {
    await withVerifier(async (begun) => {
      await using ground = await Ground.start({ ...WAITING, scheduler: HELD });
      await ground.opened();
      await until("the submission is under way", isThere(begun));
      // To all of its process group, as a terminal does.
      await outputAs("user", ["kill", `-${signal}`, "--", `-${ground.process.pid}`]);
      await ground.process.status;
      assertEquals(await queueText(), "");
      await assertNothingLeft();
    });
  });
}

test("An abort is thrown at once while a submission is under way", async () => {
  await withVerifier(async (begun) => {
    const order = { ...WAITING, scheduler: HELD, abortable: true };
    await using ground = await Ground.start(order);
    await ground.opened();
    await until("the submission is under way", isThere(begun));
    Deno.writeTextFileSync(`${ground.path}/abort`, "");
    const { error, abortedAfter } = await ground.outcome();
    assertEquals(error?.message, "There is enough");
    assert(abortedAfter! < 3000, `It was thrown after ${abortedAfter} ms`);
    await ground.closed();
    await assertNothingLeft();
  });
});

test("An abort is thrown at once while a node is cut off", async ([node]) => {
  const scheduler = { workers: 8 };
  const order = { ...WAITING, items: 8, scheduler, abortable: true };
  await using ground = await Ground.start(order);
  try {
    await ground.opened();
    await ground.begun(8);
    await cutOff(node!);
    Deno.writeTextFileSync(`${ground.path}/abort`, "");
    const { error, abortedAfter } = await ground.outcome();
    assertEquals(error?.message, "There is enough");
    assert(abortedAfter! < 3000, `It was thrown after ${abortedAfter} ms`);
    await ground.closed();
  } finally {
    await bringBack(node!);
    await untilHeard(node!, true);
  }
});

test("A keeper that is stopped is replaced, and the next one tells of its jobs", async () => {
  await using ground = await Ground.start(WAITING);
  const keeper = await ground.opened();
  const [first] = await ground.begun(4);
  Deno.kill(keeper, "SIGSTOP");
  Deno.kill(first!.pid, "SIGKILL");
  await until(
    "the item has begun again",
    () => ground.attempts(first!.item) === 2,
    60_000,
  );
  ground.open();
  const outcome = await ground.outcome();
  assertComplete(outcome, 4);
  assertEquals(outcome.lost, 1);
  await ground.closed();
});

test("A keeper that is killed during a submission loses no array", async () => {
  const [master] = processesOn(head).filter((pid) => programOf(pid) === "sge_qmaster");
  const order = { ...WAITING, scheduler: HELD, abortable: true };
  await using ground = await Ground.start(order);
  const keeper = await ground.opened();
  Deno.kill(master!, "SIGSTOP");
  try {
    await until("the array is about to be submitted", () => {
      const [run] = [...Deno.readDirSync(`${HOME}/.gridengine`)];
      return isThere(`${HOME}/.gridengine/${run!.name}/start-1.sh`)();
    });
    Deno.kill(keeper, "SIGKILL");
  } finally {
    Deno.kill(master!, "SIGCONT");
  }
  await until("there is an array", async () => await queueText() !== "");
  Deno.writeTextFileSync(`${ground.path}/abort`, "");
  assertEquals((await ground.outcome()).error?.message, "There is enough");
  await ground.closed();
  await assertNothingLeft();
});
