/**
 * The program of the thread that runs the user's function. It is a Web Worker of the
 * worker's process, and ends with that: when an item is cancelled or overdue, the process
 * starts anew.
 *
 * @module
 */

import { printError } from "../../common/printing.ts";
import { setCurrentJob } from "../../job_controller.ts";
import { Channel, type Posted } from "../between/channel.ts";
import { HeldResults } from "../between/held_results.ts";
import { PrintWindow } from "../between/print_window.ts";
import { RunningItem } from "../between/running_item.ts";
import type { Batch, FromThread, Start, ToThread } from "../between/thread_messages.ts";
import { BatchRun } from "./batch_run.ts";
import { Codes } from "./codes.ts";
import { Current } from "./current.ts";
import { Guard } from "./guard.ts";
import { ownConsole } from "../../common/own_console.ts";
import { ownExits, showProgram } from "./program.ts";

/** How long batches may follow each other without a turn of the event loop, in ms. */
const TURN_INTERVAL = 50;
// Own copies: the function may replace what is global.
const clock = Date.now;
const { setImmediate } = globalThis;
const loop = self as unknown as EventTarget & {
  postMessage(message: unknown, transfer: ArrayBuffer[]): void;
};
const port = { postMessage: loop.postMessage.bind(loop) };
const { wait } = Atomics;
/** Memory to wait on; nobody ever notifies it. */
const nothing = new Int32Array(new SharedArrayBuffer(4));

/** The thread, from the first thing that it is told on. */
class Thread {
  readonly #channel: Channel<FromThread, ToThread>;
  readonly #running: RunningItem;
  readonly #held: HeldResults;
  readonly #prints: PrintWindow;
  readonly #guard: Guard;
  readonly #codes: Codes;
  readonly #current: Current;
  readonly #batches: Batch[] = [];
  #pumping = false;
  /** When the event loop last had a turn. */
  #turned = 0;
  /** The thread's own code has failed. */
  #broken = false;

  constructor(start: Start, guard: Guard) {
    this.#guard = guard;
    this.#running = new RunningItem(start.running);
    this.#held = new HeldResults(start.held);
    this.#prints = new PrintWindow(start.prints);
    this.#current = new Current({
      worker: start.worker,
      host: start.host,
      post: (message) => {
        guard.restore();
        this.#post(message);
      },
      lossy: (code, values) => this.#codes.warnOfLoss(code, values),
      numberOf: (code, prototype) => this.#codes.numberOf(code, prototype),
      load: (code) => this.#codes.load(code),
      restore: (code, number) => this.#codes.restore(code, number),
      valueOf: (code, number) => this.#codes.valueOf(code, number),
      prototypeOf: (code, number) => this.#codes.prototypeOf(code, number),
    });
    this.#channel = new Channel(
      port,
      start.channel,
      "thread",
      (message) => this.#take(message),
      () => guard.restore(),
    );
    setCurrentJob(() => guard.loading ? undefined : this.#current.job);
    ownConsole({
      mode: () => {
        guard.restore();
        return this.#current.batch?.logs ?? "inherit";
      },
      item: () => this.#current.item,
      forward: (level, text) => {
        const { chunk, offset } = this.#current;
        const time = clock();
        const print = { chunk: chunk!.chunk, offset, level, time, text };
        this.#prints.print(text.length, time, (urgent) => {
          this.#post({ type: "printed", print, urgent });
        });
      },
    });
    this.#codes = new Codes(guard);
    ownExits((exitStatus) => {
      guard.restoreAll();
      this.#post({ type: "exited", exitStatus });
      return halt();
    });
    this.#channel.send({ type: "ready" });
    this.#channel.listen().catch((error) => this.#fail(error));
  }

  /** Takes what came as a message of the Web Worker. */
  arrived(posted: Posted<ToThread>): void {
    this.#channel.arrived(posted);
  }

  /**
   * What a function left behind has thrown: it must not end the thread under the next
   * item. But if the thread itself fails, then its end has to be seen.
   */
  uncaught(event: Event, what: string, thrown: unknown): void {
    if (this.#broken) return;
    this.#guard.restore();
    event.preventDefault();
    printError(what, thrown);
  }

  /** Ends the thread: without what has failed nothing would ever come of its items. */
  #fail(error: unknown): never {
    this.#broken = true;
    throw error;
  }

  #post(message: FromThread): void {
    // Before it: the event loop may be quicker than this thread.
    this.#held.posted();
    try {
      this.#channel.send(message);
    } catch (error) {
      this.#held.notPosted();
      throw error;
    }
  }

  #take(data: ToThread): void {
    switch (data.type) {
      case "code":
        this.#codes.add(data.code, data.value);
        break;
      case "forget":
        this.#codes.forget(data.codes);
        break;
      case "batch":
        this.#batches.push(data);
        if (!this.#pumping) this.#pump().catch((error) => this.#fail(error));
        break;
      case "abort":
      case "message":
        this.#current.take(data);
        break;
      default:
        data satisfies never;
    }
  }

  async #pump(): Promise<void> {
    this.#pumping = true;
    this.#turned = clock();
    const thread = {
      running: this.#running,
      held: this.#held,
      current: this.#current,
      guard: this.#guard,
      codes: this.#codes,
      post: (message: FromThread) => this.#post(message),
      call: () => this.#channel.call(),
      hasMore: () => this.#batches.length > 0,
      giveUp: (what: string) => this.#giveUp(what),
    };
    while (this.#batches.length > 0) {
      await new BatchRun(this.#batches.shift()!, thread).run();
      this.#channel.poll();
      // Microtasks, timers and the like, which functions have left behind, have their turn.
      if (this.#batches.length === 0 || clock() - this.#turned > TURN_INTERVAL) {
        await new Promise((resolve) => setImmediate(resolve));
        this.#turned = clock();
        this.#channel.poll();
      }
      if (this.#batches.length === 0) {
        this.#current.rest();
        this.#running.end();
      }
    }
    this.#pumping = false;
  }

  /** Says why the process has to start anew. */
  #giveUp(what: string): never {
    this.#post({ type: "replaced", what });
    return halt();
  }
}

/** Does nothing more, until the process starts anew. */
function halt(): never {
  for (;;) wait(nothing, 0, 0);
}

const guard = new Guard();
let thread: Thread | undefined;
/** The thread cannot begin: its end has to be seen. */
let failed = false;

loop.addEventListener("message", (event) => {
  const { data } = event as MessageEvent<Start | Posted<ToThread>>;
  if (thread) return thread.arrived(data as Posted<ToThread>);
  try {
    showProgram((data as Start).program);
    thread = new Thread(data as Start, guard);
  } catch (error) {
    failed = true;
    throw error;
  }
});
self.addEventListener("error", (event) => {
  if (failed) return;
  thread?.uncaught(event, "Uncaught in a job:", (event as ErrorEvent).error);
});
self.addEventListener("unhandledrejection", (event) => {
  if (failed) return;
  thread?.uncaught(event, "Unhandled rejection in a job:", event.reason);
});
