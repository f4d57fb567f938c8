/**
 * The thread that runs the user's function. It is a Web Worker of the worker's process;
 * `client.ts` ends it when an item is cancelled or overdue, and starts another.
 *
 * @module
 */

import { revive } from "../closure/revive.ts";
import { GridEngineError } from "../errors.ts";
import { encodeFailure } from "../protocol/failure.ts";
import type { AssignedChunk, FailureReason, Segment } from "../protocol/messages.ts";
import { deserializeList, type List, serializeList } from "../protocol/lists.ts";
import { deserialize, serialize, serializeFor } from "../protocol/values.ts";
import { type JobController, setCurrentJob } from "../job_controller.ts";
import { Mailbox } from "../mailbox.ts";
import { randomNumbers, seedOf } from "../random.ts";
import { HeldResults } from "./held_results.ts";
import { ownConsole } from "./job_console.ts";
import { PrintWindow } from "./print_window.ts";
import {
  type Batch,
  epoch,
  type FromExecutor,
  RunningItem,
  type ToExecutor,
} from "./thread_messages.ts";

/**
 * How long results wait for others at most, in milliseconds, until they are sent on when
 * the next item begins. Before the thread waits for a promise all that is there is sent.
 * What waits behind an item that is long and synchronous is taken by the event loop, out
 * of the memory that it shares.
 */
const FLUSH_INTERVAL = 10;
/** The time is looked at after so many items at most, and after so many milliseconds. */
const MOST_UNTIMED = 64;
const UNTIMED = 1;
/** The cheapest clock that there is. */
const clock = Date.now;

const port = self as unknown as {
  postMessage(message: FromExecutor, transfer?: Transferable[]): void;
  onmessage: (event: MessageEvent<ToExecutor>) => void;
};

type Call = (argument: unknown) => unknown;

let host = "";
let worker = "";
let running: RunningItem;
let held: HeldResults;
let prints: PrintWindow;
const codes = new Map<number, Promise<Call>>();
const batches: Batch[] = [];
let pumping = false;
/** What runs now. */
const current = {
  batch: undefined as Batch | undefined,
  chunk: undefined as AssignedChunk | undefined,
  offset: 0,
  /** Made when somebody asks for it. */
  job: undefined as Job | undefined,
};
/** The chunk that was begun last: their numbers rise. */
let begun = 0;
/** What came for jobs that have not begun. */
const early: ToJob[] = [];

type ToJob = Extract<ToExecutor, { type: "abort" | "message" }>;

setCurrentJob(() => currentJob());

port.onmessage = ({ data }) => {
  switch (data.type) {
    case "start":
      ({ host, worker } = data);
      running = new RunningItem(data.running);
      held = new HeldResults(data.held);
      prints = new PrintWindow(data.prints);
      break;
    case "code": {
      const code = revive(data.value);
      // Its failure belongs to each item that needs it.
      code.catch(() => {});
      codes.set(data.code, code);
      break;
    }
    case "forget":
      for (const code of data.codes) codes.delete(code);
      break;
    case "batch":
      batches.push(data.batch);
      if (!pumping) void pump();
      break;
    case "abort":
    case "message":
      if (data.chunk > begun) early.push(data);
      else if (current.chunk?.chunk === data.chunk) currentJob()?.take(data);
      break;
    default:
      data satisfies never;
  }
};

ownConsole({
  mode: () => current.batch?.logs ?? "inherit",
  forward(level, text) {
    const { offset } = current;
    const { chunk } = current.chunk!;
    const time = clock();
    const print = { chunk, offset, level, time, text };
    prints.print(text.length, time, (urgent) => {
      post({ type: "printed", print, urgent });
    });
  },
});

// What the function left behind must not end the thread under the next item.
self.addEventListener("error", (event) => {
  event.preventDefault();
  console.error("Uncaught in a job:", (event as ErrorEvent).error);
});
self.addEventListener("unhandledrejection", (event) => {
  event.preventDefault();
  console.error("Unhandled rejection in a job:", event.reason);
});

