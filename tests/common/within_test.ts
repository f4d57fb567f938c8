import { assertEquals, assertRejects } from "../fixtures/assert.ts";
import { within } from "../../src/common/within.ts";

Deno.test("within() gives what a promise gives in time, and throws what it throws", async () => {
  assertEquals(await within(60_000, Promise.resolve(3), 5), 3);
  await assertRejects(() => within(60_000, Promise.reject(new RangeError("no")), 5));
});

Deno.test("within() gives something else for a promise that takes too long", async () => {
  assertEquals(await within(1, new Promise(() => {}), 5), 5);
});
