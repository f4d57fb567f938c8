/**
 * Workers that the test plays itself: the first ones send whatever comes to their mind,
 * and those behind them do the work.
 *
 * @module
 */

import type { Scheduler, WorkerListener, WorkerSpec } from "../../mod.ts";
import { HEADER_SIZE } from "../../src/protocol/messages.ts";
import { deserializeList, serializeList } from "../../src/protocol/lists.ts";
import { framesOf, mutated, wireOf } from "../protocol/_hostile.ts";
import type { Random } from "../simulation/prng.ts";
import { FakeWorker } from "./_fake_worker.ts";

/** How many messages a hostile worker sends at most, before it dies. */
const MOST_SAID = 12;

/** One worker after the other. */
export class HostileScheduler implements Scheduler {
  readonly name = "hostile";
  readonly workers = 1;
  readonly transport = "local";
  readonly #random: Random;
  readonly #f: (x: number) => unknown;
  readonly #playing = new Set<Promise<void>>();
  readonly #stops = new Map<string, () => void>();
  #hostile: number;

  /**
   * @param random What they think of.
   * @param hostile How many are hostile.
   * @param f What the others do.
   */
  constructor(random: Random, hostile: number, f: (x: number) => unknown) {
    this.#random = random;
    this.#hostile = hostile;
    this.#f = f;
  }

  start({ runFile }: WorkerSpec, workers: string[], listener: WorkerListener): void {
    for (const name of workers) {
      const stopped = Promise.withResolvers<void>();
      this.#stops.set(name, stopped.resolve);
      queueMicrotask(() => {
        listener.started(name);
        const played = this.#play(runFile, name, stopped.promise).then(() =>
          listener.ended(name, { cause: "exit", detail: "the test ended it" })
        );
        this.#playing.add(played);
      });
    }
  }

  stop(worker: string): void {
    this.#stops.get(worker)?.();
  }

  async #play(runFile: string, name: string, stopped: Promise<void>): Promise<void> {
    await using worker = new FakeWorker(runFile, name, crypto.randomUUID());
    const work = this.#hostile-- > 0 ? this.#rave(worker) : this.#work(worker);
    // Whoever is stopped hears nothing any more, and hangs up.
    await Promise.race([work.catch(() => {}), stopped]);
  }

  /** Says anything, as if it were due; each message is on its way before the next one. */
  async #rave(worker: FakeWorker): Promise<void> {
    const random = this.#random;
    const chunk = await worker.begin();
    const count = random.int(1, MOST_SAID);
    const said = Array.from({ length: count }, () => framesOf(random, chunk));
    let number = 0;
    for (const part of said.flatMap((frames) => wireOf(random, frames))) {
      number++;
      const frames = mutated(random, part).map(withoutUndefined);
      const header = frames[0];
      if (header?.length === HEADER_SIZE && random.chance(0.95)) {
        new DataView(header.buffer).setUint32(2, number, true);
      }
      if (frames.length > 0) worker.send(frames);
      if (random.chance(0.3)) await new Promise((resolve) => setTimeout(resolve));
    }
    // It hears when the host has taken all of it, or is stopped before.
    worker.hello();
    await worker.hear("welcome");
  }

  async #work(worker: FakeWorker): Promise<void> {
    worker.hello();
    for (;;) {
      const heard = await worker.hear("assign", "leave");
      if (heard.type === "leave") return;
      const { chunks, list } = heard;
      const values = [...deserializeList(list)].map((x) => this.#f(x as number));
      let next = 0;
      for (const { chunk, count } of chunks) {
        const segments = [{ chunk, from: 0, count }];
        const list = serializeList(values.slice(next, next += count));
        worker.say({ type: "results", elapsed: 1, segments, list });
      }
    }
  }

  async close(): Promise<void> {
    for (const stop of this.#stops.values()) stop();
    await Promise.all(this.#playing);
  }

  join(): Promise<void> {
    return this.close();
  }

  killall(): Promise<void> {
    return this.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** The same without the byte that stands for `undefined`: nobody has that as a result. */
function withoutUndefined(frame: Uint8Array, index: number): Uint8Array {
  return index === 0 ? frame : frame.map((byte) => byte === 0x5f ? 0x30 : byte);
}
