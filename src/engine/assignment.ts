/**
 * Sends items to workers: their values, and the code that they need. An item whose value
 * cannot travel fails.
 *
 * @module
 */

import { log } from "../common/log.ts";
import { shortened } from "../common/shorten.ts";
import { lossIn } from "../protocol/complaint.ts";
import { encodeFailure } from "../protocol/failure.ts";
import { Packed, type PackedValue, packIfCan } from "../protocol/instances.ts";
import { type List, serializeList, serializePacked } from "../protocol/lists.ts";
import type { AssignedChunk, Cut } from "../protocol/messages.ts";
import { sizeOf } from "../protocol/size.ts";
import { complaint } from "../protocol/values.ts";
import { notedPrivates } from "./additions.ts";
import { Copier } from "./copier.ts";
import type { EngineRun } from "./engine_run.ts";
import type { Dispatching } from "./dispatching.ts";
import type { Message } from "./outgoing.ts";
import type { Peer } from "./peer.ts";
import type { EngineState } from "./state.ts";

/** The core is told the size of arguments from this size on, in bytes. */
const HEAVY = 1024;

/** Sends items. */
export class Assignment {
  readonly #opened: Dispatching;
  readonly #state: EngineState;

  /**
   * @param opened Carries out what follows from it.
   * @param state The runs.
   */
  constructor(opened: Dispatching, state: EngineState) {
    this.#opened = opened;
    this.#state = state;
  }

  /** Sends a worker chunks of a run. */
  assign(worker: string, id: number, chunks: AssignedChunk[]): void {
    const run = this.#state.runs.get(id);
    const peer = this.#opened.conversations.peer(worker);
    if (!run || !peer) return;
    const { name, output, recorder, seed, settings } = run.request;
    const values = distinct(run.values(chunks));
    let list: Uint8Array[];
    const numbers = new Set<number>();
    const mayAdd = () => run.additions!.missingIn(values).length > 0;
    try {
      let loses = false;
      list = framesOf(run, values, numbers, () => loses = true);
      if (loses && mayAdd()) return void this.#add(worker, run, chunks, values);
      if (loses) warnOfLoss(run, chunks);
    } catch (error) {
      if (mayAdd()) return void this.#add(worker, run, chunks, values);
      this.#refuseItems(worker, run, chunks, error ?? "it cannot be read");
      return;
    }
    const bytes = sizeOf(list);
    recorder?.sent(bytes);
    const weight = bytes / values.length;
    if (weight > HEAVY) this.#opened.dispatch({ type: "weighed", run: id, weight });
    this.#sendCodes(peer, run, [run.codeNumber, ...run.additions!.codesFor(numbers)]);
    const { timeout, exclusive: announce } = settings;
    const code = run.codeNumber;
    peer.send({
      type: "assign",
      code,
      timeout,
      announce,
      logs: output.mode,
      seed,
      measure: recorder !== undefined,
      chunks,
      name,
      list,
    });
    if (!announce) return;
    run.at = { worker, chunk: chunks[0]!.chunk };
    this.#pass(run, run.sent);
  }

  /** Captures what chunks have of functions and classes that are new, and sends them. */
  async #add(
    worker: string,
    run: EngineRun,
    chunks: AssignedChunk[],
    values: List,
  ): Promise<void> {
    try {
      const { runs, codes } = this.#state;
      await run.additions!.add(
        values,
        (code) => runs.has(run.id) ? codes.use(code) : undefined,
      );
    } catch (error) {
      return this.#opened.breakRun(run, error);
    }
    // They may have been taken back meanwhile.
    const left = chunks.filter(({ chunk }) =>
      this.#opened.core.itemAt(worker, chunk, 0)
    );
    if (left.length > 0) this.assign(worker, run.id, left);
  }

  /** The values that are sent to the only item of a run go to its worker from now on. */
  sendOn(run: EngineRun): void {
    const { runs, codes } = this.#state;
    run.outgoing.goOut(
      run.additions!,
      (code) => runs.has(run.id) ? codes.use(code) : undefined,
      (message) => {
        run.sent.push(message);
        this.#pass(run, [message]);
      },
      (error) => this.#opened.breakRun(run, error),
    );
  }

  /** Sends values to the only item of a run, unless it waits for its next try. */
  #pass(run: EngineRun, messages: readonly Message[]): void {
    const { at } = run;
    if (!at || !this.#opened.core.itemAt(at.worker, at.chunk, 0)) return;
    const peer = this.#opened.conversations.peer(at.worker);
    if (!peer) return;
    for (const { value, codes } of messages) {
      this.#sendCodes(peer, run, codes);
      peer.send({ type: "message", chunk: at.chunk, value });
    }
  }

  /** Sends a worker those of these codes that it does not have. */
  #sendCodes(peer: Peer, { request }: EngineRun, codes: readonly number[]): void {
    for (const code of codes) {
      if (peer.codes.has(code)) continue;
      peer.codes.add(code);
      const value = this.#state.codes.value(code);
      request.recorder?.sent(value.byteLength);
      peer.send({ type: "code", code, value });
    }
  }

  /**
   * An argument cannot travel: its item fails, as if the worker had said so. If each can
   * travel by itself, the first item fails with what is wrong with all of them.
   */
  #refuseItems(
    worker: string,
    run: EngineRun,
    chunks: AssignedChunk[],
    error: unknown,
  ): void {
    const cuts: Cut[] = [];
    const found = chunks.map((assigned) => {
      const path = (i: number) =>
        run.request.settings.exclusive ? "args" : `args[${assigned.first + i}]`;
      return Array.from(run.values([assigned]))
        .map((value, i) => complaintAbout(run, value, path(i)));
    });
    if (found.flat().every((complaint) => complaint === undefined)) {
      found[0]![0] = error;
    }
    for (const [i, { chunk, count }] of chunks.entries()) {
      const complaints = found[i]!;
      const offset = complaints.findIndex((complaint) => complaint !== undefined);
      if (offset >= 0) {
        const reason = "unserializable";
        const value = encodeFailure(complaints[offset]);
        const event = { worker, chunk, offset, reason, exitStatus: 0 } as const;
        const failure = { reason, exitStatus: 0, value } as const;
        this.#opened.dispatch({ type: "failed", ...event }, { failure });
      }
      if (offset + 1 < count) cuts.push({ chunk, from: offset + 1 });
    }
    // This comes after the failures, which are the reason for it.
    if (cuts.length > 0) this.#opened.dispatch({ type: "returned", worker, cuts });
  }
}