// Deno ends a thread that exits without a word, so the word must come first.
const exit = (status?: number | string): never => {
  const { chunk: running, offset } = current;
  if (running) {
    const { chunk } = running;
    const exitStatus = Math.abs(Math.trunc(Number(status ?? Deno.exitCode))) || 0;
    post({
      type: "failed",
      chunk,
      offset,
      reason: "exited",
      exitStatus,
      value: serialize(null),
    });
  }
  // Until `client.ts` ends the thread, the function must not go on.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  throw new GridEngineError("unreachable");
};
Object.defineProperty(Deno, "exit", { value: exit });
Object.defineProperty(self, "close", { value: () => exit(0) });
const { process } = globalThis as { process?: object };
if (process) Object.defineProperty(process, "exit", { value: exit });

port.postMessage({ type: "ready" });

function post(message: FromExecutor): void {
  const frames = "list" in message
    ? message.list
    : "value" in message
    ? [message.value]
    : "times" in message
    ? [message.times]
    : [];
  held.posted();
  port.postMessage(message, frames.map(({ buffer }) => buffer as ArrayBuffer));
}

async function pump(): Promise<void> {
  pumping = true;
  for (let batch; (batch = batches.shift());) {
    await new BatchRun(batch).run();
    // Let messages in before the next one.
    await new Promise((resolve) => setImmediate(resolve));
  }
  pumping = false;
}

/** One batch while it runs. */
class BatchRun {
  readonly #batch: Batch;
  #values: unknown[] = [];
  /** Whether one of them may change after it was returned. */
  #mutable = false;
  #segments: Segment[] = [];
  /** How long items took, where that is to be said. */
  #times: number[] = [];
  #flushed = epoch();
  #tick = clock();
  /** When the clock was last read, and after how many items it is read again. */
  #looked = this.#tick;
  #stride = 1;
  /** Of the item that runs: its offset within its chunk, and its place in the batch. */
  #offset = 0;
  #next = 0;

  constructor(batch: Batch) {
    this.#batch = batch;
  }

  async run(): Promise<void> {
    const { code, chunks, list, announce, measure } = this.#batch;
    let call: Call;
    let args: List;
    try {
      const found = codes.get(code);
      if (!found) throw new GridEngineError(`The worker has no code number ${code}`);
      call = measure ? this.#measured(await found) : await found;
      args = deserializeList(list);
    } catch (error) {
      for (const chunk of chunks) {
        for (let i = 0; i < chunk.count; i++) {
          if (running.begin(0)) this.#fail(chunk.chunk, i, "threw", error);
        }
      }
      return;
    }
    current.batch = this.#batch;
    running.start();
    for (const chunk of chunks) {
      current.chunk = chunk;
      begun = chunk.chunk;
      if (announce) post({ type: "started", chunk: begun });
      if (early.length > 0) takeEarly(begun);
      this.#offset = 0;
      while (this.#offset < chunk.count) {
        const until = Math.min(chunk.count, this.#offset + this.#stride);
        const promise = this.#runSome(call, args, until);
        if (promise) await this.#settle(promise);
        this.#look();
      }
    }
    current.batch = current.chunk = undefined;
    running.end();
    this.#flush(epoch());
  }

  /**
   * Runs items up to an offset. It is called again and again, and so is optimized soon,
   * unlike a loop in a function that begins once for each batch.
   *
   * @returns The promise that an item gave, if one did, which has then to be settled.
   */
  #runSome(
    call: Call,
    args: List,
    until: number,
  ): PromiseLike<unknown> | undefined {
    const { timed } = this.#batch;
    while (this.#offset < until) {
      const offset = this.#offset;
      const argument = args[this.#next];
      // What is large need not be kept until the batch has ended.
      if (typeof argument === "object") args[this.#next] = undefined as never;
      if (running.begin(timed ? epoch() : 0)) {
        current.offset = offset;
        try {
          const result = call(argument);
          if (typeof result !== "number" || !held.addNumber(begun, offset, result)) {
            if (isThenable(result)) return result;
            this.#keep(begun, offset, result);
          }
        } catch (error) {
          this.#threw(error);
        }
        if (current.job) this.#closeJob();
      }
      this.#offset++;
      this.#next++;
    }
    return undefined;
  }

  /** Waits for the promise that the running item gave. */
  async #settle(promise: PromiseLike<unknown>): Promise<void> {
    this.#flush(epoch());
    try {
      this.#keep(begun, this.#offset, await promise);
    } catch (error) {
      this.#threw(error);
    }
    if (current.job) this.#closeJob();
    this.#offset++;
    this.#next++;
  }

  #threw(error: unknown): void {
    this.#flush(epoch());
    const cancelled = current.job?.ended(error) ?? false;
    this.#fail(begun, this.#offset, cancelled ? "cancelled" : "threw", error);
  }

