/**
 * The thread that runs the user's function, as the worker's event loop holds it: chunks
 * go in, reports come out.
 *
 * When what runs must end at once, the thread cannot be ended alone: Deno's `terminate()`
 * leaves a thread that is in a loop running (seen with 2.9.6, still after many seconds).
 * So then the whole process starts anew, and what the thread had not begun is handed back.
 *
 * @module
 */

import { GridEngineError, TimeoutError } from "../../errors.ts";
import { printError } from "../../common/printing.ts";
import { encodeFailure } from "../../protocol/failure.ts";
import {
  type AssignedChunk,
  type Cut,
  EXIT_WHILE_LOADING,
  type FailureReason,
  type WorkerMessage,
} from "../../protocol/messages.ts";
import { serializeList } from "../../protocol/lists.ts";
import type { Program } from "../../protocol/run_file.ts";
import { serialize } from "../../protocol/values.ts";
import { Channel, channelMemory, type Posted } from "../between/channel.ts";
import { HeldResults } from "../between/held_results.ts";
import { PendingPrints } from "./pending_prints.ts";
import { PrintWindow } from "../between/print_window.ts";
import {
  epoch,
  IDLE,
  LOADING,
  RunningItem,
  SETTLING,
} from "../between/running_item.ts";
import type {
  Batch,
  FromExecutor,
  Start,
  ToExecutor,
} from "../between/thread_messages.ts";
import { Watchdog } from "./watchdog.ts";

/** How often to see whether the thread holds results back, in milliseconds. */
const TAKE_INTERVAL = 50;
/** How long it may leave what it was given lie while nothing runs, in milliseconds. */
const LONGEST_IDLE = 5000;
/** How long what items left behind may keep the worker from leaving, in milliseconds. */
const LONGEST_SETTLING = 100;

/** A chunk that is in the thread's hands. */
interface Held {
  chunk: AssignedChunk;
  /** The number of its first item: see `RunningItem`. */
  start: number;
  /** The offset of the first item that was not reported. */
  reported: number;
  timeout: number;
  /** What the run is called, and whether it is a `Job`. */
  name: string;
  exclusive: boolean;
}

/** How a thread is made. */
export interface ThreadSettings {
  /** The worker's identity. */
  worker: string;
  /** The machine's name. */
  host: string;
  /** The program that maps. */
  program: Program;
  /** What the thread may do. */
  permissions: Deno.PermissionOptions;
  /** Takes what is to be told to the host. */
  report: (message: WorkerMessage) => void;
  /** How long it may take to load what a function imports, in milliseconds. */
  loadTimeout: number;
  /**
   * Starts the process anew: the thread runs what must not go on.
   *
   * @param why For people; empty where a failure says it.
   */
  restart: (why: string) => void;
}

/** The thread. */
export class Thread {
  readonly #settings: ThreadSettings;
  /** In the order in which they run. */
  readonly #held = new Map<number, Held>();
  readonly #worker: Worker;
  readonly #channel: Channel<ToExecutor, FromExecutor>;
  readonly #running: RunningItem;
  readonly #results: HeldResults;
  /** The number of the item that the thread is given next. */
  #next = 1;
  readonly #watchdog = new Watchdog(TAKE_INTERVAL);
  /** What was reported last: it may have left behind what disturbs the thread. */
  #last = "an item";
  readonly #window: PrintWindow;
  readonly #prints: PendingPrints;
  /** How many of the thread's messages came. */
  #arrived = 0;
  /** As of the last look: how often the thread sent results on, and what it had since. */
  #round = 0;
  #count = 0;
  #taker: ReturnType<typeof setInterval> | undefined;
  readonly #graces = new Map<number, ReturnType<typeof setTimeout>>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #ready = false;
  #over = false;

