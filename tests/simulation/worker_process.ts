/**
 * A worker's process in virtual time: its core is the real one, what
 * `src/worker/process/client.ts` does around it is done here, and it has the faults that
 * a process can have.
 *
 * @module
 */

import { encode } from "../../src/protocol/codec.ts";
import type { Outcome, Timer, WorkerEvent } from "../../src/worker/core/events.ts";
import { WorkerCore } from "../../src/worker/core/core.ts";
import type { WorkerAction } from "../../src/worker/core/events.ts";
import type { FromThread } from "../../src/worker/between/thread_messages.ts";
import type { Clock } from "./clock.ts";
import { type Ends, type Frames, numberOf, Wire } from "./network.ts";
import { RunningThread, type Surrounding } from "./running_thread.ts";
import type { Item, Scenario } from "./scenario.ts";

/** How often `hello` is said until it is answered, and a sign of life is given. */
const HELLO_INTERVAL = 200;
const HEARTBEAT_INTERVAL = 450;
/** How long the host may take to say that it has all reports, before a restart. */
const FAREWELL = 600;
/** Without order, what is missing is asked for so often: see `liveness.ts`. */
const REMINDER = 500;

/** What a worker's process tells of itself. */
export interface WorkerEvents {
  /** A line for the trace. */
  say(what: string): void;
  /** It has ended. */
  died(worker: WorkerProcess): void;
  /** It has made way for another one. */
  restarted(worker: WorkerProcess): void;
}

/** One worker's process. */
export class WorkerProcess implements Surrounding {
  readonly id: string;
  readonly incarnation: string;
  readonly wire: Wire;
  readonly scenario: Scenario;
  readonly slowness: number;
  /** Why it has ended, once it has. */
  death: string | undefined;
  /** Why the host may hold against it what it could not help. */
  excuse: string | undefined;
  readonly #clock: Clock;
  readonly #events: WorkerEvents;
  readonly #core: WorkerCore;
  readonly #thread: RunningThread;
  readonly #timers = new Map<Timer, number>();
  #timersSet = 0;
  #begun = false;
  #frozen = false;
  /** When it was last answered and thawed, and something large was under way from it. */
  readonly #calm = { answered: 0, thawed: 0, sent: 0 };
  /** What is to happen when it moves again. */
  #thawed: (() => void)[] = [];
  /** The highest sequence number that came, and what it has said that it has. */
  #seen = 0;
  #told = 0;
  /** The chunks that it was ever given. */
  readonly #given = new Set<number>();

