/** What exit statuses and last words say of a worker's end: see `src/scheduler/loss.ts`. */

import { assertEquals } from "../fixtures/assert.ts";
import type { WorkerLoss } from "../../src/errors.ts";
import { EXIT_STATUS } from "../../src/protocol/exit_status.ts";
import { refineLoss } from "../../src/scheduler/loss.ts";

const exit = (exitStatus: number, log = ""): WorkerLoss => ({
  cause: "exit",
  detail: `its process exited with status ${exitStatus}`,
  exitStatus,
  log,
});

const refined = (loss: WorkerLoss) => {
  const { cause, detail } = refineLoss(loss);
  return [cause, detail];
};

Deno.test("Too much memory, with the worker's own figures", () => {
  const said = "used 210 MB of memory where 200 MB are allowed";
  const log = `something\nWorker a-1 ${said}\n`;
  const status = EXIT_STATUS["out of memory"];
  assertEquals(refined(exit(status, log)), ["out of memory", said]);
  assertEquals(refined(exit(status)), ["out of memory", "it used too much memory"]);
});

Deno.test("A host that was not reached, with the addresses", () => {
  const status = EXIT_STATUS["host not reached"];
  const sayings = [
    "could not reach the host at tcp://192.0.2.1:1, tcp://192.0.2.2:1 within 9 ms",
    "found that its host has ended",
    "has lost the host at tcp://192.0.2.1:1",
  ];
  for (const said of sayings) {
    const loss = exit(status, `Worker a-1 ${said}\n`);
    assertEquals(refined(loss), ["unreachable", `it ${said}`]);
  }
  assertEquals(refined(exit(status))[0], "unreachable");
});

Deno.test("A run file that cannot be read, with what is there instead", () => {
  const status = EXIT_STATUS["no run file"];
  const said =
    'cannot read the run file "/a/run.json" on node1: its directory is there';
  const loss = exit(status, `Worker a-1 ${said}\n`);
  assertEquals(refined(loss), ["exit", `it ${said}`]);
  assertEquals(refined(exit(status)), ["exit", "it cannot read the run file"]);
});

Deno.test("A limit of the address space, with what to ask for instead", () => {
  const log = "# Fatal process out of memory: Oilpan: CagedHeap reservation.";
  const signaled: WorkerLoss = { cause: "signal", detail: "", signal: "SIGTRAP", log };
  for (const loss of [exit(133, log), signaled]) {
    const [cause, detail] = refined(loss);
    assertEquals(cause, "out of memory");
    assertEquals(/request memory by mem_free/.test(detail!), true, detail);
  }
});

Deno.test("A limit of deno's own memory is not one of its address space", () => {
  const log =
    "# Fatal process out of memory: Failed to reserve virtual memory for CodeRange";
  const [cause, detail] = refined(exit(133, log));
  assertEquals(cause, "out of memory");
  assertEquals(/h_data or ulimit -d/.test(detail!), true, detail);
  assertEquals(/h_vmem/.test(detail!), false, detail);
});

Deno.test("What the system refuses later is out of memory, with deno's word for it", () => {
  const said = "Fatal process out of memory: Worklist::Segment::Create";
  const loss: WorkerLoss = {
    cause: "signal",
    detail: "",
    signal: "SIGTRAP",
    log: `\n#\n# ${said}\n#\n`,
  };
  const [cause, detail] = refined(loss);
  assertEquals(cause, "out of memory");
  assertEquals(detail!.includes(said), true, detail);
});

Deno.test("The kernel's memory killer, by the word of the start script", () => {
  const end = (said: string, maxMemory?: number): WorkerLoss => ({
    cause: "signal",
    detail: "its process was ended by SIGKILL",
    signal: "SIGKILL",
    log: `something\nWorker a-1 was ${said}`,
    ...(maxMemory !== undefined && { maxMemory }),
  });
  const group =
    "ended by the kernel's memory killer, because its control group is limited to 250 MB";
  assertEquals(refined(end(group)), ["out of memory", `it was ${group}`]);
  assertEquals(refined(end(group, 240 * 2 ** 20)), [
    "out of memory",
    `it was ${group}; its peak memory was 240 MB`,
  ]);
  const perhaps = "perhaps ended by the kernel's memory killer, which has ended one";
  assertEquals(refined(end(perhaps)), ["signal", `it was ${perhaps}`]);
  const loss: WorkerLoss = { ...end(group), signal: "SIGTERM" };
  assertEquals(refineLoss(loss), loss);
});

Deno.test("A heap that is full", () => {
  const logs = [
    "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory",
    "# Fatal JavaScript out of memory: Ineffective mark-compacts near heap limit",
    "# Fatal JavaScript out of memory: Reached heap limit",
  ];
  for (const log of logs) {
    assertEquals(refined(exit(133, log))[0], "out of memory");
  }
});

Deno.test("All else stays as it is", () => {
  const others: WorkerLoss[] = [
    exit(1, "JavaScript is fine"),
    { cause: "deleted", detail: "", log: "JavaScript heap out of memory" },
    { cause: "never started", detail: "", exitStatus: EXIT_STATUS["out of memory"] },
    { cause: "run time limit", detail: "", signal: "SIGKILL" },
  ];
  for (const loss of others) assertEquals(refineLoss(loss), loss);
});
