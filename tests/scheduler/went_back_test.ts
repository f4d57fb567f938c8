/** What is known of a task that went back: see `src/scheduler/grid_engine/went_back.ts`. */

import { assertEquals, assertMatch } from "../fixtures/assert.ts";
import { returnOf } from "../../src/scheduler/grid_engine/went_back.ts";

const ABOUT = `job_number:                 103
error reason          1:      11/27/2026 10:22:17 [103:4508]: exit_status of prolog = 1
scheduling info:            (Collecting of scheduler job information is turned off)
`;
const queues = (state: string) =>
  `queuename       qtype resv/used/tot. load_avg arch          states
---------------------------------------------------------------------------------
all.q@node1                    BIP   0/0/4          1.17     lx-amd64      E
\tqueue all.q marked QERROR as result of job 103's failure at host node1
---------------------------------------------------------------------------------
all.q@node2                    BIP   0/0/4          1.17     lx-amd64      ${state}
\tqueue all.q marked QERROR as result of job 99's failure at host node2
`;

Deno.test("A task that went back has the nodes and the reason of its own job", () => {
  const { why, isClosed } = returnOf("103", ABOUT, queues("dE"));
  assertMatch(
    why,
    /^it waits in the queue, because node1 could not start .*: exit_status of prolog = 1; qstat/,
  );
  assertEquals(isClosed, true);
});

Deno.test("It may go on where a queue is open, though it is busy", () => {
  for (const state of ["", "a"]) {
    assertEquals(returnOf("103", ABOUT, queues(state)).isClosed, false, state);
  }
});

Deno.test("Where the cluster's programs say nothing, less is told", () => {
  const { why, isClosed } = returnOf("103", "", "");
  assertMatch(
    why,
    /^it waits in the queue, because a node could not start it; /,
  );
  assertEquals(isClosed, true);
});
