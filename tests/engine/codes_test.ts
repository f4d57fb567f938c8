import { assertEquals } from "../fixtures/assert.ts";
import { Codes } from "../../src/engine/codes.ts";

const bytes = (length: number, fill: number) => new Uint8Array(length).fill(fill);

Deno.test("Codes: the same code has the same number, from one run to the next", () => {
  const codes = new Codes();
  const first = codes.use(bytes(10, 1));
  assertEquals(codes.use(bytes(10, 1)), first);
  const second = codes.use(bytes(10, 2));
  assertEquals([second === first, codes.value(second)], [false, bytes(10, 2)]);
  for (const number of [first, first, second]) {
    assertEquals(codes.release(number), []);
  }
  assertEquals(codes.use(bytes(10, 1)), first);
});

Deno.test("Codes: what no run uses is dropped when it is too much, oldest first", () => {
  const codes = new Codes();
  const large = 30 << 20;
  const [a, b, c] = [1, 2, 3].map((fill) => codes.use(bytes(large, fill))) as [
    number,
    number,
    number,
  ];
  assertEquals(codes.release(b), []);
  assertEquals(codes.release(a), []);
  assertEquals(codes.release(c), [a]);
  const again = codes.use(bytes(large, 1));
  assertEquals([a, b, c].includes(again), false);
  assertEquals(codes.use(bytes(large, 2)), b);
});

Deno.test("Codes: of many small codes the latest are kept", () => {
  const codes = new Codes();
  const numbers = Array.from({ length: 300 }, (_, i) => {
    const number = codes.use(new TextEncoder().encode(`code ${i}`));
    return { number, dropped: codes.release(number) };
  });
  const dropped = numbers.flatMap(({ dropped }) => dropped);
  assertEquals(dropped, numbers.slice(0, 300 - 256).map(({ number }) => number));
});

Deno.test("Codes: an item is expected to take as long as the quickest of the last run", () => {
  const codes = new Codes();
  const number = codes.use(bytes(10, 1));
  assertEquals(codes.estimate(number), undefined);
  const run = (...times: number[]) => {
    times.forEach((time, i) => codes.measured(number, time, i === 0));
    return codes.estimate(number);
  };
  assertEquals(run(1, 1, 100), 1);
  assertEquals(run(8, 2, 0, 3), 2);
});
