import { Buffer } from "node:buffer";
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertThrows,
} from "../fixtures/assert.ts";
import fc from "npm:fast-check@^4.3.0";
import { deserializeList, serializeList } from "../../src/protocol/lists.ts";
import { serialize } from "../../src/protocol/values.ts";

Deno.test("Lists of numbers come back bit by bit", () => {
  fc.assert(fc.property(fc.array(fc.double()), (list) => {
    const back = deserializeList(serializeList(list));
    assertInstanceOf(back, Float64Array);
    assert(list.every((value, i) => Object.is(value, back[i])));
    assertEquals(back.length, list.length);
  }));
  assertEquals(deserializeList(serializeList(new Float64Array([1, -0]))).length, 2);
});

Deno.test("Other lists come back as they were", () => {
  for (const list of [["a"], [1, "a"], [1n, 2], [undefined, 1], [null], [[1, 2]]]) {
    assertEquals(deserializeList(serializeList(list)), list);
  }
});

Deno.test("A list may lie anywhere in a buffer", () => {
  const [bytes] = serializeList([1.5, 2.5]);
  const shifted = new Uint8Array(bytes!.length + 3);
  shifted.set(bytes!, 3);
  assertEquals([...deserializeList([shifted.subarray(3)])], [1.5, 2.5]);
});

Deno.test("Typed arrays come back as they were, large ones in frames of their own", () => {
  const large = Float64Array.from({ length: 10_000 }, (_, i) => i / 3);
  const list = [
    large,
    { deep: [large.subarray(5, 8000), new Uint8Array(3)] },
    new DataView(new Uint8Array([1, 2, 3]).buffer),
    Buffer.from("text"),
    new BigInt64Array(1000).fill(5n),
    new Float16Array([1.5]),
    "x",
  ];
  const frames = serializeList(list);
  assertEquals(frames.length, 4);
  assert(frames[0]!.length < 300);
  assertEquals(frames[1]!.buffer, large.buffer);
  const back = deserializeList(frames) as typeof list;
  assertEquals(back, list);
  const [first] = back as [Float64Array];
  assertEquals(first.buffer.byteLength, first.byteLength);
  const twice = deserializeList(serializeList([large, large]));
  assert(twice[0] === twice[1]);
});

Deno.test("What is no list is refused", () => {
  for (const bytes of [serialize(5), serialize(null), new Uint8Array([0, 1, 2])]) {
    assertThrows(() => deserializeList([bytes]));
  }
  const [numbers] = serializeList([1, 2]);
  assertThrows(() => deserializeList([numbers!.subarray(0, 13)]));
  const [first, second] = serializeList([new Float64Array(1000)]);
  assertThrows(() => deserializeList([first!]));
  assertThrows(() => deserializeList([first!, second!.subarray(0, 13)]));
  assertThrows(() => serializeList([() => 1]));
  assertThrows(() => serializeList([new WeakMap()]));
});

Deno.test("Short lists of records leave nothing behind", () => {
  const records = [{ x: 1 }, { x: 2 }];
  const before = Deno.memoryUsage().rss;
  // By the serializer of node:v8 they would leave some 400 MB.
  for (let i = 0; i < 100_000; i++) serializeList(records);
  const grown = (Deno.memoryUsage().rss - before) / 1e6;
  assert(grown < 150, `${grown} MB`);
});