  #closeJob(): void {
    current.job?.close();
    current.job = undefined;
  }

  /** Sends on what has waited long enough, and says when to look at the time again. */
  #look(): void {
    const now = clock();
    // Quick items are not worth the look.
    const quick = now - this.#looked < UNTIMED;
    this.#stride = quick ? Math.min(2 * this.#stride, MOST_UNTIMED) : 1;
    this.#looked = now;
    if (now - this.#tick < FLUSH_INTERVAL) return;
    this.#tick = now;
    this.#flush(epoch());
  }

  /** The same call, which takes down how long each item takes. */
  #measured(call: Call): Call {
    return (argument) => {
      const since = performance.now();
      const ended = () => {
        this.#times.push(begun, this.#offset, performance.now() - since);
      };
      try {
        const result = call(argument);
        if (isThenable(result)) return Promise.resolve(result).finally(ended);
        ended();
        return result;
      } catch (error) {
        ended();
        throw error;
      }
    };
  }

  /** Holds a result until it is sent on with others. */
  #keep(chunk: number, offset: number, result: unknown): void {
    if (typeof result === "number" && this.#values.length === 0) {
      if (held.addNumber(chunk, offset, result)) return;
      this.#flush(epoch());
      if (held.addNumber(chunk, offset, result)) return;
    } else if (held.numberCount > 0) this.#flush(epoch());
    const segment = this.#segments.at(-1);
    if (segment?.chunk === chunk) segment.count++;
    else this.#segments.push({ chunk, from: offset, count: 1 });
    this.#values.push(result);
    this.#mutable ||= typeof result === "object" && result !== null;
    if (!held.add(chunk, offset, result)) this.#flush(epoch());
  }

  /** Sends on what is there. */
  #flush(now: number): void {
    if (this.#times.length > 0) {
      post({ type: "times", times: new Float64Array(this.#times) });
      this.#times = [];
    }
    if (held.numberCount > 0) {
      held.sending();
      const { segments, values } = held.rest();
      if (values.length > 0) this.#send(segments, values, now - this.#flushed);
      held.sent();
    } else if (this.#segments.length > 0) {
      this.#drop(held.sending());
      if (this.#segments.length > 0) {
        if (this.#mutable) this.#asReturned();
        this.#send(this.#segments, this.#values, now - this.#flushed);
        this.#segments = [];
        this.#values = [];
        this.#mutable = false;
      }
      held.sent();
    }
    this.#flushed = now;
  }

  /** An object may have changed since it was returned, such as one that is used again. */
  #asReturned(): void {
    held.rest().values.forEach((value, i) => this.#values[i] = value);
  }

  /** Drops the first results, which the event loop has taken. */
  #drop(count: number): void {
    if (count === 0) return;
    this.#values.splice(0, count);
    while (count > 0) {
      const segment = this.#segments[0]!;
      const dropped = Math.min(count, segment.count);
      segment.from += dropped;
      segment.count -= dropped;
      count -= dropped;
      if (segment.count === 0) this.#segments.shift();
    }
  }

  /** Sends results; where one of them cannot travel, the others still do. */
  #send(segments: Segment[], values: List, elapsed: number): void {
    let frames: Uint8Array[];
    try {
      frames = serializeList(values);
    } catch {
      return this.#sendOneByOne(segments, values, elapsed / values.length);
    }
    // They move to the event loop, and the function may use its arrays again.
    const list = frames.map((frame, i) => i === 0 ? frame : new Uint8Array(frame));
    post({ type: "results", segments, elapsed, list });
  }

  #sendOneByOne(segments: Segment[], values: List, elapsed: number): void {
    let next = 0;
    for (const { chunk, from, count } of segments) {
      for (let i = from; i < from + count; i++) {
        const result = values[next++];
        try {
          serializeFor(result, "result", "the host");
        } catch (error) {
          this.#fail(chunk, i, "unserializable", error);
          continue;
        }
        this.#send([{ chunk, from: i, count: 1 }], [result], elapsed);
      }
    }
  }

  #fail(chunk: number, offset: number, reason: FailureReason, error: unknown): void {
    const value = encodeFailure(error);
    post({ type: "failed", chunk, offset, reason, exitStatus: 0, value });
  }
}

