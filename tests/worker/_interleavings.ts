/**
 * Every order in which the atomic steps of two programs can come, as those of the event
 * loop and of the thread that share memory.
 *
 * @module
 */

type Step = (...args: unknown[]) => unknown;

/** A program, which begins anew each time: its atomic steps must be all that it shares. */
export type Program<Result> = (memory: SharedArrayBuffer) => Result;

/** What is thrown by a program that waits for a step of the other one. */
export const BLOCKED = Symbol("blocked");
const SUSPENDED = Symbol("suspended");

const STEPS = [
  "add",
  "and",
  "compareExchange",
  "exchange",
  "load",
  "or",
  "store",
] as const;

/** Takes each atomic step of the modules that {@linkcode withSteps} has loaded. */
let take: (step: Step, args: unknown[]) => unknown = (step, args) => step(...args);

/**
 * Loads a module whose atomic steps can be stopped at.
 *
 * @param load Imports a copy of it that nobody else has.
 */
export async function withSteps<Module>(load: () => Promise<Module>): Promise<Module> {
  const real = Object.fromEntries(STEPS.map((name) => [name, Atomics[name] as Step]));
  const stopping = Object.entries(real).map(([name, step]) => {
    const bound = step.bind(Atomics);
    return [name, (...args: unknown[]) => take(bound, args)];
  });
  Object.assign(Atomics, Object.fromEntries(stopping));
  try {
    // The module takes those for its own.
    return await load();
  } finally {
    Object.assign(Atomics, real);
  }
}

/** How far a program has come. */
interface Progress<Result> {
  /** What its steps have given. */
  given: unknown[];
  result?: Result;
}

/**
 * Goes through all orders of the steps of two programs.
 *
 * @param size How much memory they share, in bytes.
 * @param prepare Fills the memory.
 * @param one The one program.
 * @param other The other.
 * @param check Is told what they have come to, in each order; it may change the memory.
 * @returns To how many different ends they lead.
 */
export function interleave<One, Other>(
  size: number,
  prepare: (memory: SharedArrayBuffer) => void,
  one: Program<One>,
  other: Program<Other>,
  check: (one: One, other: Other) => void,
): number {
  let ends = 0;
  /** Orders that have led to the same go on in the same way. */
  const seen = new Set<string>();
  const memory = new SharedArrayBuffer(size);
  const bytes = new Uint8Array(memory);
  prepare(memory);
  const goOn = (first: Progress<One>, second: Progress<Other>): void => {
    const state = JSON.stringify([[...bytes], first.given, second.given]);
    if (seen.has(state)) return;
    seen.add(state);
    if ("result" in first && "result" in second) {
      ends++;
      check(first.result!, second.result!);
      return;
    }
    const before = bytes.slice();
    const nextFirst = step(one, first, memory);
    if (nextFirst) goOn(nextFirst, second);
    bytes.set(before);
    const nextSecond = step(other, second, memory);
    if (nextSecond) goOn(first, nextSecond);
    bytes.set(before);
    if (!nextFirst && !nextSecond) throw new Error("Both wait for each other");
  };
  goOn({ given: [] }, { given: [] });
  return ends;
}

/** Takes one step more of a program, if it can go on. */
function step<Result>(
  program: Program<Result>,
  before: Progress<Result>,
  memory: SharedArrayBuffer,
): Progress<Result> | undefined {
  if ("result" in before) return undefined;
  const given = [...before.given];
  let at = 0;
  take = (real, args) => {
    if (at < before.given.length) return given[at++];
    if (at++ > before.given.length) throw SUSPENDED;
    given.push(real(...args));
    return given.at(-1);
  };
  try {
    return { given, result: program(memory) };
  } catch (error) {
    if (error === SUSPENDED) return { given };
    if (error === BLOCKED) return undefined;
    throw error;
  } finally {
    take = (real, args) => real(...args);
  }
}
