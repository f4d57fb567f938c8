/**
 * Values as bytes and back, large ones among them.
 *
 * @module
 */

import { assert, assertEquals, assertThrows } from "../fixtures/assert.ts";
import * as fc from "npm:fast-check@^4.3.0";
import { complaint, deserialize, serialize } from "../../src/protocol/values.ts";
import { Child } from "../fixtures/child.ts";

const large = (fill: number) => new Uint8Array(5000).fill(fill);

Deno.test("Large arrays come back as they were, each with a buffer of its own", () => {
  const twice = new Float64Array(1000).map((_, i) => i / 3);
  const value = {
    a: large(1),
    deep: [new Map([["b", twice]]), { twice }],
    view: new DataView(large(2).buffer, 100, 4500),
    small: new Int16Array([1, -1]),
    empty: new Uint8Array(),
  };
  const back = deserialize(serialize(value)) as typeof value;
  const { view } = back;
  for (const name of ["a", "small", "empty"] as const) {
    assertEquals(back[name], value[name]);
  }
  assert(new Uint8Array(view.buffer).every((byte) => byte === 2));
  const [map, record] = back.deep as [Map<string, unknown>, { twice: unknown }];
  assert(map.get("b") === record.twice, "what was one object stays one");
  assertEquals(record.twice, twice);
  assertEquals(back.a.buffer.byteLength, 5000);
  assertEquals(view.buffer.byteLength, 4500);
});

Deno.test("To serialize a large array takes the memory of one copy", async () => {
  const path = new URL("_memory_of_one_copy.ts", import.meta.url).pathname;
  await using program = new Child(path);
  const { grown, length } = await program.json() as { grown: number; length: number };
  assert(length > 100e6);
  assert(grown < 130e6, `${grown} bytes`);
});

Deno.test("Bytes that are cut short, or say what is not there, are no value", () => {
  const bytes = serialize([large(1), large(2)]);
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 40 }),
      fc.integer({ min: 0, max: 255 }),
      fc.integer({ min: 1, max: bytes.length }),
      (at, byte, length) => {
        assertThrows(() => deserialize(bytes.subarray(0, length - 1)));
        // Another number there may be the right one for what is left.
        const broken = bytes.slice();
        broken[at] = byte;
        for (const some of [broken, broken.subarray(0, length - 1)]) {
          try {
            deserialize(some);
          } catch (error) {
            assert(error instanceof Error);
          }
        }
      },
    ),
  );
});

Deno.test("What there is no memory for is named, with its size", () => {
  const cause = new RangeError("Array buffer allocation failed");
  for (const path of ["result", "args[3]"]) {
    const error = complaint(new Uint8Array(5000), path, "the host", cause);
    assertEquals(
      error.message,
      `${path}, of 5000 bytes, is too large to be sent to the host: there is no memory ` +
        "for a copy of it (Array buffer allocation failed); send it in parts, or by a file",
    );
    assert(error.cause === cause);
  }
  const { message } = complaint({}, "args[3]", "a worker", cause);
  assert(message.startsWith("args[3] is too large to be sent to a worker"), message);
});
