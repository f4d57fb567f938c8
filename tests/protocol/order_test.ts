import { assertEquals } from "../fixtures/assert.ts";
import type { HostMessage, WorkerMessage } from "../../src/protocol/messages.ts";
import { chunksOf, subjectsOf } from "../../src/protocol/order.ts";
import { withMain } from "../../src/protocol/added_code.ts";

const value = new Uint8Array();
const assign = {
  type: "assign",
  code: 1,
  chunks: [3, 4].map((chunk) => ({ chunk, first: 0, count: 1, attempt: 1 })),
} as HostMessage;
const code = (code: number): HostMessage => ({ type: "code", code, value });
const results: WorkerMessage = {
  type: "results",
  elapsed: 1,
  segments: [5, 3, 5].map((chunk) => ({ chunk, from: 0, count: 1 })),
  list: [],
};
const output = {
  type: "output",
  prints: [{ chunk: 4 }, { chunk: 4 }, { chunk: 6 }],
} as WorkerMessage;
const times: WorkerMessage = {
  type: "times",
  times: Float64Array.of(4, 0, 0.5, 4, 1, 0.5, 7, 3, 9),
};

Deno.test("A report is of each of its chunks, once", () => {
  assertEquals(chunksOf(results), [5, 3]);
  assertEquals(chunksOf(output), [4, 6]);
  assertEquals(chunksOf(times), [4, 7]);
  assertEquals(chunksOf({ type: "started", chunk: 5 }), [5]);
  assertEquals(chunksOf({ type: "recall" }), []);
});

Deno.test("Messages keep their order where they are about the same", () => {
  const share = (a: HostMessage | WorkerMessage, b: HostMessage | WorkerMessage) =>
    subjectsOf(a)!.some((subject) => subjectsOf(b)!.includes(subject));
  assertEquals([share(code(1), assign), share(code(3), assign)], [true, false]);
  assertEquals([share(code(1), code(1)), share(code(1), code(2))], [true, false]);
  const added: HostMessage = {
    type: "code",
    code: 9,
    value: withMain(new Uint8Array(), 1),
  };
  assertEquals([share(added, assign), share(added, code(3))], [true, false]);
  const other = { ...assign, code: 2, chunks: [] } as HostMessage;
  assertEquals(share(assign, other), true);
  assertEquals([share(results, assign), share(results, output)], [true, false]);
  assertEquals([share(times, output), share(times, results)], [true, false]);
  assertEquals(subjectsOf({ type: "restarting", why: "" }), undefined);
  assertEquals(subjectsOf({ type: "recall" }), []);
});
