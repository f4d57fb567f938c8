/**
 * What `src/engine/engine.ts` does around the core, in virtual time: frames to
 * events, actions to frames, the sources of items, and a tick now and then. Every event
 * is followed by the checks of the core itself and of the ledger.
 *
 * @module
 */

import { Core } from "../../src/core/core.ts";
import type { CoreAction, CoreEvent } from "../../src/core/events.ts";
import { ProtocolError, type WorkerLoss } from "../../src/errors.ts";
import { decodeWorkerMessage, encode } from "../../src/protocol/codec.ts";
import type { Arrival } from "../../src/protocol/link.ts";
import type { Hello, HostMessage, WorkerMessage } from "../../src/protocol/messages.ts";
import type { Clock } from "./clock.ts";
import { type Carried, must, RunAccount, type Witness } from "./accounts.ts";
import { Ledger } from "./ledger.ts";
import { Liveness, patience } from "./liveness.ts";
import type { Frames } from "./network.ts";
import { PeerModel } from "./peer_model.ts";
import type { RunPlan, Scenario } from "./scenario.ts";
import { SchedulerModel } from "./scheduler_model.ts";
import { SourceModel } from "./source_model.ts";
import { argumentsOf, resultsOf, thrownBy } from "./items.ts";

const TICK = 250;
const HEARTBEAT_INTERVAL = 500;
/** How long workers may take to leave when they are told to. */
const LEAVE_TIMEOUT = 2000;

interface Context extends Carried {
  hello?: Hello;
}

/** The host. */
export class HostModel {
  readonly core: Core;
  readonly ledger: Ledger;
  readonly scheduler: SchedulerModel;
  closed = false;
  readonly #clock: Clock;
  readonly #scenario: Scenario;
  readonly #count: (what: string) => void;
  readonly #say: ((what: string) => void) | undefined;
  readonly #peers = new Map<string, PeerModel>();
  readonly #sources = new Map<number, SourceModel>();
  readonly #queue: { event: CoreEvent; context: Context }[] = [];
  #handling = false;
  /** What is to happen when the host has time again, while it has none. */
  #backlog: (() => void)[] | undefined;
  #wasBusy = false;
  /** When it last had time again. */
  #freeSince = 0;
  #heartbeat = 0;

  /**
   * @param clock The time.
   * @param scenario What is to be run, and what goes wrong.
   * @param count Counts what happens.
   * @param say Takes the trace, if one is wanted.
   */
  constructor(
    clock: Clock,
    scenario: Scenario,
    count: (what: string) => void,
    say?: (what: string) => void,
  ) {
    this.#clock = clock;
    this.#scenario = scenario;
    this.#count = count;
    this.#say = say;
    const witness: Witness = {
      healthy: (worker) =>
        !this.#wasBusy && this.scheduler.process(worker)?.healthy === true,
      prompt: (worker) => this.scheduler.process(worker)?.excuse === undefined,
      calmSince: (worker) =>
        Math.max(
          this.#backlog ? clock.now : this.#freeSince,
          this.#peers.get(worker)?.calmSince ?? 0,
          this.scheduler.process(worker)?.calmSince ?? 0,
        ),
      count,
    };
    const { settings, faults } = scenario;
    const liveness = new Liveness(settings, witness, patience(faults));
    this.core = new Core(settings);
    this.ledger = new Ledger(settings, witness, liveness);
    this.scheduler = new SchedulerModel(clock, scenario, {
      say: (what) => say?.(what),
      started: (worker) =>
        this.#act(() => this.#handle({ type: "workerStarted", worker })),
      ended: (worker, loss) => this.#act(() => this.#ended(worker, loss)),
      ends: (worker) => ({
        host: (frames) => this.#act(() => this.#take(worker, frames)),
        lost: () => this.#act(() => this.#handle({ type: "disconnected", worker })),
      }),
    });
    this.#tick();
    this.#expectBusyness();
  }

