import { assert, assertEquals } from "../fixtures/assert.ts";
import { MOST_DEPTH } from "../../src/protocol/depth.ts";
import { deserialize, serialize } from "../../src/protocol/values.ts";
import {
  HeldResults,
  type TakenResults,
} from "../../src/worker/between/held_results.ts";

/** The same memory as the thread and the event loop see it. */
function bothSides(): { thread: HeldResults; loop: HeldResults } {
  const memory = new SharedArrayBuffer(HeldResults.SIZE);
  return { thread: new HeldResults(memory), loop: new HeldResults(memory) };
}

test("Results arrive as a serializer would send them", () => {
  class Point {
    x = 1;
    #y = 2;
    get y() {
      return this.#y;
    }
  }
  const shared = { a: 1 };
  const circle: Record<string, unknown> = {};
  circle.self = circle;
  const values = [
    1.5,
    -0,
    NaN,
    "",
    "żółw \ud800",
    "x".repeat(1000),
    undefined,
    null,
    true,
    false,
    -(10n ** 30n),
    { a: [1, { b: "2", "": undefined }], ["__proto__"]: { c: 3 } },
    "odd",
    new Date(5),
    new Date(NaN),
    new Map<unknown, unknown>([[1, "a"], [{ k: 1 }, new Map()]]),
    new Set([1, [2]]),
    new Float64Array([1, 2]),
    new Float64Array([1, 2, 3]).subarray(1),
    new BigInt64Array([1n]),
    new DataView(new ArrayBuffer(3)),
    new ArrayBuffer(5),
    Array.from({ length: 1000 }, (_, i) => i),
    Array.from({ length: 100 }, (_, i) => [i]),
    Object.assign([1, 2], { extra: 3 }),
    // deno-lint-ignore no-sparse-arrays
    [1, , 3],
    // deno-lint-ignore no-sparse-arrays
    Object.assign([, "b"], { note: "as many holes as properties" }),
    new Point(),
    { a: shared, b: shared },
    circle,
    Object.create(null),
    /x/g,
    new RangeError("text"),
    new Number(3),
    "last",
  ];
  for (const value of values) {
    const { thread, loop } = bothSides();
    thread.add(6, 0, 0);
    assertEquals(thread.add(7, 3, value), true);
    thread.add(7, 4, "after");
    const taken = loop.take(0)!;
    assertEquals(taken.segments, [
      { chunk: 6, from: 0, count: 1 },
      { chunk: 7, from: 3, count: 2 },
    ]);
    assertEquals(taken.values, [0, sent(value), "after"]);
    assert(Object.is(taken.values[1], -0) === Object.is(value, -0));
  }
  const { thread, loop } = bothSides();
  values.slice(0, 20).forEach((value, i) => thread.add(1, i, value));
  assertEquals(loop.take(0)!.values, sent(values.slice(0, 20)));
});

test("Each result is taken by one side, the first by the event loop", () => {
  const { thread, loop } = bothSides();
  thread.add(1, 8, "a");
  thread.add(1, 9, "b");
  const segments = [{ chunk: 1, from: 8, count: 2 }];
  assertEquals(loop.take(0), { segments, values: ["a", "b"], elapsed: 0 });
  thread.add(2, 0, { c: 1 });
  thread.add(4, 0, "d");
  const expected: TakenResults = {
    segments: [{ chunk: 2, from: 0, count: 1 }, { chunk: 4, from: 0, count: 1 }],
    values: [{ c: 1 }, "d"],
    elapsed: 0,
  };
  assertEquals(loop.take(0), expected);
  thread.add(4, 1, "e");
  const before = loop.round;
  assertEquals(thread.sending(), 4);
  assertEquals(loop.take(0), undefined);
  thread.sent();
  assertEquals(loop.round, before + 1);
  assertEquals(loop.take(0), undefined);
  thread.add(5, 0, 1);
  assertEquals(loop.take(0)?.values, [1]);
});

test("Numbers are held as such, in rows, and taken like any other result", () => {
  const { thread, loop } = bothSides();
  assert(thread.addNumber(1, 4, 0.5));
  assert(thread.addNumber(1, 5, -0));
  assert(thread.addNumber(3, 0, NaN));
  assertEquals(thread.numberCount, 3);
  assertEquals(loop.take(0), {
    segments: [{ chunk: 1, from: 4, count: 2 }, { chunk: 3, from: 0, count: 1 }],
    values: new Float64Array([0.5, -0, NaN]),
    elapsed: 0,
  });
  assert(thread.addNumber(3, 1, 7));
  assert(thread.addNumber(3, 3, 8));
  assertEquals(thread.sending(), 3);
  assertEquals(thread.rest(), {
    segments: [{ chunk: 3, from: 1, count: 1 }, { chunk: 3, from: 3, count: 1 }],
    values: new Float64Array([7, 8]),
    elapsed: 0,
  });
  thread.sent();
  assertEquals(loop.take(0), undefined);
  // Of one kind or of the other.
  assert(thread.add(4, 0, "text"));
  assertEquals(thread.addNumber(4, 1, 1), false);
  assertEquals(loop.take(0)?.values, ["text"]);
});

