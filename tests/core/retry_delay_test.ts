/**
 * Items whose function threw, and that rest before they are tried again.
 *
 * @module
 */

import { assertEquals } from "../fixtures/assert.ts";
import { chunksOf, Harness, only, settle, START } from "../fixtures/core_harness.ts";

const ends = { retryErrors: 3, retryDelay: 1000, chunkSize: 1 } as const;

/** One worker, and a run whose first item has just thrown. */
function thrown(items: number, settings = {}): Harness {
  const host = new Harness({ workers: 1 });
  host.run(items, { ...ends, ...settings });
  const [first] = chunksOf(host.hello("1"));
  host.failed("1", first!.chunk, 0);
  return host;
}

/** The worker says that it lives. */
const living = (host: Harness) => () => host.do({ type: "heard", worker: "1" });

Deno.test("An item is tried again when its delay is over, and not before", () => {
  const host = new Harness({ workers: 1 });
  host.run(1, { ...ends, retryFactor: 2 });
  let [chunk] = chunksOf(host.hello("1"));
  for (const [attempt, delay] of [[2, 1000], [3, 2000], [4, 4000]] as const) {
    const failed = host.failed("1", chunk!.chunk, 0);
    assertEquals(failed, [{ type: "wake", after: delay }]);
    host.now += delay - 1;
    assertEquals(host.do({ type: "tick" }), []);
    host.now += 1;
    [chunk] = chunksOf(host.do({ type: "tick" }));
    assertEquals([chunk?.first, chunk?.attempt], [0, attempt]);
  }
  const last = host.failed("1", chunk!.chunk, 0);
  assertEquals(last.map(({ type }) => type), ["fail", "done"]);
});

Deno.test("Other items go on while one rests, and it comes before them when it is due", () => {
  const host = new Harness({ workers: 1 });
  host.run(5, ends);
  const [first] = chunksOf(host.hello("1"));
  let chunks = chunksOf(host.failed("1", first!.chunk, 0));
  const order: number[] = [];
  while (chunks.length > 0 && order.length < 9) {
    order.push(...chunks.map(({ first }) => first));
    host.now += 600;
    chunks = chunksOf(chunks.flatMap((chunk) => settle(host, "1", [chunk], 600)));
  }
  // The third was with the worker before the first was due.
  assertEquals(order, [1, 2, 3, 0, 4]);
  assertEquals(host.core.isRunning(1), false);
});

Deno.test("A run is not over, and its workers stay, while an item rests", () => {
  const host = thrown(1, { retryDelay: 3_600_000 });
  assertEquals(host.pass(3_599_000, living(host)), []);
  assertEquals([host.core.isRunning(1), host.core.count().ready], [true, 1]);
  host.now += 1000;
  const [again] = chunksOf(host.do({ type: "tick" }));
  assertEquals(again?.attempt, 2);
});

Deno.test("A tick is asked for once, and again for what is due earlier", () => {
  const host = new Harness({ workers: 1 });
  host.run(3, ends);
  host.run(1, { ...ends, retryDelay: 10.5 });
  const fails = (chunk: number) => only(host.failed("1", chunk, 0), "wake");
  host.hello("1");
  assertEquals(fails(1), [{ type: "wake", after: 1000 }]);
  host.now += 1;
  assertEquals([fails(2), fails(3)], [[], []]);
  assertEquals(fails(4), [{ type: "wake", after: 11 }]);
  host.now += 11;
  const [own] = only(host.do({ type: "tick" }), "assign");
  assertEquals([own?.run, own?.chunks[0]?.attempt], [2, 2]);
  host.now = START + 1000;
  // What rests a little longer needs the next one.
  const next = host.do({ type: "tick" });
  assertEquals(only(next, "wake"), [{ type: "wake", after: 1 }]);
});

Deno.test("A run that is cancelled forgets what rests at once", () => {
  const host = thrown(1);
  assertEquals(host.do({ type: "cancel", run: 1 }), []);
  assertEquals(host.core.isRunning(1), false);
  assertEquals(chunksOf(host.pass(5000, living(host))), []);
});

Deno.test("A run that is terminated cancels what rests at once", () => {
  const host = thrown(1);
  assertEquals(host.do({ type: "terminate", run: 1, grace: 5000 }), [
    { type: "fail", run: 1, index: 0, failure: { kind: "cancelled" }, attempts: 1 },
    { type: "done", run: 1 },
  ]);
});

Deno.test("To close ends what rests at once", () => {
  const host = thrown(1);
  assertEquals(host.do({ type: "close" }), [{ type: "leave", worker: "1" }]);
  assertEquals(host.core.isRunning(1), false);
});

Deno.test("A worker that is lost while an item rests is replaced when the item is due", () => {
  const host = thrown(1);
  assertEquals(host.lost("1"), []);
  const asked = host.pass(1000);
  assertEquals(only(asked, "request").map(({ workers }) => workers), [["2"]]);
  assertEquals(chunksOf(host.hello("2"))[0]?.attempt, 2);
});

Deno.test("An item that rests does not keep others from being recalled", () => {
  const host = new Harness({ workers: 2 });
  host.run(5, { ...ends, chunkSize: 4 });
  host.hello("1");
  const [alone] = chunksOf(host.hello("2"));
  assertEquals([alone?.first, alone?.count], [4, 1]);
  assertEquals(only(host.failed("2", alone!.chunk, 0), "assign"), []);
  assertEquals(only(host.pass(250), "recall"), [{ type: "recall", worker: "1" }]);
});