  /** Begins a run. */
  start(plan: RunPlan): void {
    if (this.closed) return;
    const { id } = plan.settings;
    const run = new RunAccount(plan);
    this.ledger.runs.set(id, run);
    const source = new SourceModel(run, this.#scenario.random, {
      later: (delay, action) => this.#later(delay, action),
      handle: (event) => this.#handle(event),
    });
    this.#sources.set(id, source);
    this.#handle({ type: "run", run: plan.settings });
    this.#later(plan.opensAfter, () => source.open());
    const user = (event: CoreEvent) => () => {
      if (run.over === undefined) this.#handle(event);
    };
    const { cancelAfter, terminateAfter, grace } = plan;
    if (cancelAfter < Infinity) {
      this.#later(cancelAfter, user({ type: "cancel", run: id }));
    }
    if (terminateAfter < Infinity) {
      this.#later(terminateAfter, user({ type: "terminate", run: id, grace }));
    }
  }

  /** Ends it all: the workers are told to leave, and soon after they are stopped. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.#handle({ type: "close" });
    this.#later(LEAVE_TIMEOUT, () => {
      for (const worker of this.scheduler.alive()) this.scheduler.stop(worker);
    });
  }

  #later(delay: number, action: () => void): void {
    this.#clock.after(delay, () => this.#act(action));
  }

  #act(action: () => void): void {
    if (this.#backlog) this.#backlog.push(action);
    else action();
  }

  #expectBusyness(): void {
    const { random, faults } = this.#scenario;
    if (faults.busyEvery === Infinity) return;
    this.#clock.after(random.wait(faults.busyEvery), () => {
      this.#say?.("the host is busy");
      this.#backlog = [];
      this.#wasBusy = true;
      this.#clock.after(random.wait(2000), () => {
        const backlog = this.#backlog!;
        this.#backlog = undefined;
        this.#freeSince = this.#clock.now;
        this.#handle({ type: "tick" });
        for (const action of backlog) action();
        this.#expectBusyness();
      });
    });
  }

  #tick(): void {
    const { now } = this.#clock;
    if (now - this.#heartbeat >= HEARTBEAT_INTERVAL) {
      this.#heartbeat = now;
      for (const peer of this.#peers.values()) peer.acknowledge();
    }
    for (const peer of this.#peers.values()) peer.remind();
    this.#handle({ type: "tick" });
    this.#later(TICK * this.#scenario.random.between(1, 1.2), () => this.#tick());
  }

  #ended(worker: string, loss: WorkerLoss): void {
    this.#handle({ type: "workerEnded", worker, loss });
    this.#dismiss(worker);
  }

  /** A worker is none of ours any more; should it live, it hears that. */
  #dismiss(worker: string): void {
    if (this.#peers.delete(worker)) this.#refuse(worker, "it was given up");
  }

  #refuse(worker: string, why: string): void {
    this.scheduler.transmit(worker, encode({ type: "refused", why }));
  }

  #take(worker: string, frames: Frames): void {
    const peer = this.#peers.get(worker);
    let message: WorkerMessage | undefined;
    let arrived: Frames | Arrival;
    try {
      arrived = peer?.receive(frames) ?? frames;
      if (typeof arrived !== "string") message = decodeWorkerMessage(arrived);
    } catch (error) {
      must(error instanceof ProtocolError, "the codec threw something of its own");
      this.#count("violation");
      this.#handle({ type: "violation", worker, detail: error.message });
      return;
    }
    this.#count(typeof arrived === "string" ? arrived : "deliver");
    if (message?.type !== "hello" && !peer) {
      this.#count("dismissed");
      return this.#refuse(worker, "it was given up");
    }
    const moved = arrived === "part" || peer?.isSending && message?.type !== "hello";
    if (moved) this.#handle({ type: "moved", worker });
    if (!message) return;
    // It waits for that before it restarts.
    if (message.type === "restarting") peer?.acknowledge();
    this.#told(worker, message);
  }

  #told(worker: string, message: WorkerMessage): void {
    switch (message.type) {
      case "hello": {
        const { hello } = message;
        this.#handle({ type: "hello", worker, incarnation: hello.incarnation }, {
          hello,
        });
        break;
      }
      case "heartbeat":
      case "times":
      case "message":
        this.#handle({ type: "heard", worker });
        break;
      case "started":
        this.#handle({ type: "began", worker, chunk: message.chunk });
        break;
      case "results": {
        const { segments, elapsed, list } = message;
        const bytes = list.reduce((sum, { length }) => sum + length, 0);
        const event = { worker, segments, elapsed, bytes };
        const values = resultsOf(list, this.#scenario);
        this.#handle({ type: "results", ...event }, { values });
        break;
      }
      case "failed": {
        const { chunk, offset, reason, exitStatus, value } = message;
        const event = { worker, chunk, offset, reason, exitStatus };
        const values = thrownBy(value);
        const final = this.#isFinal(worker, message);
        this.#handle({ type: "failed", ...event, final }, values && { values });
        break;
      }
      case "returned":
        this.#handle({ ...message, worker });
        break;
      case "output":
        break;
      case "restarting":
        this.#handle({ type: "restarting", worker, why: message.why });
        break;
      default:
        message satisfies never;
    }
  }

  /** Whether the user does not want another try of an item that threw. */
  #isFinal(
    worker: string,
    { chunk, offset, reason }: Extract<WorkerMessage, { type: "failed" }>,
  ): boolean {
    const found = this.core.retriableAt(worker, chunk, offset);
    if (!found || reason !== "threw") return false;
    const run = this.ledger.runs.get(found.run)!;
    return run.throws[found.index]! >= run.plan.items[found.index]!.worth;
  }

  /** Events that come up while one is handled wait for their turn. */
  #handle(event: CoreEvent, context: Context = {}): void {
    this.#queue.push({ event, context });
    if (this.#handling) return;
    this.#handling = true;
    for (let next; (next = this.#queue.shift());) {
      this.#handleOne(next.event, next.context);
    }
    this.#handling = false;
  }

  #handleOne(event: CoreEvent, context: Context): void {
    this.#say?.(`> ${JSON.stringify(event)}`);
    this.ledger.before(event, this.#clock.now);
    const actions = this.core.handle(event, this.#clock.now);
    for (const action of actions) this.#say?.(`  < ${JSON.stringify(action)}`);
    this.core.validate();
    this.ledger.after(event, actions, context, this.core.workers());
    for (const action of actions) this.#perform(action, context);
  }

  #perform(action: CoreAction, context: Context): void {
    switch (action.type) {
      case "request":
        this.scheduler.start(action.workers);
        break;
      case "stop":
        this.#dismiss(action.worker);
        this.scheduler.stop(action.worker);
        break;
      case "welcome": {
        const { worker, refused } = action;
        if (refused === undefined) this.#welcome(worker, context.hello!);
        else this.#refuse(worker, refused);
        break;
      }
      case "assign": {
        const { worker, run, chunks } = action;
        const { items, settings } = this.ledger.runs.get(run)!.plan;
        const given = chunks.flatMap(({ first, count }) =>
          items.slice(first, first + count)
        );
        const peer = this.#peers.get(worker)!;
        const value = new Uint8Array(this.#scenario.codeSize);
        if (!peer.codes.has(run)) {
          this.#send(worker, { type: "code", code: run, value });
        }
        peer.codes.add(run);
        const { timeout, exclusive: announce } = settings;
        const rest = { code: run, timeout, announce, measure: false, seed: 0, chunks };
        const told = { name: "f", logs: "forward" as const };
        this.#send(worker, {
          type: "assign",
          ...rest,
          ...told,
          list: argumentsOf(given),
        });
        break;
      }
      case "recall": {
        const { worker } = action;
        const chunks = this.#peers.get(worker)?.recall() ?? [];
        for (const _ of chunks) this.#count("withdrawn");
        if (chunks.length > 0) this.#handle({ type: "withdrawn", worker, chunks });
        break;
      }
      case "wake":
        this.#later(action.after, () => this.#handle({ type: "tick" }));
        break;
      case "cancel":
        this.#peers.get(action.worker)?.cancel(action.chunks);
        break;
      case "terminate": {
        const { worker, chunk, grace } = action;
        if (this.#peers.get(worker)?.terminate(chunk, grace) ?? true) break;
        this.#count("ended before it was sent");
        const { run, index } = this.core.itemAt(worker, chunk, 0)!;
        const { payload } = this.ledger.runs.get(run)!.plan.items[index]!;
        const failed = { offset: 0, reason: "cancelled", exitStatus: 0 } as const;
        this.#handle({ type: "failed", worker, chunk, ...failed }, {
          values: [payload],
        });
        break;
      }
      case "leave":
        this.#send(action.worker, { type: "leave" });
        break;
      case "pull":
        this.#sources.get(action.run)!.pull(action.count);
        break;
      case "accept":
      case "fail":
      case "abandon":
      case "done":
        break;
      default:
        action satisfies never;
    }
  }

  #welcome(worker: string, { incarnation, received }: Hello): void {
    let peer = this.#peers.get(worker);
    const { flow, asksOften } = this.#scenario;
    const time = () => this.#clock.now;
    if (peer?.incarnation !== incarnation) {
      const transmit = (frames: Frames) =>
        this.scheduler.transmit(worker, frames, incarnation);
      peer = new PeerModel(incarnation, flow, time, transmit, asksOften);
      this.#peers.set(worker, peer);
    }
    peer.welcome(received);
  }

  #send(worker: string, message: HostMessage): void {
    this.#peers.get(worker)?.send(message);
  }
}
