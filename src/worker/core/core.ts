/**
 * What a worker says to its host, has its thread do and reports of it: all decided here,
 * without I/O or clock. Events go in, with the time; actions come out.
 *
 * It sees what the thread does by the memory that they share: see `RunningItem` and
 * `HeldResults`.
 *
 * @module
 */

import { Agenda } from "./agenda.ts";
import { Conversation, type Order } from "./conversation.ts";
import type { Timer, WorkerAction, WorkerEvent, WorkerSettings } from "./events.ts";
import { type ThreadMemory, Work } from "./work.ts";

/** A worker's state machine. */
export class WorkerCore {
  readonly #agenda = new Agenda();
  readonly #conversation: Conversation;
  readonly #work: Work;

  /**
   * @param settings What holds for the worker.
   * @param memory The memory in which it sees what the thread does.
   */
  constructor(settings: WorkerSettings, memory: ThreadMemory) {
    const obey = (order: Order) => this.#work.obey(order);
    this.#conversation = new Conversation(settings, this.#agenda, obey);
    this.#work = new Work(settings, this.#agenda, memory, this.#conversation);
  }

  /** Whether something for the host has not been sent, or not all of it. */
  get isSending(): boolean {
    return this.#conversation.isSending;
  }

  /**
   * Takes note of what happened at a time, in milliseconds of the epoch.
   *
   * @returns What to do about it, in this order.
   */
  handle(event: WorkerEvent, now: number): WorkerAction[] {
    this.#agenda.now = now;
    if (this.#agenda.outcome === undefined) this.#handle(event);
    return this.#agenda.take();
  }

  #handle(event: WorkerEvent): void {
    switch (event.type) {
      case "begin":
        this.#conversation.begin();
        break;
      case "connected":
        this.#conversation.connected();
        break;
      case "arrived":
        this.#conversation.receive(event.frames);
        break;
      case "said":
        this.#work.take(event.message);
        this.#work.takeLeft();
        break;
      case "called":
        this.#work.takeLeft();
        break;
      case "drained":
        this.#work.flush();
        this.#agenda.end("told to leave");
        break;
      case "crashed":
        this.#work.crashed(event.why);
        break;
      case "timer":
        this.#timeIsUp(event.timer);
        break;
      default:
        event satisfies never;
    }
  }

  #timeIsUp(timer: Timer): void {
    switch (timer) {
      case "heartbeat":
        return this.#conversation.beat();
      case "hello":
        return this.#conversation.askAgain();
      case "answer":
        return this.#conversation.giveUp();
      case "farewell":
        return this.#conversation.farewell();
      case "look":
        return this.#work.look();
      case "overdue":
        return this.#work.watch();
      case "prints":
        return this.#work.flush();
      case "rest":
        return this.#work.leave();
      default:
        return this.#work.end(Number(timer.slice("grace ".length)));
    }
  }
}