/** The job that runs now. */
function currentJob(): Job | undefined {
  const { batch, chunk, offset } = current;
  if (!batch || !chunk) return undefined;
  return current.job ??= new Job(chunk, offset, batch);
}

/** Gives a job what came before it began; what came for none is dropped. */
function takeEarly(chunk: number): void {
  for (const data of early.splice(0)) {
    if (data.chunk === chunk) currentJob()?.take(data);
    else if (data.chunk > chunk) early.push(data);
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null &&
    typeof (value as { then?: unknown }).then === "function";
}

/** The running job, as `currentJob()` gives it. What is seldom needed is made when asked for. */
class Job implements JobController {
  readonly #chunk: AssignedChunk;
  readonly #offset: number;
  readonly #batch: Batch;
  #aborter: AbortController | undefined;
  #messages: Mailbox<unknown> | undefined;
  #seed: number | undefined;
  #random: (() => number) | undefined;

  constructor(chunk: AssignedChunk, offset: number, batch: Batch) {
    this.#chunk = chunk;
    this.#offset = offset;
    this.#batch = batch;
  }

  get id(): string {
    return `${worker}.${this.#chunk.chunk}.${this.#offset}`;
  }

  get name(): string {
    return this.#batch.name;
  }

  get index(): number {
    return this.#chunk.first + this.#offset;
  }

  get attempt(): number {
    return this.#chunk.attempt;
  }

  get host(): string {
    return host;
  }

  get signal(): AbortSignal {
    return (this.#aborter ??= new AbortController()).signal;
  }

  get seed(): number {
    return this.#seed ??= seedOf(this.#batch.seed, this.index);
  }

  get random(): () => number {
    return this.#random ??= randomNumbers(this.seed);
  }

  get messages(): Mailbox<unknown> {
    return this.#messages ??= new Mailbox();
  }

  send(value: unknown): void {
    if (!this.#batch.announce) {
      throw new GridEngineError(
        `send() was called in an item of map "${this.name}", where nobody listens; ` +
          `return the value, or use a Job`,
      );
    }
    const bytes = serializeFor(value, "message", "the host");
    post({ type: "message", chunk: this.#chunk.chunk, value: bytes });
  }

  /** Takes what the host says to it. */
  take(data: ToJob): void {
    if (data.type === "abort") (this.#aborter ??= new AbortController()).abort();
    else this.messages.push(deserialize(data.value));
  }

  /** Whether the function threw this because it was asked to come to an end. */
  ended(error: unknown): boolean {
    const signal = this.#aborter?.signal;
    return signal !== undefined && signal.aborted && error === signal.reason;
  }

  close(): void {
    this.#messages?.end();
  }
}
