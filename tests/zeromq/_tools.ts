/**
 * What the tests of `src/zeromq/` share: an open libzmq, tests that bound their own
 * time, and children that never outlive their test.
 *
 * @module
 */

import { openLibzmq } from "../../src/zeromq/libzmq.ts";
import { locateLibzmq } from "../../src/zeromq/locate.ts";
import { type Frames, ZmqContext, type ZmqSocket } from "../../src/zeromq/socket.ts";

/** Where libzmq is. */
export const libzmqPath: string = await locateLibzmq();

/**
 * libzmq, opened outside of every test: it stays open until the process ends, which a
 * test's resource sanitizer would take for a leak.
 */
export const zmq: ReturnType<typeof openLibzmq> = openLibzmq(libzmqPath);

/** The same with some functions in place of others. */
export function zmqWith(own: Partial<typeof zmq>): typeof zmq {
  return Object.assign(Object.create(zmq), own);
}

/** Whether this system tells threads and open files under `/proc`. */
export const hasProc: boolean = Deno.build.os === "linux";

/** How a test differs from the usual one. */
export interface TestOptions {
  /** After so many seconds the test fails; far more than it ever needs. */
  seconds?: number;
  /** Whether this system cannot run it. */
  ignore?: boolean;
}

/**
 * A test that leaves nothing behind and ends in any case: what waits for an event that
 * never comes fails with a sentence, and does not hang the run.
 */
export function test(
  name: string,
  fn: (context: ZmqContext) => Promise<void> | void,
  { seconds = 60, ignore = false }: TestOptions = {},
): void {
  Deno.test({
    name,
    ignore,
    sanitizeOps: true,
    sanitizeResources: true,
    sanitizeExit: true,
    async fn() {
      const context = new ZmqContext(zmq);
      try {
        await within(seconds, fn(context));
      } finally {
        await within(seconds, context.close());
      }
    },
  });
}

/** Waits for a promise, but not forever. */
async function within(seconds: number, promise: Promise<void> | void): Promise<void> {
  const { promise: deadline, reject } = Promise.withResolvers<never>();
  const late = () => reject(new Error(`Still waiting after ${seconds} s`));
  const timer = setTimeout(late, seconds * 1000);
  try {
    await Promise.race([promise, deadline]);
  } finally {
    clearTimeout(timer);
  }
}

/** A directory that is gone at the end of its `using` block. */
export class TempDirectory implements Disposable {
  /** Its path, short enough for the name of a Unix socket. */
  readonly path: string = Deno.makeTempDirSync({ prefix: "zmq" });

  /** Removes it with all that is in it. */
  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}

/** Text as a frame. */
export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** The frames of a message as text. */
export function texts(message: Frames | undefined): string[] {
  return (message ?? []).map((frame) => new TextDecoder().decode(frame));
}

/** The next message, which must come. */
export async function next(socket: ZmqSocket): Promise<Frames> {
  const message = await socket.receive();
  if (!message) throw new Error("The socket was closed while a message was due");
  return message;
}

/** Sends text and waits for one answer. */
export async function ask(socket: ZmqSocket, ...frames: string[]): Promise<string[]> {
  socket.send(frames.map(bytes));
  return texts(await next(socket));
}

/** A number below `bound`, the same ones in every run (mulberry32). */
export function seeded(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % bound;
  };
}

/** A program of this folder in a process of its own, which ends with its `using` block. */
export class Child implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #lines: ReadableStreamDefaultReader<string>;
  #rest = "";

  /**
   * @param program A file of this folder, such as `"_echo.ts"`.
   * @param args Its arguments.
   * @param options Other flags than `-A` for `deno run`, and variables to set.
   */
  constructor(
    program: string,
    args: string[] = [],
    options: { flags?: string[]; env?: Record<string, string> } = {},
  ) {
    const here = import.meta.dirname!;
    this.#process = new Deno.Command(Deno.execPath(), {
      args: ["run", ...(options.flags ?? ["-A"]), `${here}/${program}`, ...args],
      env: { NO_COLOR: "1", ...options.env },
      stdin: "null",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#lines = this.#process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** How it ended. */
  get status(): Promise<Deno.CommandStatus> {
    return this.#process.status;
  }

  /** Sends it a signal. */
  kill(signal: Deno.Signal): void {
    this.#process.kill(signal);
  }

  /** The next line that it prints. */
  async line(): Promise<string> {
    while (!this.#rest.includes("\n")) {
      const { value, done } = await this.#lines.read();
      if (done) throw new Error(`The child ended; its last words: "${this.#rest}"`);
      this.#rest += value;
    }
    const [line, ...rest] = this.#rest.split("\n");
    this.#rest = rest.join("\n");
    return line!;
  }

  /** Ends it, whatever it does, and waits until it is gone. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#process.kill("SIGKILL"); // Ends a stopped process, too.
    } catch (error) {
      // It has ended by itself.
      if (!(error instanceof TypeError || error instanceof Deno.errors.NotFound)) {
        throw error;
      }
    }
    await this.#process.status;
    await this.#lines.cancel();
  }
}
