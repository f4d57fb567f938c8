import { assertEquals, assertRejects } from "./fixtures/assert.ts";
import { Job, map, partial, SerializationError } from "../mod.ts";
import { triple } from "./fixtures/functions.ts";
import { group, test } from "./fixtures/tools.ts";

test("partial() closes a function over its first arguments, here as on a worker", () => {
  const power = (exponent: number, base: number) => base ** exponent;
  assertEquals(partial(power, 3)(2), 8);
  assertEquals(partial(power, 3, 2)(), 8);
  assertEquals(partial(power)(3, 2), 8);
  assertEquals(partial(Math.max, 1, 5)(3), 5);
});

test("partial() names its function after the function and its arguments", () => {
  function f(..._args: unknown[]) {}
  assertEquals(partial(f, 1, "x").name, "f_1_x");
  assertEquals(partial(f).name, "f");
  assertEquals(partial(partial(f, 1), 2).name, "f_1_2");
  assertEquals(partial(f, null, undefined, 1n).name, "f_null_undefined_1");
  assertEquals(partial(f, [1, 2], { a: 1 }, f).name, "f_Array_Object_f");
  assertEquals(partial(f, "x".repeat(1e6)).name, `f_${"x".repeat(31)}…`);
});

group("partial() makes functions that travel", (test) => {
  test("map() runs partials of every kind of function", async (d) => {
    const power = (exponent: number, base: number) => base ** exponent;
    assertEquals(await d.map(partial(power, 3), [1, 2, 3]), [1, 8, 27]);
    assertEquals(await d.map(partial(Math.pow, 2), [1, 2, 3]), [2, 4, 8]);
    const add = (x: number, y: number, z: number) => x + 10 * y + 100 * z;
    assertEquals(await d.map(partial(partial(add, 1), 2), [3, 4]), [321, 421]);
    assertEquals(await d.starmap(partial(add, 1), [[2, 3], [4, 5]]), [321, 541]);
    assertEquals(await d.map(partial(triple), [1, 2]), [3, 6]);
    const count = (words: Map<string, number>, word: string) => words.get(word);
    const words = new Map([["a", 1]]);
    assertEquals(await map(partial(count, words), ["a", "b"], { dispatcher: d }), [
      1,
      undefined,
    ]);
  });

  test("Job runs a partial as its target", async (d) => {
    const add = (x: number, y: number) => x + y;
    const job = new Job({ target: partial(add, 1), args: [2], dispatcher: d });
    job.start();
    assertEquals(await job.result, 3);
  });

  test("Functions among the arguments travel, too", async (d) => {
    const f = (options: { callback(x: number): number }, x: number) =>
      options.callback(x);
    const closed = partial(f, { callback: (x: number) => x + 1 });
    assertEquals(await d.map(closed, [1]), [2]);
  });

  test("map() refuses a partial over what cannot travel, by its path", async (d) => {
    const f = (options: { lock: Promise<void> }, x: number) => [options, x];
    const nested = partial(partial(f, { lock: Promise.resolve() }), 1);
    const why = "args[0].lock: a Promise cannot be sent to a worker";
    await assertRejects(() => d.starmap(nested, [[]]), SerializationError, why);
  });
});
