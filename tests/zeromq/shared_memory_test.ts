import { assert, assertEquals } from "../fixtures/assert.ts";
import { SharedMemory } from "../../src/zeromq/shared_memory.ts";
import { hasProc } from "../fixtures/processes.ts";
import { test } from "./_tools.ts";
import { zmq } from "../fixtures/libzmq.ts";

const SIZE = 1 << 20;
const ignore = !hasProc;

/** How often this memory is mapped: others in this process may have some, too. */
function mapped(inode: number): number {
  const lines = Deno.readTextFileSync("/proc/self/maps").split("\n");
  return lines.filter((line) => line.split(/ +/)[4] === `${inode}`).length;
}

/** Whether it is a link there; it may be gone meanwhile. */
function isLinkTo(link: string, path: string): boolean {
  try {
    return Deno.readLinkSync(link) === path;
  } catch {
    return false;
  }
}

test("Memory that one makes another opens, and sees what is written", () => {
  const made = SharedMemory.make(zmq, SIZE)!;
  const opened = SharedMemory.open(zmq, Deno.pid, made.fd, SIZE)!;
  made.bytes.set([1, 2, 3], SIZE - 3);
  assertEquals([...opened.bytes.subarray(SIZE - 3)], [1, 2, 3]);
  opened.bytes[0] = 7;
  assertEquals(made.bytes[0], 7);
  const { ino } = Deno.statSync(`/proc/self/fd/${made.fd}`);
  assertEquals(mapped(ino!), 2);
  opened.close();
  assertEquals(mapped(ino!), 1);
  made.close();
  assertEquals(mapped(ino!), 0);
  zmq.close(made.fd);
}, { ignore });

test("What is not there, no memory or too small is not opened", () => {
  const made = SharedMemory.make(zmq, SIZE)!;
  assertEquals(SharedMemory.open(zmq, Deno.pid, made.fd, SIZE + 1), undefined);
  assertEquals(SharedMemory.open(zmq, Deno.pid, 12_345, SIZE), undefined);
  assertEquals(SharedMemory.open(zmq, 2 ** 30, made.fd, SIZE), undefined);
  made.close();
  zmq.close(made.fd);
}, { ignore });

test("Who has memory cannot make it smaller, and ends nobody by that", () => {
  const made = SharedMemory.make(zmq, SIZE)!;
  const opened = SharedMemory.open(zmq, Deno.pid, made.fd, SIZE)!;
  assertEquals(zmq.ftruncate(made.fd, 0n), -1);
  opened.bytes[SIZE - 1] = 1;
  assertEquals(made.bytes[SIZE - 1], 1);
  opened.close();
  made.close();
  zmq.close(made.fd);
}, { ignore });

test("Memory that could be made smaller is not opened", () => {
  // memfd_create by itself: MFD_ALLOW_SEALING, and no seal yet, or not all.
  for (const seals of [0, 2, 2 | 4, 1]) {
    const fd = zmq.memfd_create!(new TextEncoder().encode("test\0"), 2);
    assertEquals(zmq.ftruncate(fd, BigInt(SIZE)), 0);
    zmq.fcntl(fd, 1033, seals);
    assert(!SharedMemory.open(zmq, Deno.pid, fd, SIZE));
    zmq.close(fd);
  }
  const path = Deno.makeTempFileSync();
  using file = Deno.openSync(path, { read: true, write: true });
  file.truncateSync(SIZE);
  const fd = [...Deno.readDirSync("/proc/self/fd")].map(({ name }) => name)
    .find((name) => isLinkTo(`/proc/self/fd/${name}`, path));
  assert(!SharedMemory.open(zmq, Deno.pid, Number(fd), SIZE));
  Deno.removeSync(path);
}, { ignore });

test("Memory larger than a file may be is not had, and ends nobody", async () => {
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
