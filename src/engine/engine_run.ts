/**
 * A run under way, as the engine holds it. What the core decides by is in `core/run.ts`.
 *
 * @module
 */

import type { Code } from "../closure/capture/capture.ts";
import type { List } from "../protocol/lists.ts";
import type { AssignedChunk } from "../protocol/messages.ts";
import { Additions } from "./additions.ts";
import { type Message, Outgoing } from "./outgoing.ts";
import type { RunRequest } from "./run_request.ts";

/** A run of the engine. */
export class EngineRun {
  /** Its number. */
  readonly id: number;
  /** What is run, and who is told of it. */
  readonly request: RunRequest;
  /** The number of its code; 0 until the code is there. */
  codeNumber = 0;
  /** What its workers can be sent by number, once its code is there. */
  additions: Additions | undefined;
  /** How many items the core asked for and the source has not given. */
  wanted = 0;
  /** Whether it is known how long its first items took. */
  measured = false;
  /** Whether the user was told that an item loses its class. */
  warned = false;
  /** Whether its source is being read. */
  reading = false;
  /** Whether somebody waits for its results. */
  awaited = true;
  /** Where the only item of an exclusive run was sent last. */
  at: { worker: string; chunk: number } | undefined;
  /** Takes the values that are sent to it. */
  readonly outgoing: Outgoing;
  /** Those that are ready for a worker: each try gets all of them. */
  readonly sent: Message[] = [];

  /**
   * @param id Its number.
   * @param request What to run.
   */
  constructor(id: number, request: RunRequest) {
    this.id = id;
    this.request = request;
    this.outgoing = new Outgoing(request.name);
  }

  /**
   * Whether the program must not end before it. If nobody waits for results, the program
   * need not wait for the source either: a source keeps it alive itself, if it should.
   */
  get keepsAlive(): boolean {
    return !this.request.daemon && (this.awaited || this.request.items.unsettled > 0);
  }

  /** Takes its code, which has this number. */
  takeCode(code: Code, number: number): void {
    this.additions = new Additions(code, number);
    this.codeNumber = number;
  }

  /** The numbers of all its codes. */
  get codes(): number[] {
    return this.codeNumber > 0 ? [this.codeNumber, ...this.additions!.codes] : [];
  }

  /** The prototype of the class with this number, if its workers were sent it. */
  prototypeOf(number: number): object | undefined {
    return this.additions?.classes.get(number);
  }

  /** The number of the class with this prototype, if its workers have it. */
  numberOf(prototype: object): number | undefined {
    return this.additions?.numberOf(prototype);
  }

  /** The arguments of chunks, one after the other. */
  values(chunks: AssignedChunk[]): List {
    const ranges: { first: number; count: number }[] = [];
    for (const { first, count } of chunks) {
      const last = ranges.at(-1);
      if (last && last.first + last.count === first) last.count += count;
      else ranges.push({ first, count });
    }
    const { items } = this.request;
    const lists = ranges.map(({ first, count }) => items.values(first, count));
    return lists.length === 1 ? lists[0]! : joined(lists);
  }
}

function joined(lists: List[]): List {
  if (lists.every(Array.isArray)) return lists.flat();
  const joined = new Float64Array(lists.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const list of lists) {
    joined.set(list as Float64Array, at);
    at += list.length;
  }
  return joined;
}