  /** @param settings Who it is, what it may do and whom it reports to. */
  constructor(settings: ThreadSettings) {
    this.#settings = settings;
    this.#prints = new PendingPrints((prints) =>
      settings.report({ type: "output", prints })
    );
    const { permissions, worker, host, program } = settings;
    const options = { type: "module", name: "job", deno: { permissions } } as const;
    this.#worker = new Worker(
      new URL("../thread/executor.ts", import.meta.url).href,
      options,
    );
    const channel = channelMemory();
    this.#channel = new Channel(
      this.#worker,
      channel,
      "loop",
      (message) => this.#take(message),
    );
    const lost = (error: unknown) =>
      this.#crashed(`what it said cannot be read: ${(error as Error).message}`);
    this.#channel.listen().catch(lost);
    this.#worker.onmessage = ({ data }: MessageEvent<Posted<FromExecutor>>) => {
      try {
        this.#channel.arrived(data);
      } catch (error) {
        lost(error);
      }
    };
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#crashed(event.message);
    };
    const running = new SharedArrayBuffer(RunningItem.SIZE);
    const held = new SharedArrayBuffer(HeldResults.SIZE);
    this.#running = new RunningItem(running);
    const prints = new SharedArrayBuffer(PrintWindow.SIZE);
    this.#results = new HeldResults(held);
    this.#window = new PrintWindow(prints);
    const start: Start = { worker, host, program, channel, running, held, prints };
    this.#worker.postMessage(start);
  }

  /** Takes the code of a run. */
  code(code: number, value: Uint8Array): void {
    this.#post({ type: "code", code, value });
  }

  /** Drops the code of runs that are over. */
  forget(codes: number[]): void {
    this.#post({ type: "forget", codes });
  }

  /** Takes chunks to run after those that it has. */
  assign(batch: Batch, timeout: number): void {
    const { name, announce: exclusive } = batch;
    for (const chunk of batch.chunks) {
      const start = this.#next;
      const held = { chunk, start, reported: 0, timeout, name, exclusive };
      this.#held.set(chunk.chunk, held);
      this.#next = RunningItem.after(this.#next, chunk.count);
    }
    this.#post({ ...batch, type: "batch" });
    if (timeout > 0) this.#watch();
    this.#taker ??= setInterval(() => this.#look(), TAKE_INTERVAL);
  }

  /** Passes a value on to the job that runs as this chunk. */
  message(chunk: number, value: Uint8Array): void {
    this.#post({ type: "message", chunk, value });
  }

  /** Hands back what the thread has not begun. */
  recall(): void {
    if (this.#over) return;
    const item = this.#running.recall(this.#next);
    if (item === undefined) return;
    const cuts: Cut[] = [];
    for (const [chunk, held] of this.#held) {
      const from = Math.max(0, RunningItem.distance(item, held.start));
      if (from >= held.chunk.count) continue;
      held.chunk.count = from;
      cuts.push({ chunk, from });
      this.#advance(chunk, held.reported);
    }
    if (cuts.length > 0) this.#tell({ type: "returned", cuts });
  }

  /** The host has so many characters more of what was printed. */
  read(length: number): void {
    this.#window.read(length);
  }

  /** Drops chunks, and ends what runs of them at once. */
  cancel(chunks: number[]): void {
    this.#takeResults();
    const held = chunks.filter((chunk) => this.#held.delete(chunk));
    if (held.length > 0) this.#restart("");
  }

  /** Asks the job that runs as this chunk to come to an end, and ends it after a time. */
  terminate(chunk: number, grace: number): void {
    if (this.#over || !this.#held.has(chunk)) return;
    const end = () => {
      this.#graces.delete(chunk);
      this.#takeResults();
      const held = this.#held.get(chunk);
      if (held) this.#fail(chunk, held.reported, "cancelled", null);
    };
    if (grace === 0) return end();
    this.#post({ type: "abort", chunk });
    clearTimeout(this.#graces.get(chunk));
    this.#graces.set(chunk, setTimeout(end, grace));
  }

  /**
   * Resolves when what the last items left behind has had its turn, and what it printed is
   * reported.
   */
  async settled(): Promise<void> {
    for (let looks = 0; looks < LONGEST_SETTLING; looks++) {
      const rests = this.#running.doing.state === IDLE;
      if (this.#over || this.#held.size > 0 || rests) break;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    this.#channel.poll();
    this.#prints.flush();
  }

  /** Reports nothing any more. The thread itself ends with the process. */
  close(): void {
    this.#over = true;
    clearTimeout(this.#timer);
    this.#prints.close();
    clearInterval(this.#taker);
    for (const timer of this.#graces.values()) clearTimeout(timer);
  }

  #post(message: ToExecutor): void {
    this.#channel.send(message);
  }

  #take(message: FromExecutor): void {
    if (this.#over) return;
    if (message.type !== "ready") this.#arrived++;
    switch (message.type) {
      case "ready":
        this.#ready = true;
        break;
      case "results":
        this.#report(message);
        break;
      case "failed":
        this.#advance(message.chunk, message.offset + 1);
        this.#tell(message);
        break;
      case "exited":
        this.#exited(message.exitStatus);
        break;
      case "replaced":
        this.#takeResults();
        this.#restart(
          `${message.what} was replaced, by ${this.#last} or an item near it`,
        );
        break;
      case "printed":
        this.#prints.add(message.print, message.urgent);
        break;
      case "started":
      case "times":
      case "message":
        this.#tell(message);
        break;
      default:
        message satisfies never;
    }
  }

  /** What was printed before comes first. */
  #tell(message: WorkerMessage): void {
    this.#prints.flush();
    this.#settings.report(message);
  }

  #report(results: Extract<WorkerMessage, { type: "results" }>): void {
    for (const { chunk, from, count } of results.segments) {
      this.#advance(chunk, from + count);
    }
    this.#tell(results);
  }

  #advance(chunk: number, reported: number): void {
    const held = this.#held.get(chunk);
    if (!held) return;
    held.reported = reported;
    const { name, exclusive, chunk: { first } } = held;
    if (reported > 0) {
      this.#last = exclusive ? name : `${name}[${first + reported - 1}]`;
    }
    if (reported < held.chunk.count) return;
    this.#held.delete(chunk);
    clearTimeout(this.#graces.get(chunk));
    this.#graces.delete(chunk);
    if (this.#held.size > 0) return;
    clearInterval(this.#taker);
    this.#taker = undefined;
    this.#watchdog.reset();
  }

  /** Sees whether the thread goes on, and takes what it holds back. */
  #look(): void {
    this.#takeOld();
    const { doing } = this.#running;
    const time = this.#watchdog.look(doing);
    const { loadTimeout } = this.#settings;
    if (doing.state === LOADING && time >= loadTimeout) {
      const [held] = this.#held.values();
      const error = new TimeoutError(
        `What the function imports was not loaded within ${loadTimeout} ms: ` +
          `make settings.loadTimeout longer, or look what its modules wait for`,
      );
      this.#fail(held!.chunk.chunk, held!.reported, "threw", error);
    } else if (!this.#ready && time >= loadTimeout) {
      this.#crashed(`its modules were not loaded within ${loadTimeout} ms`);
    } else if (this.#ready && isFree(doing.state) && time >= LONGEST_IDLE) {
      this.#takeResults();
      this.#restart(
        `something that ${this.#last} or an item before it left behind kept the thread ` +
          `busy for ${LONGEST_IDLE} ms while others waited`,
      );
    }
  }

  /** Takes what the thread holds back when nothing has changed since the last look. */
  #takeOld(): void {
    const { round, count } = this.#results;
    if (round === this.#round && count === this.#count) this.#takeResults();
    this.#round = round;
    this.#count = count;
  }

  #takeResults(): void {
    const taken = this.#results.take(this.#arrived);
    if (!taken) return;
    const { segments, values } = taken;
    const list = serializeList(values);
    this.#report({ type: "results", segments, elapsed: 0, list });
  }

  /** What the thread runs, if it is not reported yet. */
  #runningItem(): { chunk: number; offset: number; since: number } | undefined {
    const running = this.#running.read();
    if (!running) return undefined;
    for (const [chunk, { chunk: { count }, start, reported }] of this.#held) {
      const offset = RunningItem.distance(running.item, start);
      if (offset < reported || offset >= count) continue;
      return { chunk, offset, since: running.since };
    }
    return undefined;
  }

  /** Ends an item, which fails, and with it the process. */
  #fail(chunk: number, offset: number, reason: FailureReason, error: unknown): void {
    const value = encodeFailure(error);
    this.#advance(chunk, offset + 1);
    this.#tell({ type: "failed", chunk, offset, reason, exitStatus: 0, value });
    this.#restart("");
  }

  /** What the thread runs has exited: an item, a module, or what an item left behind. */
  #exited(exitStatus: number): void {
    this.#takeResults();
    const loads = this.#running.doing.state === LOADING;
    const [first] = this.#held.values();
    const item = loads && first
      ? { chunk: first.chunk.chunk, offset: first.reported }
      : this.#runningItem();
    if (!item) {
      const what = `something that ${this.#last} or an item before it left behind`;
      return this.#restart(`${what} exited with status ${exitStatus}`);
    }
    const { chunk, offset } = item;
    const value = serialize(loads ? EXIT_WHILE_LOADING : null);
    this.#advance(chunk, offset + 1);
    this.#tell({ type: "failed", chunk, offset, reason: "exited", exitStatus, value });
    this.#restart("");
  }

  /** Starts the process anew; what is held is handed back thereby. */
  #restart(why: string): void {
    this.#prints.flush();
    this.close();
    this.#settings.restart(why);
  }

  /** The thread ended by itself, such as when it ran out of memory. */
  #crashed(message: string): void {
    if (this.#over) return;
    if (!this.#ready) {
      printError(`The thread for jobs cannot start: ${message}`);
      Deno.exit(1);
    }
    const item = this.#runningItem();
    const error = new GridEngineError(
      `The thread that ran the job crashed: ${message}`,
    );
    if (item) this.#fail(item.chunk, item.offset, "threw", error);
    else this.#restart(`the thread crashed while no item ran: ${message}`);
  }

  /** Ends the item that runs when it is overdue; looks again when it will be. */
  #watch(): void {
    clearTimeout(this.#timer);
    const timeout = this.#held.values().next().value?.timeout ?? 0;
    if (timeout === 0) return;
    const item = this.#runningItem();
    const left = item ? item.since + timeout - epoch() : timeout;
    if (item && left <= 0) {
      this.#takeResults();
      this.#fail(item.chunk, item.offset, "timeout", null);
    }
    this.#timer = setTimeout(() => this.#watch(), Math.max(1, left));
  }
}

/** Whether a state is that of a thread that runs none of its items. */
function isFree(state: number): boolean {
  return state === IDLE || state === SETTLING;
}
