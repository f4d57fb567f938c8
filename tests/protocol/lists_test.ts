import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import fc from "fast-check";
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
  const bytes = serializeList([1.5, 2.5]);
  const shifted = new Uint8Array(bytes.length + 3);
  shifted.set(bytes, 3);
  assertEquals([...deserializeList(shifted.subarray(3))], [1.5, 2.5]);
});

Deno.test("What is no list is refused", () => {
  for (const bytes of [serialize(5), serialize(null), new Uint8Array([0, 1, 2])]) {
    assertThrows(() => deserializeList(bytes));
  }
  assertThrows(() => deserializeList(serializeList([1, 2]).subarray(0, 13)));
});
