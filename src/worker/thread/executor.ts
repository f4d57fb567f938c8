/**
 * The thread that runs the user's function. It is a Web Worker of the worker's process,
 * and ends with that: when an item is cancelled or overdue, `thread.ts` has the process
 * start anew.
 *
 * @module
 */

import { revive } from "../../closure/revive/revive.ts";
import { GridEngineError } from "../../errors.ts";
import { printError } from "../../common/printing.ts";
import { lossIn } from "../../protocol/complaint.ts";
import type { AssignedChunk } from "../../protocol/messages.ts";
import { deserializeList, type List } from "../../protocol/lists.ts";
import type { Child } from "../../protocol/steps.ts";
import { setCurrentJob } from "../../job_controller.ts";
import { Channel, type Posted } from "../between/channel.ts";
import { HeldResults } from "../between/held_results.ts";
import { ownConsole } from "./job_console.ts";
import { Outbox } from "./outbox.ts";
import { PrintWindow } from "../between/print_window.ts";
import { epoch, RunningItem } from "../between/running_item.ts";
import { ownExits, showProgram } from "./program.ts";
import { RunningJob, type ToJob } from "./running_job.ts";
import { worksStill } from "./self_test.ts";
import { Surroundings } from "./surroundings.ts";
import type {
  Batch,
  FromExecutor,
  Start,
  ToExecutor,
} from "../between/thread_messages.ts";

/**
 * How long results wait for others at most, in milliseconds, until they are sent on when
 * the next item begins. Before the thread waits for a promise all that is there is sent.
 * What waits behind an item that is long and synchronous is taken by the event loop, out
 * of the memory that it shares.
 */
const FLUSH_INTERVAL = 10;
/** How long batches may follow each other without a turn of the event loop, in ms. */
const TURN_INTERVAL = 50;
/** The time is looked at after so many items at most, and after so many milliseconds. */
const MOST_UNTIMED = 64;
const UNTIMED = 1;
// Own copies, here and below: the function may replace what is global.
/** The cheapest clock that there is, and the most exact one. */
const clock = Date.now;
const preciseClock = performance.now.bind(performance);
const { setImmediate } = globalThis;
const loop = self as unknown as EventTarget & {
  postMessage(message: unknown, transfer: ArrayBuffer[]): void;
};
const port = { postMessage: loop.postMessage.bind(loop) };
const { wait } = Atomics;
const { min } = Math;
/** What nobody wakes. */
const nothing = new Int32Array(new SharedArrayBuffer(4));

type Call = (argument: unknown) => unknown;

const surroundings = new Surroundings();
/** What of them an item has replaced. */
let replaced: string | undefined;

const thread = {
  worker: "",
  host: "",
  post(message: FromExecutor) {
    restore();
    post(message);
  },
  lossy: warnOfLoss,
};
let channel: Channel<FromExecutor, ToExecutor> | undefined;
let running: RunningItem;
let held: HeldResults;
let prints: PrintWindow;
/** What came, and what it was made into when an item first needed it. */
const codes = new Map<number, { value: Uint8Array; call?: Promise<Call> }>();
const batches: Batch[] = [];
let pumping = false;
/** What the items of a batch need is loaded: none of them runs. */
let loading = false;
/** What cannot be gone on with. */
let broken = false;
/** What runs now. */
const current = {
  batch: undefined as Batch | undefined,
  chunk: undefined as AssignedChunk | undefined,
  offset: 0,
  /** All of its items have run. */
  over: true,
  /** Made when somebody asks for it. */
  job: undefined as RunningJob | undefined,
};
/** The chunk that was begun last: their numbers rise. */
let begun = 0;
/** What came for jobs that have not begun. */
const early: ToJob[] = [];

setCurrentJob(() => currentJob());

loop.addEventListener("message", (event) => {
  const { data } = event as MessageEvent<Start | Posted<ToExecutor>>;
  if (channel) channel.arrived(data as Posted<ToExecutor>);
  else start(data as Start);
});

function start(data: Start): void {
  try {
    open(data);
  } catch (error) {
    fail(error);
  }
}

function open(data: Start): void {
  thread.worker = data.worker;
  thread.host = data.host;
  showProgram(data.program);
  running = new RunningItem(data.running);
  held = new HeldResults(data.held);
  prints = new PrintWindow(data.prints);
  channel = new Channel(port, data.channel, "thread", take, restore);
  channel.send({ type: "ready" });
  channel.listen().catch(fail);
}

/** Ends the thread: without what has failed nothing would ever come of its items. */
function fail(error: unknown): never {
  broken = true;
  throw error;
}

function take(data: ToExecutor): void {
  switch (data.type) {
    case "code":
      codes.set(data.code, { value: data.value });
      break;
    case "forget":
      for (const code of data.codes) codes.delete(code);
      break;
    case "batch":
      batches.push(data);
      if (!pumping) pump().catch(fail);
      break;
    case "abort":
    case "message":
      if (data.chunk > begun) early.push(data);
      else if (current.chunk?.chunk === data.chunk) currentJob()?.take(data);
      break;
    default:
      data satisfies never;
  }
}