  /**
   * @param id Its identity.
   * @param incarnation What tells it from others of this identity.
   * @param clock The time.
   * @param scenario What may go wrong.
   * @param ends Who is at the host's end of its wire.
   * @param events Who is told of it.
   */
  constructor(
    id: string,
    incarnation: string,
    clock: Clock,
    scenario: Scenario,
    ends: Pick<Ends, "host" | "lost">,
    events: WorkerEvents,
  ) {
    this.id = id;
    this.incarnation = incarnation;
    this.#clock = clock;
    this.scenario = scenario;
    this.#events = events;
    const { random, faults, settings } = scenario;
    this.slowness = random.chance(faults.slow) ? random.between(2, 20) : 1;
    this.#thread = new RunningThread(this);
    this.#core = new WorkerCore({
      worker: id,
      pid: 1,
      host: "model",
      incarnation,
      watched: scenario.watched,
      flow: scenario.flow,
      helloInterval: HELLO_INTERVAL,
      heartbeatInterval: HEARTBEAT_INTERVAL,
      connectTimeout: 2 * settings.startTimeout,
      reconnectGrace: 2 * settings.reconnectGrace,
      farewell: FAREWELL,
      loadTimeout: settings.loadTimeout,
    }, this.#thread.memory);
    this.wire = new Wire(clock, scenario, {
      ...ends,
      worker: (frames) => this.#act(() => this.#hear(frames)),
      hiccup: () => this.#act(() => this.#begun && this.#handle({ type: "connected" })),
    });
    if (random.chance(faults.muteStart)) return;
    if (random.chance(faults.dieEarly)) {
      this.later(random.between(0, 300), () => this.die("early"));
      return;
    }
    this.later(random.between(5, 200), () => {
      this.#begun = true;
      this.#handle({ type: "begin" });
      if (faults.disorder > 0) this.#remind();
    });
    this.#fault(faults.killEvery, () => this.die("killed"));
    this.#fault(faults.restartEvery, () => {
      this.excuse ??= "restarts for no reason";
      this.#thread.giveUp();
    });
    this.#fault(faults.handBackEvery, () => this.#handBack());
    this.#fault(faults.freezeEvery, () => this.#freeze());
    this.#fault(faults.babbleEvery, () => this.#babble());
  }

  /** The time. */
  get now(): number {
    return this.#clock.now;
  }

  /** Has something happen in this process, unless it ends before; later if it is frozen. */
  later(delay: number, action: () => void): void {
    this.#clock.after(delay, () => this.#act(action));
  }

  /** Its thread says something. */
  said(message: FromThread): void {
    this.#handle({ type: "said", message });
  }

  /** Its thread may have left results. */
  called(): void {
    this.#handle({ type: "called" });
  }

  /** Its thread has ended. */
  crashed(): void {
    this.#handle({ type: "crashed", why: "out of memory" });
  }

  /** Whether it hears what it is told, now or when its connection is back. */
  get reachable(): boolean {
    return !this.#frozen && this.#begun;
  }

  /** Since when it runs, and nothing keeps it and the host from hearing each other. */
  get calmSince(): number {
    const restarting = this.#timers.has("farewell");
    const away = this.death || this.#frozen || restarting || this.#asking ||
      !this.wire.isUp;
    const { answered, thawed, sent } = this.#calm;
    return away ? this.now : Math.max(answered, thawed, sent, this.wire.quickSince);
  }

  /** Whether it did, or suffered, nothing that could be held against it. */
  get healthy(): boolean {
    return !this.death && !this.excuse && !this.wire.wasCut;
  }

  /** It ends. */
  die(why: string, item?: Item): void {
    if (this.death) return;
    this.death = why;
    const what = item ? ` of item ${item.run}:${item.index}` : "";
    this.#events.say(`worker ${this.id} dies: ${why}${what}`);
    this.#thread.close();
    this.wire.close();
    this.#events.died(this);
  }

  /** A line for the trace. */
  say(what: string): void {
    this.#events.say(`worker ${this.id} ${what}`);
  }

  /** A `hello` waits for its answer. */
  get #asking(): boolean {
    return this.#timers.has("hello");
  }

  #act(action: () => void): void {
    if (this.death) return;
    if (this.#frozen) this.#thawed.push(action);
    else action();
  }

  #hear(frames: Frames): void {
    this.#seen = Math.max(this.#seen, numberOf(frames));
    this.#handle({ type: "arrived", frames });
  }

  /**
   * Asks again for what is missing. ZeroMQ keeps the order, and so a real worker asks once
   * for each connection.
   */
  #remind(): void {
    if (this.#seen > this.#told) this.#handle({ type: "connected" });
    this.later(REMINDER, () => this.#remind());
  }

  #handle(event: WorkerEvent): void {
    const asked = this.#asking;
    const actions = this.#core.handle(event, this.now);
    if (this.#core.isSending) this.#calm.sent = this.now;
    for (const action of actions) this.#perform(action);
    if (asked && !this.#asking) this.#calm.answered = this.now;
  }

  #perform(action: WorkerAction): void {
    if (this.death) return;
    switch (action.type) {
      case "send":
        this.#told = receivedOf(action.frames);
        this.wire.toHost(action.frames);
        break;
      case "tell":
        if (action.message.type === "batch") {
          for (const { chunk } of action.message.chunks) this.#given.add(chunk);
        }
        this.#thread.tell(action.message);
        break;
      case "read":
        break;
      case "drain":
        this.#handle({ type: "drained" });
        break;
      case "set":
        this.#set(action.timer, action.after);
        break;
      case "clear":
        this.#timers.delete(action.timer);
        break;
      case "print":
        this.say(action.text);
        break;
      case "end":
        this.#end(action.outcome);
        break;
      default:
        action satisfies never;
    }
  }

  #set(timer: Timer, after: number): void {
    const number = ++this.#timersSet;
    this.#timers.set(timer, number);
    this.later(after, () => {
      if (this.#timers.get(timer) !== number) return;
      this.#timers.delete(timer);
      // What cannot be ended is left to the host.
      const ends = timer === "overdue" || timer.startsWith("grace ");
      if (ends && this.#thread.isStuck) return;
      if (timer === "farewell") this.excuse ??= "restarted without an answer";
      this.#handle({ type: "timer", timer });
    });
  }

  #end(outcome: Outcome): void {
    if (outcome !== "restart") return this.die(outcome);
    this.death = outcome;
    this.#thread.close();
    this.wire.close();
    this.#events.restarted(this);
  }

  #fault(every: number, happen: () => void): void {
    if (every === Infinity) return;
    this.later(this.scenario.random.wait(every), happen);
  }

  #freeze(): void {
    const { random, faults } = this.scenario;
    this.excuse = "frozen";
    this.#frozen = true;
    const forGood = random.chance(0.2);
    this.say(`freezes${forGood ? " for good" : ""}`);
    if (forGood) return;
    this.#clock.after(random.wait(3000), () => {
      if (this.death) return;
      this.say("thaws");
      this.#frozen = false;
      this.#calm.thawed = this.now;
      for (const action of this.#thawed.splice(0)) this.#act(action);
      this.#fault(faults.freezeEvery, () => this.#freeze());
    });
  }

  /** Hands back what waits, as if it had been told to. */
  #handBack(): void {
    this.excuse ??= "hands back for no reason";
    this.say("hands back what waits");
    this.#handle({ type: "arrived", frames: encode({ type: "recall" }) });
    this.#fault(this.scenario.faults.handBackEvery, () => this.#handBack());
  }

  /** A chunk that another worker may have, but not this one. */
  #foreignChunk(): number {
    const chunk = Math.max(1, ...this.#given) - 1;
    return this.#given.has(chunk) ? 0 : chunk;
  }

  /** Says what it cannot have to say: of what it has, of what nobody has, of others'. */
  #babble(): void {
    this.excuse = "babbled";
    const { random } = this.scenario;
    const held = this.#thread.chunk;
    const value = new Uint8Array(8);
    const segments = [
      { chunk: held ?? 0, from: 1000, count: 1 },
      { chunk: 2 ** 40, from: 1000, count: 1 },
      { chunk: this.#foreignChunk(), from: 0, count: 1 },
    ];
    this.say("babbles");
    const frames = encode({ type: "heartbeat" });
    if (random.chance(0.2)) return this.wire.toHost([...frames, value]);
    const failed = {
      chunk: held ?? 2 ** 40,
      offset: 2 ** 40,
      reason: "threw",
    } as const;
    this.#thread.post(random.pick<FromThread>([
      ...segments.map((segment): FromThread => ({
        type: "results",
        elapsed: 1,
        segments: [segment],
        list: [value],
      })),
      { type: "failed", ...failed, exitStatus: 0, value },
    ]));
  }
}

/** Up to which number the sender of a message has all of the other side's. */
function receivedOf([header]: Frames): number {
  return new DataView(header!.buffer, header!.byteOffset).getUint32(6, true);
}
