/**
 * A real memory control group, of either version, for what runs in it.
 *
 * @module
 */

import type { Ended } from "../fixtures/tools.ts";

/** Where version 1 is; else version 2 is looked for. */
const FIRST = "/sys/fs/cgroup/memory";
const SECOND = "/sys/fs/cgroup";

/** How often to look whether the group is empty, and how long in between, in ms. */
const LOOKS = 500, PAUSE = 20;

/** A group that may hold so much, and no more. */
export class MemoryGroup implements Disposable {
  /** Its directory. */
  readonly path: string;
  /** Where those were that are to go back. */
  readonly #from = new Map<number, string>();

  /** @param limit In bytes. */
  constructor(limit: number) {
    const isFirst = exists(`${FIRST}/cgroup.procs`);
    this.path = `${isFirst ? FIRST : SECOND}/ge-test-${crypto.randomUUID()}`;
    Deno.mkdirSync(this.path);
    const name = isFirst ? "memory.limit_in_bytes" : "memory.max";
    try {
      Deno.writeTextFileSync(`${this.path}/${name}`, `${limit}`);
    } catch (error) {
      Deno.removeSync(this.path);
      throw error;
    }
  }

  /** Whether one can be made here, which takes root, and a group that may be divided. */
  static canBeMade(): boolean {
    try {
      using _ = new MemoryGroup(2 ** 30);
      return true;
    } catch {
      return false;
    }
  }

  /** Has a process, and what it starts, be of the group until the end of its block. */
  add(pid: number): void {
    const groups = Deno.readTextFileSync(`/proc/${pid}/cgroup`);
    const own = this.path.startsWith(FIRST)
      ? [FIRST, /^\d+:memory:(.*)$/m.exec(groups)![1]!]
      : [SECOND, /^0::(.*)$/m.exec(groups)![1]!];
    this.#from.set(pid, own.join(""));
    Deno.writeTextFileSync(`${this.path}/cgroup.procs`, `${pid}`);
  }

  /** Runs a command within it, to its end. */
  async run(words: string[]): Promise<Ended> {
    const { code, stdout, stderr } = await new Deno.Command("/bin/sh", {
      args: [
        "-c",
        `echo $$ > "$0" && exec "$@"`,
        `${this.path}/cgroup.procs`,
        ...words,
      ],
      stdin: "null",
    }).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return { code, stdout: text(stdout), stderr: text(stderr) };
  }

  /** Removes it, when what was in it has ended. */
  [Symbol.dispose](): void {
    for (const [pid, path] of this.#from) {
      Deno.writeTextFileSync(`${path}/cgroup.procs`, `${pid}`);
    }
    for (let looks = 0;; looks++) {
      try {
        return Deno.removeSync(this.path);
      } catch (error) {
        if (looks === LOOKS) throw error;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE);
      }
    }
  }
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