test("Numbers have room for a while, and then have to be sent on", () => {
  for (const step of [1, 2]) {
    const { thread, loop } = bothSides();
    let count = 0;
    while (thread.addNumber(1, step * count, count)) count++;
    assert(count > 100);
    const { segments, values } = loop.take(0)!;
    assertEquals(values, Float64Array.from({ length: count }, (_, i) => i));
    assertEquals(segments.length, step === 1 ? 1 : count);
    thread.sending();
    thread.sent();
    assert(thread.addNumber(2, 0, 1));
  }
});

test("What is left is taken at once, with its time, and only that", () => {
  const { thread, loop } = bothSides();
  thread.addNumber(1, 0, 5);
  assertEquals(loop.takeLeft(0), undefined);
  thread.leave(2.5);
  // The next item is quicker than the event loop.
  thread.addNumber(2, 0, 6);
  assertEquals(loop.takeLeft(0), {
    segments: [{ chunk: 1, from: 0, count: 1 }],
    values: new Float64Array([5]),
    elapsed: 2.5,
  });
  assertEquals(loop.takeLeft(0), undefined);
  assertEquals(loop.take(0), {
    segments: [{ chunk: 2, from: 0, count: 1 }],
    values: new Float64Array([6]),
    elapsed: 0,
  });
  thread.addNumber(3, 0, 7);
  thread.leave(1);
  assertEquals(loop.take(0)?.elapsed, 1);
  assertEquals(thread.sending(), 3);
  thread.sent();
  thread.addNumber(4, 0, 8);
  assertEquals(loop.takeLeft(0), undefined);
  thread.posted();
  thread.leave(1);
  assertEquals(loop.takeLeft(0), undefined);
  assertEquals(loop.takeLeft(1)?.values, new Float64Array([8]));
});

test("Nothing is taken past a message that is still on its way", () => {
  const { thread, loop } = bothSides();
  thread.posted();
  thread.add(1, 0, 1);
  assertEquals(loop.take(0), undefined);
  assertEquals(loop.take(1)?.values, [1]);
});

test("What cannot be cloned, or has no room, is not held", () => {
  const { thread, loop } = bothSides();
  assertEquals(thread.add(1, 0, () => 1), false);
  assertEquals(thread.add(1, 0, new Uint8Array(1 << 20)), false);
  assertEquals(thread.add(1, 0, { text: "x".repeat(1 << 20) }), false);
  assertEquals(thread.add(1, 0, [1, { deep: new WeakMap() }]), false);
  assertEquals(thread.add(1, 0, Promise.resolve()), false);
  const throwing = {
    get a() {
      throw new Error("no");
    },
  };
  assertEquals(thread.add(1, 0, throwing), false);
  // Else the list that it is sent in could not be written.
  let deep: unknown = null;
  for (let i = 0; i < MOST_DEPTH; i++) deep = { deep };
  assertEquals(thread.add(1, 0, { deep }), false);
  assertEquals(loop.take(0), undefined);
  let count = 0;
  while (thread.add(1, count, "some text")) count++;
  assertEquals(loop.take(0)?.values.length, count);
  thread.sending();
  thread.sent();
  assertEquals(thread.add(2, 0, 1), true);
});

function test(name: string, fn: () => void): void {
  Deno.test(`Held results: ${name}`, fn);
}

function sent(value: unknown): unknown {
  return deserialize(serialize(value));
}

test("Where the chunk changes a row ends, though the offset goes on; what is taken gives none", () => {
  const { thread, loop } = bothSides();
  assert(thread.addNumber(1, 0, 5));
  assert(thread.addNumber(2, 1, 6));
  assertEquals(loop.count, 2);
  assertEquals(loop.take(0)!.segments, [
    { chunk: 1, from: 0, count: 1 },
    { chunk: 2, from: 1, count: 1 },
  ]);
  assert(thread.addNumber(3, 0, 7));
  assertEquals(loop.take(0), {
    segments: [{ chunk: 3, from: 0, count: 1 }],
    values: new Float64Array([7]),
    elapsed: 0,
  });
});

test("There is room for 4096 results of any kind, and for as many again when they are sent", () => {
  const { thread, loop } = bothSides();
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < 4096; i++) assert(thread.add(1, i, true), `${i}`);
    assertEquals(thread.add(1, 4096, true), false);
    assertEquals(loop.take(0)!.segments, [{ chunk: 1, from: 0, count: 4096 }]);
    thread.sending();
    thread.sent();
  }
});

test("What is not to be trusted is dropped, unless the event loop has taken it", () => {
  const { thread, loop } = bothSides();
  for (let i = 0; i < 3; i++) thread.add(1, i, `${i}`);
  thread.cut(2);
  assertEquals(loop.count, 2);
  assertEquals(thread.rest().values, ["0", "1"]);
  thread.cut(5);
  assertEquals(thread.rest().values, ["0", "1"]);
  thread.add(1, 2, "again");
  assertEquals(loop.take(0)!.values, ["0", "1", "again"]);
  thread.cut(1);
  assertEquals(loop.count, 3);
  assertEquals(loop.take(0), undefined);
  thread.add(1, 3, "next");
  assertEquals(loop.take(0)!.values, ["next"]);
});
