import { assert, assertEquals } from "../fixtures/assert.ts";
import { LogTail } from "../../src/scheduler/log_tail.ts";
import { test } from "../fixtures/tools.ts";

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

Deno.test("end() of a LogTail waits until all output is passed on", async () => {
  const log = new LogTail();
  const passed: string[] = [];
  const to = {
    write(bytes: Uint8Array) {
      passed.push(text(bytes.subarray(0, 3)));
      return Promise.resolve(Math.min(3, bytes.length));
    },
  };
  log.follow(ReadableStream.from([new TextEncoder().encode("one two\n")]), to);
  await log.end();
  assertEquals(passed.join(""), "one two\n");
  assertEquals(log.text, "one two");
});

Deno.test("end() of a LogTail gives up a stream that another process holds open", async () => {
  const log = new LogTail();
  const cancelled = Promise.withResolvers<void>();
  const from = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(new TextEncoder().encode("last\n")),
    cancel: () => cancelled.resolve(),
  });
  log.follow(from, { write: (bytes) => Promise.resolve(bytes.length) });
  await log.end();
  await cancelled.promise;
  assertEquals(log.text, "last");
});

Deno.test("end() of a LogTail does not wait for a place that accepts nothing", async () => {
  const log = new LogTail();
  const asked = Promise.withResolvers<void>();
  const to = {
    write() {
      asked.resolve();
      return new Promise<number>(() => {});
    },
  };
  log.follow(ReadableStream.from([new TextEncoder().encode("last\n")]), to);
  await asked.promise;
  await log.end();
  assert(log.text === "last");
});

test("A worker's end is told though nobody reads what it printed", async () => {
  const process = new Deno.Command("echo", {
    args: ["hello"],
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const log = new LogTail();
  log.follow(process.stdout, { write: () => new Promise(() => {}) });
  await process.status;
  await log.end();
  assertEquals(log.text, "hello");
});