/**
 * Arguments as frames.
 *
 * @param numbers Is given the numbers of classes and functions in them.
 * @param lossy Is called if an error in them arrives without its class, or an object
 * without a field.
 * @throws {Error} When something in them cannot travel, or is nested too deeply.
 */
/**
 * The values, of which none is the same object as another: what a function does to its item
 * must not be seen by the next one. What cannot be copied is refused later.
 */
function distinct(values: List): List {
  if (!Array.isArray(values)) return values;
  let [copies, copier]: [unknown[]?, Copier?] = [];
  const seen = new Set<unknown>();
  for (let i = 0; i < values.length; i++) {
    const value: unknown = values[i];
    if (typeof value !== "object" || value === null) continue;
    if (!seen.has(value)) {
      seen.add(value);
      continue;
    }
    copies ??= [...values];
    copier ??= new Copier(() => {});
    try {
      copies[i] = copier.copy(value, "item", "a worker");
    } catch {
      // It is told when the value is sent.
    }
  }
  return copies ?? values;
}

function framesOf(
  run: EngineRun,
  values: List,
  numbers: Set<number>,
  lossy?: () => void,
): Uint8Array[] {
  let loses = false;
  let frames: Uint8Array[] | undefined;
  let packed: PackedValue | undefined;
  const noted = (number: number | undefined) => {
    if (number !== undefined) numbers.add(number);
    return number;
  };
  const how = {
    numberOf: (prototype: object) => noted(run.numberOf(prototype)),
    numberOfFunction: (f: object) => noted(run.additions!.numberOfFunction(f)),
    privatesOf: notedPrivates(run.additions!, noted),
  };
  try {
    frames = serializeList(values, () => loses = true);
    if (!loses) return frames;
  } catch (error) {
    // Of some, such as a `URL`, it would leave nothing.
    packed = packIfCan(values, how);
    if (!packed?.bytes) throw error;
  }
  packed ??= packIfCan(values, how);
  if (packed?.loses) lossy?.();
  if (packed && !packed.bytes) return frames!;
  // Of an object with `#private` fields there is no copy.
  const shares = packed?.hasPrivates && new Set(values).size < values.length;
  if (packed?.bytes && !packed.mayFail && !shares) return [packed.bytes];
  // One by one: of those that a class makes again, only the item fails that it does not
  // make; what cannot be packed takes no class from the others; and no item is another one.
  return serializePacked(Array.from(values, (value) => {
    const one = packIfCan(value, how);
    if (!one) lossy?.();
    return one?.bytes ? new Packed(one.bytes) : value;
  }));
}

/** Logs, once for each run, that an object among its items loses its class. */
function warnOfLoss(run: EngineRun, chunks: AssignedChunk[]): void {
  if (run.warned) return;
  run.warned = true;
  const { name, settings: { exclusive } } = run.request;
  const values = chunks.flatMap((assigned) =>
    Array.from(run.values([assigned]), (child, i) => {
      return {
        child,
        step: () => exclusive ? "args" : `args[${assigned.first + i}]`,
      };
    })
  );
  const what = `${exclusive ? "job" : "map"} "${shortened(name)}"`;
  const instead = exclusive
    ? "so let the function capture it"
    : "so map over a key of it";
  log(
    "info",
    `in ${what} ${
      lossIn(values, (prototype) => run.numberOf(prototype) !== undefined)
    }: an object in a variable keeps its class, ${instead}`,
  );
}

/** Why an argument cannot travel, if it cannot. */
function complaintAbout(run: EngineRun, value: unknown, path: string): unknown {
  try {
    framesOf(run, [value], new Set());
    return undefined;
  } catch (error) {
    const whyNot = (prototype: object) => run.additions!.refused.get(prototype);
    return complaint(value, path, "a worker", error, whyNot);
  }
}
