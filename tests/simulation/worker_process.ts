/**
 * A worker's process, as far as the host can tell: `src/worker/process/client.ts` with its
 * connection, and the faults that a process can have. What it runs is in
 * `thread_model.ts`.
 *
 * @module
 */

import { decodeHostMessage, typeOf } from "../../src/protocol/codec.ts";
import { type Arrival, Link } from "../../src/protocol/link.ts";
import {
  type HostMessage,
  UNSEQUENCED,
  type WorkerMessage,
} from "../../src/protocol/messages.ts";
import { chunksOf } from "../../src/protocol/order.ts";
import type { Clock } from "./clock.ts";
import { type Ends, type Frames, Wire } from "./network.ts";
import type { Item, Scenario } from "./scenario.ts";
import { ThreadModel } from "./thread_model.ts";

/** How often `hello` is said until it is answered, and a sign of life is given. */
const HELLO_INTERVAL = 200;
const HEARTBEAT_INTERVAL = 450;
/** How long the host may take to say that it has all reports, before a restart. */
const FAREWELL = 600;

/** What a worker's model tells of itself. */
export interface WorkerEvents {
  /** A line for the trace. */
  say(what: string): void;
  /** Its process has ended. */
  died(worker: WorkerModel): void;
  /** Its process has made way for another one. */
  restarted(worker: WorkerModel): void;
}

