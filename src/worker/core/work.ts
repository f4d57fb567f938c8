/**
 * What the thread runs: chunks go in, reports come out.
 *
 * When what runs must end at once, the thread cannot be ended alone: Deno's `terminate()`
 * leaves a thread that is in a loop running (seen with 2.9.6, still after many seconds).
 * So then the whole process starts anew, and what the thread had not begun is handed back.
 *
 * @module
 */

import { GridEngineError, TimeoutError } from "../../errors.ts";
import { encodeFailure } from "../../protocol/failure.ts";
import { serializePacked } from "../../protocol/lists.ts";
import {
  EXIT_WHILE_LOADING,
  type FailureReason,
  type WorkerMessage,
} from "../../protocol/messages.ts";
import { serialize } from "../../protocol/values.ts";
import type { HeldResults, TakenResults } from "../between/held_results.ts";
import { IDLE, LOADING, type RunningItem, SETTLING } from "../between/running_item.ts";
import type { FromThread, ToThread } from "../between/thread_messages.ts";
import type { Agenda } from "./agenda.ts";
import { Chunks } from "./chunks.ts";
import type { Conversation, Order } from "./conversation.ts";
import type { WorkerSettings } from "./events.ts";
import { PRINT_INTERVAL, Prints } from "./prints.ts";
import { Watchdog } from "./watchdog.ts";

/** How often to see whether the thread holds results back, in milliseconds. */
const LOOK_INTERVAL = 50;
/** How long it may leave what it was given lie while nothing runs, in milliseconds. */
const LONGEST_IDLE = 5000;
/** How long what items left behind may keep the worker from leaving, in milliseconds. */
const LONGEST_SETTLING = 100;

/** The memory that the thread shares with the event loop. */
export interface ThreadMemory {
  running: RunningItem;
  results: HeldResults;
}

/** The work of one worker. */
export class Work {
  readonly #settings: WorkerSettings;
  readonly #agenda: Agenda;
  readonly #running: RunningItem;
  readonly #results: HeldResults;
  readonly #conversation: Conversation;
  readonly #chunks = new Chunks();
  readonly #prints = new Prints();
  readonly #watchdog = new Watchdog(LOOK_INTERVAL);
  readonly #graces = new Set<number>();
  /** How many of the thread's messages came. */
  #arrived = 0;
  /** At the last look: the round, and how many results there were. */
  #round = 0;
  #count = 0;
  /** A timer for the next look is set. It stays set when the chunks run out. */
  #willLook = false;
  /** How often the thread was still busy since the worker was told to leave. */
  #waits = 0;
  #ready = false;
  #over = false;

  /**
   * @param settings What holds for the worker.
   * @param agenda Takes what is to be done.
   * @param memory The memory in which it sees what the thread does.
   * @param conversation Where reports go.
   */
  constructor(
    settings: WorkerSettings,
    agenda: Agenda,
    { running, results }: ThreadMemory,
    conversation: Conversation,
  ) {
    this.#settings = settings;
    this.#agenda = agenda;
    this.#running = running;
    this.#results = results;
    this.#conversation = conversation;
  }

  /** Does what the host says. */
  obey(order: Order): void {
    switch (order.type) {
      case "code":
        this.#tell({ type: "code", code: order.code, value: order.value });
        break;
      case "forget":
        this.#tell({ type: "forget", codes: order.codes });
        break;
      case "message":
        this.#tell({ type: "message", chunk: order.chunk, value: order.value });
        break;
      case "assign":
        this.#assign(order);
        break;
      case "recall":
        this.#recall();
        break;
      case "cancel":
        this.#conversation.withdraw(order.chunks);
        this.#cancel(order.chunks);
        break;
      case "terminate":
        this.#terminate(order.chunk, order.grace);
        break;
      case "leave":
        this.leave();
        break;
      default:
        order satisfies never;
    }
  }

