import { assert, assertEquals } from "@std/assert";
import { SharedMemory } from "../../src/zeromq/shared_memory.ts";
import { hasProc, test, zmq } from "./_tools.ts";

const SIZE = 1 << 20;
const ignore = !hasProc;

/** How often memory of this name is mapped here. */
function mapped(): number {
  return Deno.readTextFileSync("/proc/self/maps").split("memfd:gridengine").length - 1;
}

test("memory that one makes another opens, and sees what is written", () => {
  const before = mapped();
  const made = SharedMemory.make(zmq, SIZE)!;
  const opened = SharedMemory.open(zmq, Deno.pid, made.fd, SIZE)!;
  made.bytes.set([1, 2, 3], SIZE - 3);
  assertEquals([...opened.bytes.subarray(SIZE - 3)], [1, 2, 3]);
  opened.bytes[0] = 7;
  assertEquals(made.bytes[0], 7);
  assertEquals(mapped(), before + 2);
  opened.close();
  made.close();
  zmq.close(made.fd);
  assertEquals(mapped(), before);
}, { ignore });

test("what is not there, no memory or too small is not opened", () => {
  const made = SharedMemory.make(zmq, SIZE)!;
  assertEquals(SharedMemory.open(zmq, Deno.pid, made.fd, SIZE + 1), undefined);
  assertEquals(SharedMemory.open(zmq, Deno.pid, 12_345, SIZE), undefined);
  assertEquals(SharedMemory.open(zmq, 2 ** 30, made.fd, SIZE), undefined);
  const before = [...Deno.readDirSync("/proc/self/fd")].length;
  SharedMemory.open(zmq, Deno.pid, 0, SIZE);
  assert([...Deno.readDirSync("/proc/self/fd")].length <= before);
  made.close();
  zmq.close(made.fd);
}, { ignore });

test("memory larger than a file may be is not had, and ends nobody", async () => {
  const program = new URL("_limited.ts", import.meta.url).pathname;
  const { stdout, success } = await new Deno.Command("sh", {
    args: [
      "-c",
      'ulimit -f 1000000 && exec "$0" run -A --quiet "$1"',
      Deno.execPath(),
      program,
    ],
  }).output();
  assertEquals([success, new TextDecoder().decode(stdout)], [true, "undefined\n"]);
}, { ignore });