/** One worker's process. */
export class WorkerModel {
  readonly id: string;
  readonly incarnation: string;
  readonly wire: Wire;
  readonly scenario: Scenario;
  /** Why its process has ended, once it has. */
  death: string | undefined;
  /** Why the host may hold against it what it could not help. */
  excuse: string | undefined;
  /** How much slower it is than others. */
  readonly slowness: number;
  readonly #clock: Clock;
  readonly #events: WorkerEvents;
  readonly #link: Link;
  readonly #codes = new Set<number>();
  readonly #thread: ThreadModel;
  #frozen = false;
  /** When it was last answered and thawed, and something large was under way from it. */
  readonly #calm = { answered: 0, thawed: 0, sent: 0 };
  /** What is to happen when it moves again. */
  #thawed: (() => void)[] = [];
  /** Whether a hello waits for its answer, and the how-manieth. */
  #asking = false;
  #question = 0;
  /** Something was missing while a hello waited for its answer. */
  #missed = false;
  #restarting = false;
  #welcomed = false;

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
    this.#link = new Link(scenario.flow, () => clock.now);
    this.#events = events;
    const { random, faults } = scenario;
    this.slowness = random.chance(faults.slow) ? random.between(2, 20) : 1;
    this.#thread = new ThreadModel(this);
    this.wire = new Wire(clock, scenario, {
      ...ends,
      worker: (frames) => this.#act(() => this.#take(frames)),
      hiccup: () => this.#act(() => this.#hello(2 * scenario.settings.reconnectGrace)),
    });
    if (random.chance(faults.muteStart)) return;
    if (random.chance(faults.dieEarly)) {
      this.later(random.between(0, 300), () => this.die("early"));
      return;
    }
    this.later(random.between(5, 200), () => {
      this.#hello(2 * scenario.settings.startTimeout);
      this.#beat();
    });
    this.#fault(faults.killEvery, () => this.die("killed"));
    this.#fault(faults.restartEvery, () => {
      this.excuse ??= "restarts for no reason";
      this.restart();
    });
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

  /** Tells the host something. */
  send(message: WorkerMessage): void {
    this.#put(this.#link.send(message));
  }

  #put(messages: Frames[]): void {
    if (this.#link.waiting > 0) this.#calm.sent = this.now;
    for (const frames of messages) if (!this.death) this.wire.toHost(frames);
  }

  /** Whether it hears what it is told, now or when its connection is back. */
  get reachable(): boolean {
    return !this.#frozen && this.#question > 0;
  }

  /** Since when it runs, and nothing keeps it and the host from hearing each other. */
  get calmSince(): number {
    const away = this.death || this.#frozen || this.#restarting || this.#asking ||
      !this.wire.isUp;
    const { answered, thawed, sent } = this.#calm;
    return away ? this.now : Math.max(answered, thawed, sent, this.wire.quickSince);
  }

  /** Whether it did, or suffered, nothing that could be held against it. */
  get healthy(): boolean {
    return !this.death && !this.excuse && !this.wire.wasCut;
  }

  /** Its process ends. */
  die(why: string, item?: Item): void {
    if (this.death) return;
    this.death = why;
    const what = item ? ` of item ${item.run}:${item.index}` : "";
    this.#events.say(`worker ${this.id} dies: ${why}${what}`);
    this.wire.close();
    this.#events.died(this);
  }

  /** Starts anew as a process, as soon as the host has all that was reported. */
  restart(): void {
    if (this.#restarting) return;
    this.#restarting = true;
    this.say("is about to restart");
    this.send({ type: "restarting", why: "" });
    this.#awaitFarewell();
  }

  #awaitFarewell(): void {
    const { known } = this.#link;
    this.later(FAREWELL, () => {
      if (this.#link.known > known) return this.#awaitFarewell();
      this.excuse ??= "restarted without an answer";
      this.#startAnew();
    });
  }

  /** A line for the trace. */
  say(what: string): void {
    this.#events.say(`worker ${this.id} ${what}`);
  }

  #startAnew(): void {
    if (this.death) return;
    this.death = "restart";
    this.wire.close();
    this.#events.restarted(this);
  }

  #act(action: () => void): void {
    if (this.death) return;
    if (this.#frozen) this.#thawed.push(action);
    else action();
  }

  #hello(patience: number): void {
    if (this.#asking) return;
    this.#asking = true;
    const question = ++this.#question;
    const ask = () => {
      if (!this.#asking || this.#question !== question) return;
      const hello = {
        worker: this.id,
        pid: 1,
        host: "model",
        incarnation: this.incarnation,
        received: this.#link.received,
      };
      this.send({ type: "hello", hello });
      this.later(HELLO_INTERVAL, ask);
    };
    ask();
    this.later(patience, () => {
      if (this.#asking && this.#question === question) this.die("host lost");
    });
  }

  #beat(): void {
    if (!this.#asking) this.send({ type: "heartbeat" });
    this.later(HEARTBEAT_INTERVAL, () => this.#beat());
  }

  #take(frames: Frames): void {
    const type = typeOf(frames);
    if (type === "welcome") {
      const message = decodeHostMessage(frames);
      const ours = message.type === "welcome" &&
        message.incarnation === this.incarnation;
      if (!ours) return;
      this.#welcomed = true;
    }
    if (!this.#welcomed && !UNSEQUENCED.has(type)) {
      this.#missed = true;
      return;
    }
    const arrived: Frames | Arrival = this.#link.receive(frames);
    const { kept, waiting } = this.#link;
    if (waiting > 0) this.#calm.sent = this.now;
    if (this.#restarting && kept + waiting === 0) return this.#startAnew();
    this.#put(this.#link.more());
    if (arrived === "gap" && this.#asking) this.#missed = true;
    if (arrived === "gap") this.#hello(2 * this.scenario.settings.reconnectGrace);
    if (typeof arrived !== "string") this.#obey(decodeHostMessage(arrived));
    if (this.#link.shouldAcknowledge) this.send({ type: "heartbeat" });
  }

  #obey(message: HostMessage): void {
    // What it is given from now on, it will be given again.
    if (this.#restarting && !UNSEQUENCED.has(message.type)) return;
    switch (message.type) {
      case "welcome":
        this.#asking = false;
        this.#calm.answered = this.now;
        this.#put(this.#link.resend(message.received));
        this.#put(this.#link.more());
        if (this.scenario.faults.disorder > 0 && this.#missed) {
          this.#hello(2 * this.scenario.settings.reconnectGrace);
        }
        this.#missed = false;
        break;
      case "refused":
        this.die("refused");
        break;
      case "code":
        this.#codes.add(message.code);
        break;
      case "assign":
        if (!this.#codes.has(message.code)) {
          throw new Error("A chunk came before its code");
        }
        this.#thread.assign(message);
        break;
      case "recall":
        this.#thread.recall();
        break;
      case "cancel":
        this.#withdraw(message.chunks);
        this.#thread.cancel(message.chunks);
        break;
      case "terminate":
        this.#thread.terminate(message.chunk, message.grace);
        break;
      case "leave":
        this.die("left");
        break;
      case "heartbeat":
      case "forget":
      case "message":
        break;
      default:
        message satisfies never;
    }
  }

  #withdraw(chunks: number[]): void {
    const { frames } = this.#link.withdraw((message) => {
      const about = chunksOf(message);
      return about.length > 0 && about.every((chunk) => chunks.includes(chunk));
    });
    this.#put([...frames, ...this.#link.more()]);
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

  #babble(): void {
    this.excuse = "babbled";
    const { random } = this.scenario;
    const held = this.#thread.someChunk();
    const foreign = this.#thread.foreignChunk();
    const value = new Uint8Array(8);
    const segment = { chunk: held ?? 0, from: 1000, count: 1 };
    const elapsed = 1;
    const nonsense: WorkerMessage[] = [
      { type: "returned", cuts: [{ chunk: held ?? 2 ** 40, from: 2 ** 40 }] },
      { type: "results", elapsed, segments: [segment], list: [value] },
      {
        type: "results",
        elapsed,
        segments: [{ ...segment, chunk: 2 ** 40 }],
        list: [value],
      },
      {
        type: "results",
        elapsed,
        segments: [{ chunk: foreign, from: 0, count: 1 }],
        list: [value],
      },
      {
        type: "failed",
        chunk: held ?? 2 ** 40,
        offset: 2 ** 40,
        reason: "threw",
        exitStatus: 0,
        value,
      },
    ];
    this.say("babbles");
    if (random.chance(0.2)) {
      const [heartbeat] = this.#link.send({ type: "heartbeat" });
      this.wire.toHost([heartbeat![0]!, value]);
    } else this.send(random.pick(nonsense));
  }
}
