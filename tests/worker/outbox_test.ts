import { assertEquals } from "../fixtures/assert.ts";
import { HeldResults } from "../../src/worker/between/held_results.ts";
import { Outbox } from "../../src/worker/thread/outbox.ts";

/** An outbox with a clock that the test sets, and what it says of the time. */
function timed() {
  const memory = new SharedArrayBuffer(HeldResults.SIZE);
  const told: { from: number; count: number; elapsed: number }[] = [];
  const time = { now: 1000 };
  const outbox = new Outbox(
    new HeldResults(memory),
    (message) => {
      if (message.type !== "results") return;
      for (const { from, count } of message.segments) {
        told.push({ from, count, elapsed: message.elapsed });
      }
    },
    () => {},
    () => {},
    () => undefined,
    () => time.now,
  );
  return { outbox, told, time, loop: new HeldResults(memory) };
}

for (const result of [1, "text"]) {
  const what = typeof result;

  Deno.test(`What an item computed before it waited is its time (${what})`, () => {
    const { outbox, told, time } = timed();
    time.now += 50;
    // Before it waits; there is nothing to send.
    outbox.flush();
    time.now += 7;
    outbox.keep(1, 0, result);
    outbox.flush();
    assertEquals(told, [{ from: 0, count: 1, elapsed: 57 }]);
  });

  Deno.test(`What an item computes is not the time of those before it (${what})`, () => {
    const { outbox, told, time } = timed();
    time.now += 3;
    outbox.keep(1, 0, result);
    const began = time.now;
    time.now += 50;
    outbox.flush(began);
    time.now += 7;
    outbox.keep(1, 1, result);
    outbox.flush();
    assertEquals(told, [
      { from: 0, count: 1, elapsed: 3 },
      { from: 1, count: 1, elapsed: 57 },
    ]);
  });

  Deno.test(`The time of an item that failed counts for no result (${what})`, () => {
    const { outbox, told, time } = timed();
    time.now += 50;
    outbox.flush();
    outbox.fail(1, 0, "threw", new Error("text"));
    time.now += 7;
    outbox.keep(1, 1, result);
    outbox.flush();
    assertEquals(told, [{ from: 1, count: 1, elapsed: 7 }]);
  });

  Deno.test(`Time is not lost with results that the event loop took (${what})`, () => {
    const { outbox, told, time, loop } = timed();
    time.now += 3;
    outbox.keep(1, 0, result);
    loop.take(0);
    time.now += 4;
    outbox.flush();
    time.now += 5;
    outbox.keep(1, 1, result);
    outbox.flush();
    // No less than it took: the event loop cannot tell how long its own took.
    assertEquals(told, [{ from: 1, count: 1, elapsed: 12 }]);
  });
}

Deno.test("No time is less than none", () => {
  const { outbox, told, time } = timed();
  const began = time.now;
  time.now += 3;
  outbox.keep(1, 0, 1);
  // Of another kind: so the number is sent on at once.
  outbox.keep(1, 1, "text");
  outbox.flush(began);
  outbox.keep(1, 2, "text");
  time.now += 2;
  outbox.flush();
  assertEquals(told.map(({ elapsed }) => elapsed), [3, 0, 2]);
});
