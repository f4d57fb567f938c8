import { assertEquals } from "../fixtures/assert.ts";
import { LogTail } from "../../src/scheduler/log_tail.ts";
import { test } from "../fixtures/tools.ts";

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