  /** Takes what the thread says. */
  take(message: FromThread): void {
    if (this.#over) return;
    if (message.type !== "ready") this.#arrived++;
    switch (message.type) {
      case "ready":
        this.#ready = true;
        break;
      case "results":
        this.#reportResults(message);
        break;
      case "failed":
        this.#advance(message.chunk, message.offset + 1);
        this.#report(message);
        break;
      case "exited":
        this.#exited(message.exitStatus);
        break;
      case "replaced":
        this.#takeResults();
        this.#restart(
          `${message.what} was replaced, by ${this.#chunks.last} or an item near it`,
        );
        break;
      case "printed":
        if (!this.#prints.waits) this.#agenda.set("prints", PRINT_INTERVAL);
        if (this.#prints.add(message.print) || message.urgent) this.flush();
        break;
      case "started":
      case "times":
      case "message":
        this.#report(message);
        break;
      default:
        message satisfies never;
    }
  }

  /** Takes the results that the thread has left, if it has. */
  takeLeft(): void {
    if (!this.#over) this.#reportTaken(this.#results.takeLeft(this.#arrived));
  }

  /** The thread ended by itself, such as when it ran out of memory. */
  crashed(why: string): void {
    if (this.#over) return;
    if (!this.#ready) return this.#agenda.end("no thread", why);
    this.#takeResults();
    const item = this.#runningItem();
    const error = new GridEngineError(`The thread that ran the job crashed: ${why}`);
    if (item) this.#fail(item.chunk, item.offset, "threw", error);
    else this.#restart(`the thread crashed while no item ran: ${why}`);
  }

  /** Sees whether the thread goes on, and takes what it holds back. */
  look(): void {
    this.#willLook = false;
    if (this.#over || this.#chunks.size === 0) return;
    this.#lookLater();
    this.#takeOld();
    const { doing } = this.#running;
    const time = this.#watchdog.look(doing);
    const { loadTimeout } = this.#settings;
    if (doing.state === LOADING && time >= loadTimeout) {
      const { chunk: { chunk }, reported } = this.#chunks.first!;
      const error = new TimeoutError(
        `What the function imports was not loaded within ${loadTimeout} ms: ` +
          `increase settings.loadTimeout, or check what its modules wait for`,
      );
      this.#fail(chunk, reported, "threw", error);
    } else if (!this.#ready && time >= loadTimeout) {
      this.crashed(`its modules were not loaded within ${loadTimeout} ms`);
    } else if (this.#ready && isFree(doing.state) && time >= LONGEST_IDLE) {
      this.#takeResults();
      this.#restart(
        `something that ${this.#chunks.last} or an item before it left behind kept the ` +
          `thread busy for ${LONGEST_IDLE} ms while others waited`,
      );
    }
  }

  /** Ends the item that runs when it is overdue; looks again when it will be. */
  watch(): void {
    const timeout = this.#chunks.first?.timeout ?? 0;
    if (this.#over || timeout === 0) return;
    // It may have ended just now: then it is not overdue.
    if (this.#timeLeft(timeout) <= 0) this.#takeResults();
    const left = this.#timeLeft(timeout);
    const item = this.#runningItem();
    if (item && left <= 0) this.#fail(item.chunk, item.offset, "timeout", null);
    else if (this.#chunks.size > 0) this.#agenda.set("overdue", Math.max(1, left));
  }

  /** How much of its time the running item has left, in milliseconds. */
  #timeLeft(timeout: number): number {
    const item = this.#runningItem();
    return item ? item.since + timeout - this.#agenda.now : timeout;
  }

  /** A chunk's grace period is over. */
  end(chunk: number): void {
    if (this.#over) return;
    this.#graces.delete(chunk);
    this.#takeResults();
    const held = this.#chunks.get(chunk);
    if (held) this.#fail(chunk, held.reported, "cancelled", null);
  }

  /**
   * Leaves, as soon as what the last items left behind has had its turn, and what it
   * printed is reported.
   */
  leave(): void {
    const rests = this.#over || this.#chunks.size > 0 ||
      this.#running.doing.state === IDLE || this.#waits++ === LONGEST_SETTLING;
    if (rests) this.#agenda.add({ type: "drain" });
    else this.#agenda.set("rest", 1);
  }

  /** Reports what was printed. */
  flush(): void {
    if (!this.#prints.waits) return;
    this.#agenda.clear("prints");
    const { prints, length } = this.#prints.take();
    // The thread is to know what the host has of what it printed.
    const read = () => this.#agenda.add({ type: "read", length });
    this.#conversation.send({ type: "output", prints }, read);
  }

  #tell(message: ToThread): void {
    this.#agenda.add({ type: "tell", message });
  }

  /** Takes chunks to run after those that there are. */
  #assign({ timeout, ...batch }: Extract<Order, { type: "assign" }>): void {
    const { name, announce: exclusive } = batch;
    for (const chunk of batch.chunks) {
      this.#chunks.add(chunk, { timeout, name, exclusive });
    }
    this.#tell({ ...batch, timed: timeout > 0, type: "batch" });
    if (timeout > 0) this.watch();
    this.#lookLater();
  }

  #lookLater(): void {
    if (this.#willLook) return;
    this.#willLook = true;
    this.#agenda.set("look", LOOK_INTERVAL);
  }

  /** Hands back what the thread has not begun. */
  #recall(): void {
    if (this.#over) return;
    const item = this.#running.recall(this.#chunks.next);
    if (item === undefined) return;
    const cuts = this.#chunks.cut(item);
    for (const { chunk } of cuts) {
      this.#advance(chunk, this.#chunks.get(chunk)!.reported);
    }
    if (cuts.length > 0) this.#report({ type: "returned", cuts });
  }

  /** Drops chunks, and ends what runs of them at once. */
  #cancel(chunks: number[]): void {
    this.#takeResults();
    const held = chunks.filter((chunk) => this.#chunks.drop(chunk));
    if (held.length > 0) this.#restart("");
  }

  /** Asks the job that runs as this chunk to come to an end, and ends it after a time. */
  #terminate(chunk: number, grace: number): void {
    if (this.#over || !this.#chunks.get(chunk)) return;
    if (grace === 0) return this.end(chunk);
    this.#tell({ type: "abort", chunk });
    this.#graces.add(chunk);
    this.#agenda.set(`grace ${chunk}`, grace);
  }

  /** Reports something, after what was printed before it. */
  #report(message: WorkerMessage): void {
    this.flush();
    this.#conversation.send(message);
  }

  #reportResults(results: Extract<WorkerMessage, { type: "results" }>): void {
    for (const { chunk, from, count } of results.segments) {
      this.#advance(chunk, from + count);
    }
    this.#report(results);
  }

  #advance(chunk: number, reported: number): void {
    const isLast = this.#chunks.advance(chunk, reported);
    if (this.#graces.size > 0 && !this.#chunks.get(chunk)) this.#forgive(chunk);
    if (isLast) this.#watchdog.reset();
  }

  #forgive(chunk: number): void {
    if (this.#graces.delete(chunk)) this.#agenda.clear(`grace ${chunk}`);
  }

  /** Takes what the thread holds back when nothing has changed since the last look. */
  #takeOld(): void {
    const { round, count } = this.#results;
    if (round === this.#round && count === this.#count) this.#takeResults();
    this.#round = round;
    this.#count = count;
  }

  #takeResults(): void {
    this.#reportTaken(this.#results.take(this.#arrived));
  }

  #reportTaken(taken: TakenResults | undefined): void {
    if (!taken) return;
    const { segments, values, elapsed } = taken;
    const list = serializePacked(values);
    this.#reportResults({ type: "results", segments, elapsed, list });
  }

  /** What the thread runs, if it is not reported yet. */
  #runningItem(): { chunk: number; offset: number; since: number } | undefined {
    const running = this.#running.read();
    const found = running && this.#chunks.find(running.item);
    return found && { ...found, since: running.since };
  }

  /** Ends an item, which fails, and with it the process. */
  #fail(chunk: number, offset: number, reason: FailureReason, error: unknown): void {
    const value = encodeFailure(error);
    this.#advance(chunk, offset + 1);
    this.#report({ type: "failed", chunk, offset, reason, exitStatus: 0, value });
    this.#restart("");
  }

  /** What the thread runs has exited: an item, a module, or what an item left behind. */
  #exited(exitStatus: number): void {
    this.#takeResults();
    const loads = this.#running.doing.state === LOADING;
    const { first } = this.#chunks;
    const item = loads && first
      ? { chunk: first.chunk.chunk, offset: first.reported }
      : this.#runningItem();
    if (!item) {
      const what =
        `something that ${this.#chunks.last} or an item before it left behind`;
      return this.#restart(`${what} exited with status ${exitStatus}`);
    }
    const { chunk, offset } = item;
    const value = serialize(loads ? EXIT_WHILE_LOADING : null);
    this.#advance(chunk, offset + 1);
    this.#report({
      type: "failed",
      chunk,
      offset,
      reason: "exited",
      exitStatus,
      value,
    });
    this.#restart("");
  }

  /** Starts the process anew; what is held is handed back thereby. */
  #restart(why: string): void {
    this.flush();
    this.#over = true;
    for (const timer of ["look", "overdue"] as const) this.#agenda.clear(timer);
    for (const chunk of [...this.#graces]) this.#forgive(chunk);
    this.#conversation.restart(why);
  }
}

/** Whether a state is that of a thread that runs none of its items. */
function isFree(state: number): boolean {
  return state === IDLE || state === SETTLING;
}