ownConsole({
  mode() {
    restore();
    return current.batch?.logs ?? "inherit";
  },
  item: () => `${current.chunk?.chunk}.${current.offset}`,
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

// What the function left behind must not end the thread under the next item; but if the
// thread itself fails, then its end has to be seen.
self.addEventListener("error", (event) => {
  if (broken) return;
  restore();
  event.preventDefault();
  printError("Uncaught in a job:", (event as ErrorEvent).error);
});
self.addEventListener("unhandledrejection", (event) => {
  if (broken) return;
  restore();
  event.preventDefault();
  printError("Unhandled rejection in a job:", event.reason);
});

ownExits((exitStatus) => {
  surroundings.restore();
  post({ type: "exited", exitStatus });
  return halt();
});

/** Does nothing more, until the process starts anew. */
function halt(): never {
  for (;;) wait(nothing, 0, 0);
}

function post(message: FromExecutor): void {
  held.posted();
  channel!.send(message);
}

/**
 * Puts back what was replaced of what our code relies on, and takes that down. The process
 * starts anew then, as soon as the item that runs has ended. Modules may replace what they
 * like while they are loaded.
 */
function restore(): void {
  if (loading) return;
  const found = surroundings.restore();
  replaced ??= found;
}

/** Takes what modules have replaced for what should be there, as far as we can do with it. */
function acceptSurroundings(): void {
  if (surroundings.areThere()) return;
  if (worksStill()) return surroundings.accept();
  const found = surroundings.restore();
  if (found === undefined) return;
  printError(`${found} is put back: with what a module made of it no worker works`);
}

/** Says why the process has to start anew. */
function giveUp(what: string): never {
  post({ type: "replaced", what });
  return halt();
}

/** What a batch calls; loaded when it is the first that does. */
async function callOf(number: number): Promise<Call> {
  const code = codes.get(number);
  if (!code) throw new GridEngineError(`The worker has no code number ${number}`);
  if (code.call) return await code.call;
  loading = true;
  try {
    const lossy = (values: () => Child[]) => warnOfLoss(number, values);
    return await (code.call = revive(code.value, acceptSurroundings, lossy));
  } finally {
    loading = false;
    acceptSurroundings();
  }
}

/** When the event loop last had a turn. */
let turned = clock();

async function pump(): Promise<void> {
  pumping = true;
  turned = clock();
  for (let batch; (batch = batches.shift());) {
    await new BatchRun(batch).run();
    channel!.poll();
    // Microtasks, timers and the like, which functions have left behind, have their turn.
    if (batches.length === 0 || clock() - turned > TURN_INTERVAL) {
      await new Promise((resolve) => setImmediate(resolve));
      turned = clock();
      channel!.poll();
    }
    if (batches.length === 0) rest();
  }
  pumping = false;
}

/** Nothing is there to run, and what ran has had its turn. */
function rest(): void {
  current.batch = current.chunk = undefined;
  running.end();
}

/** The codes of which it was said that what they give loses its class. */
const warned = new Set<number>();
const { warn } = console;

/** Says, once for each function, that what it gives loses its class. */
function warnOfLoss(code: number, values: () => Child[]): void {
  if (warned.has(code)) return;
  warned.add(code);
  warn(`gridengine: ${lossIn(values())}: give data, and make the object of that`);
}

/** One batch while it runs. */
class BatchRun {
  readonly #batch: Batch;
  readonly #outbox = new Outbox(held, post, () => {
    this.#check();
    this.#sound = 0;
  }, (values) => warnOfLoss(this.#batch.code, values));
  /** When results were last sent on because of the time. */
  #tick = clock();
  /** When the clock was last read, and after how many items it is read again. */
  #looked = this.#tick;
  #stride = 1;
  /** Of the item that runs: its offset within its chunk, and its place in the batch. */
  #offset = 0;
  #next = 0;
  /** The offset of the first item since the time was looked at, and when it began if known. */
  #first = 0;
  #began: number | undefined = epoch();
  /** The chunk that is at hand was taken back before it began. */
  #recalled = false;
  /** No more than one item ran since the surroundings were looked at. */
  #single = true;
  /** How many results there were, of those that are not sent on, when all was well. */
  #sound = 0;

  constructor(batch: Batch) {
    this.#batch = batch;
  }

  async run(): Promise<void> {
    if (replaced !== undefined) giveUp(replaced);
    const { code, chunks, list, announce, measure, timed } = this.#batch;
    let call: Call;
    let args: List;
    current.batch = this.#batch;
    current.over = false;
    // What is printed meanwhile is the first item's.
    current.chunk = chunks[0]!;
    current.offset = 0;
    running.load();
    try {
      const found = await callOf(code);
      call = measure ? this.#measured(found) : found;
      args = deserializeList(list);
    } catch (error) {
      for (const chunk of chunks) {
        for (let i = 0; i < chunk.count; i++) {
          if (running.begin(0)) this.#outbox.fail(chunk.chunk, i, "threw", error);
        }
      }
      return this.#end();
    }
    running.start();
    for (const chunk of chunks) {
      const before: AssignedChunk | undefined = current.chunk;
      const offsetBefore: number = current.offset;
      current.chunk = chunk;
      current.offset = 0;
      begun = chunk.chunk;
      const first = chunk === chunks[0];
      if (announce || timed && first) post({ type: "started", chunk: begun });
      if (early.length > 0) takeEarly(begun);
      this.#offset = 0;
      while (this.#offset < chunk.count) {
        this.#single = this.#stride === 1;
        this.#first = this.#offset;
        const until = min(chunk.count, this.#offset + this.#stride);
        const promise = this.#runSome(call, args, until);
        if (promise) await this.#settle(promise);
        this.#look();
      }
      if (!this.#recalled) continue;
      this.#recalled = false;
      current.chunk = before;
      current.offset = offsetBefore;
    }
    this.#end();
    this.#outbox.flush();
    if (replaced !== undefined) giveUp(replaced);
  }

  /** What is left behind may still print, as the last item: see {@linkcode rest}. */
  #end(): void {
    current.over = true;
    running.settle();
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
            if (this.#single) restore();
            if (isThenable(result)) return result;
            this.#outbox.keep(begun, offset, result);
          }
        } catch (error) {
          this.#threw(error);
        }
        if (current.job) this.#closeJob();
      } else if (offset === 0) this.#recalled = true;
      this.#offset++;
      this.#next++;
    }
    return undefined;
  }

  /** Waits for the promise that the running item gave. */
  async #settle(promise: PromiseLike<unknown>): Promise<void> {
    this.#flushEarlier();
    this.#single = true;
    try {
      const result = await promise;
      restore();
      this.#outbox.keep(begun, this.#offset, result);
    } catch (error) {
      this.#threw(error);
    }
    if (current.job) this.#closeJob();
    this.#offset++;
    this.#next++;
  }

  /** Sends on what there was before the item that runs. */
  #flushEarlier(): void {
    // Where the time was not looked at since, they were quick.
    const known = this.#offset === this.#first;
    this.#outbox.flush(known ? this.#began : undefined);
  }

  #threw(error: unknown): void {
    this.#flushEarlier();
    const cancelled = current.job?.ended(error) ?? false;
    this.#outbox.fail(begun, this.#offset, cancelled ? "cancelled" : "threw", error);
  }

  /**
   * Looks at the surroundings. If an item has changed them, it is over when that one has
   * ended. If others ran after it, what they made there is not to be trusted, nor what
   * became of it in our hands: they are handed back.
   */
  #check(): void {
    restore();
    if (replaced === undefined) this.#sound = held.count;
    else if (!this.#single) {
      if (held.numberCount === 0) held.cut(this.#sound);
      giveUp(replaced);
    }
  }

  #closeJob(): void {
    restore();
    current.job?.close();
    current.job = undefined;
  }

  /** Sends on what has waited long enough, and says when to look at the time again. */
  #look(): void {
    const now = clock();
    // Quick items are not worth the look.
    const quick = now - this.#looked < UNTIMED;
    if (this.#single || !quick) this.#check();
    if (replaced !== undefined) {
      this.#outbox.flush();
      giveUp(replaced);
    }
    this.#stride = quick ? min(2 * this.#stride, MOST_UNTIMED) : 1;
    this.#looked = now;
    // Where the time is not looked at after each item, it does not matter so much either.
    this.#began = this.#stride === 1 ? epoch() : undefined;
    if (now - this.#tick < FLUSH_INTERVAL) return;
    this.#tick = now;
    this.#outbox.flush(this.#began);
  }

  /** The same call, which takes down how long each item takes. */
  #measured(call: Call): Call {
    return (argument) => {
      const since = preciseClock();
      const ended = () => {
        this.#outbox.took(begun, this.#offset, preciseClock() - since);
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
}

/** The job that runs now. */
function currentJob(): RunningJob | undefined {
  const { batch, chunk, offset, over } = current;
  if (!batch || !chunk || over || loading) return undefined;
  return current.job ??= new RunningJob(chunk, offset, batch, thread);
}

/** Gives a job what came before it began; what came for none is dropped. */
function takeEarly(chunk: number): void {
  for (const data of early.splice(0)) {
    if (data.chunk === chunk) currentJob()?.take(data);
    else if (data.chunk > chunk) early.push(data);
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  const mayBe = typeof value === "object"
    ? value !== null
    : typeof value === "function";
  return mayBe && typeof (value as { then?: unknown }).then === "function";
}
