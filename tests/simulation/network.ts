/**
 * A worker's connection to the host, as ZeroMQ makes it: what is sent arrives in order
 * and after a delay; when the connection is cut, what is on the way is lost, and the
 * connection is made again.
 *
 * @module
 */

import { typeOf } from "../../src/protocol/codec.ts";
import type { Clock } from "./clock.ts";
import type { Scenario } from "./scenario.ts";

export type Frames = Uint8Array[];

/** What takes longer waits for what is before it on the wire, in milliseconds. */
const QUICK = 310;
/** How often a connection is cut at a piece at most. */
const MOST_CUTS = 20;

/** What is at the two ends of a wire. */
export interface Ends {
  /** A message reaches the host. */
  host(frames: Frames): void;
  /** A message reaches the worker. */
  worker(frames: Frames): void;
  /** The host is told that the connection was lost. */
  lost(): void;
  /** The worker is told that it has a new connection. */
  hiccup(): void;
}

type End = "host" | "worker";

/** One worker's connection, or rather one after the other. */
export class Wire {
  /** Whether it was ever cut. */
  wasCut = false;
  readonly #clock: Clock;
  readonly #scenario: Scenario;
  readonly #ends: Ends;
  readonly #latency: number;
  /** Whether the worker's socket keeps what it is given while there is no connection. */
  readonly #keeps: boolean;
  readonly #waiting: Frames[] = [];
  /** When the last message on the way in each direction arrives. */
  readonly #last = { host: 0, worker: 0 };
  #connection = 1;
  #cuts = 0;
  #up = true;
  #closed = false;

  constructor(clock: Clock, scenario: Scenario, ends: Ends) {
    this.#clock = clock;
    this.#scenario = scenario;
    this.#ends = ends;
    const { random } = scenario;
    this.#latency = random.between(0.1, 5);
    this.#keeps = random.chance(0.5);
    this.#expectCut();
  }

  /** Since when all that is under way arrives without delay. */
  quickSince = 0;
  /** Whether there is a connection. */
  get isUp(): boolean {
    return this.#up;
  }

  /** The worker says something. */
  toHost(frames: Frames): void {
    if (this.#up) this.#send("host", frames);
    else if (this.#keeps) this.#waiting.push(frames);
  }

  /** The host says something. To a worker without a connection, it speaks to the wind. */
  toWorker(frames: Frames): void {
    if (this.#up) this.#send("worker", frames);
  }

  /** The worker's process is gone: what it has sent still arrives, or does not. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#scenario.random.chance(0.3)) this.#connection++;
    if (this.#up && !this.#scenario.random.chance(this.#scenario.faults.unnoticed)) {
      const last = this.#last.host - this.#clock.now;
      this.#clock.after(Math.max(0, last) + this.#latency, () => this.#ends.lost());
    }
    this.#up = false;
  }

  #send(to: End, frames: Frames): void {
    const { random, faults, rate } = this.#scenario;
    let delay = this.#latency * random.between(0.5, 1.5);
    if (random.chance(0.01)) delay += random.between(0, 300);
    const disorderly = random.chance(faults.disorder);
    let arrival = this.#clock.now + delay;
    const carried = frames.reduce((sum, { length }) => sum + length, 0) / rate;
    // TCP keeps the order.
    if (!disorderly) {
      this.#last[to] = arrival = Math.max(arrival, this.#last[to]) + carried;
      if (arrival > this.#clock.now + QUICK) this.quickSince = arrival;
    } else arrival += random.between(0, 100);
    this.#deliver(to, frames, arrival);
    if (
      disorderly && random.chance(0.5) ||
      numberOf(frames) === 0 && random.chance(faults.repeat)
    ) this.#deliver(to, frames, arrival + random.between(0, 100));
    const isPiece = faults.cutAtPiece > 0 && typeOf(frames) === "piece";
    if (isPiece && random.chance(faults.cutAtPiece) && this.#cuts++ < MOST_CUTS) {
      // It may arrive, and may not.
      this.#clock.after(delay * random.between(0, 2), () => {
        if (this.#up) this.#cut();
      });
    }
  }

  #deliver(to: End, frames: Frames, arrival: number): void {
    const connection = this.#connection;
    this.#clock.after(arrival - this.#clock.now, () => {
      if (connection === this.#connection) this.#ends[to](frames);
    });
  }

  #expectCut(): void {
    const { random, faults } = this.#scenario;
    if (faults.cutEvery === Infinity) return;
    // What was just mended is soon broken again.
    const soon = this.wasCut && random.chance(0.3);
    const wait = soon ? this.#latency : faults.cutEvery;
    const connection = this.#connection;
    this.#clock.after(random.wait(wait), () => {
      if (connection === this.#connection) this.#cut();
    });
  }

  #cut(): void {
    const { random, faults, settings, calmFrom } = this.#scenario;
    if (this.#closed || this.#clock.now > calmFrom) return;
    this.wasCut = true;
    this.#connection++;
    this.#up = false;
    if (!random.chance(faults.unnoticed)) {
      this.#clock.after(random.between(0, 500), () => this.#ends.lost());
    }
    const down = random.chance(0.7)
      ? random.between(0, 300)
      : random.between(0, 2 * settings.reconnectGrace);
    this.#clock.after(down, () => this.#mend());
  }

  #mend(): void {
    if (this.#closed) return;
    this.#up = true;
    this.#last.host = this.#last.worker = this.#clock.now;
    for (const frames of this.#waiting.splice(0)) this.#send("host", frames);
    this.#ends.hiccup();
    this.#expectCut();
  }
}

/** The sequence number of a message; 0 for one outside the sequence. */
export function numberOf([header]: Frames): number {
  return new DataView(header!.buffer, header!.byteOffset).getUint32(2, true);
}
