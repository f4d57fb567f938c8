/**
 * Tables of functions that must do on a worker what they do here.
 *
 * @module
 */

import { assertEquals } from "../fixtures/assert.ts";
import { type JobDispatcher, ProcessScheduler, settings } from "../../mod.ts";
import { group, type Member } from "../fixtures/tools.ts";

/** A function of one argument, whatever that is. */
export type Unary = (x: never) => unknown;

/**
 * A name; what makes the function, once for each side, so that both begin with the same
 * state; and what to call it with, one after the other.
 */
export type Case = [name: string, make: () => Unary, ...inputs: unknown[]];

/** What a call came to: a value as structured clone keeps it, or what was thrown. */
type Outcome = { value: unknown } | { thrown: unknown };

/** One worker, so that a function that keeps a state is called as often as here. */
export const oneProcess = (): ProcessScheduler => new ProcessScheduler({ workers: 1 });

/** Tests that share one warm worker. */
export function onWorker(name: string, define: (test: Member) => void): void {
  group(name, define, oneProcess);
}

/** Functions that return the same here and on a worker. */
export function same(name: string, cases: Case[]): void {
  onWorker(name, (test) => {
    for (const one of cases) test(one[0], (d) => compare(d, one, "value"));
  });
}

/** Functions that throw the same here and on a worker. */
export function throwing(name: string, cases: Case[]): void {
  onWorker(name, (test) => {
    for (const one of cases) test(one[0], (d) => compare(d, one, "thrown"));
  });
}

/** Compares what a function does here with what it does on a worker. */
export async function compare(
  dispatcher: JobDispatcher,
  [, make, ...given]: Case,
  kind: "value" | "thrown",
): Promise<void> {
  const inputs = given.length > 0 ? given : [1, 2];
  const here = make() as (x: unknown) => unknown;
  const expected: Outcome[] = [];
  for (const input of inputs) {
    // What a function does to its argument, it does on a worker to its own copy.
    expected.push(await outcomeOf(() => here(structuredClone(input))));
  }
  assertEquals(expected.map((outcome) => kind in outcome), inputs.map(() => true));
  const there = make() as (x: unknown) => unknown;
  const results = await dispatcher.map(there, inputs, {
    chunkSize: inputs.length,
    reraise: false,
    ...(kind === "thrown" && { name: "thrower" }),
  });
  const found = results.map((result) =>
    kind === "thrown"
      ? { thrown: described(result) }
      : { value: structuredClone(result) }
  );
  assertEquals(found, expected);
}

async function outcomeOf(call: () => unknown): Promise<Outcome> {
  try {
    return { value: structuredClone(await call()) };
  } catch (error) {
    return { thrown: described(error) };
  }
}

function described(thrown: unknown): unknown {
  return thrown instanceof Error
    ? { type: thrown.constructor.name, name: thrown.name, message: thrown.message }
    : thrown;
}

/** What becomes of modules while they travel by their source. */
export async function byValue<T>(
  modules: string[],
  work: () => Promise<T>,
): Promise<T> {
  const { valueModules } = settings;
  settings.valueModules = modules.map((module) =>
    new URL(module, import.meta.url).href
  );
  try {
    return await work();
  } finally {
    settings.valueModules = valueModules;
  }
}
