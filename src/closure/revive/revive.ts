/**
 * Turns the code that a worker was sent into a function of an item. That function calls the
 * user's function, or runs the user's job.
 *
 * @module
 */

import { currentJob } from "../../job_controller.ts";
import { encodeFailure } from "../../protocol/failure.ts";
import type { Child } from "../../protocol/steps.ts";
import { serializeFor } from "../../protocol/instances.ts";
import { deserialize } from "../../protocol/values.ts";
import { callOf } from "../call.ts";
import type { CodePayload, Graph, JobOutcome } from "../payload.ts";
import {
  type AnyFunction,
  loadModules,
  reviveJob,
  reviveMore,
  reviveSlot,
} from "./live_graph.ts";

import type { SentClasses } from "./sent_classes.ts";

export { SentClasses } from "./sent_classes.ts";

/**
 * The function to call with an item's argument.
 *
 * @param bytes A {@linkcode CodePayload}, serialized.
 * @param classes Is told the classes in it.
 * @param loaded Called when the imports are loaded.
 * @param lossy Called with the place of an object in a job's result that loses its class.
 * @throws {Error} If a module or its export does not exist, or a source text fails.
 */
export async function revive(
  bytes: Uint8Array,
  classes: SentClasses,
  loaded: () => void,
  lossy: (values: () => Child[]) => void,
): Promise<(item: unknown) => unknown> {
  const code = deserialize(bytes) as CodePayload;
  await loadModules(code);
  loaded();
  switch (code.kind) {
    case "call": {
      const f = await reviveSlot(
        code,
        code.function,
        classes,
      ) as AnyFunction;
      return callOf(f, code.spread);
    }
    case "job":
      // Each attempt has its own object.
      return () => runJob(bytes, classes, lossy);
    default:
      return code satisfies never;
  }
}

/** Makes a code live that adds to another one. */
export async function reviveAddition(
  bytes: Uint8Array,
  classes: SentClasses,
  known: (number: number) => unknown,
  loaded: () => void,
): Promise<void> {
  const graph = deserialize(bytes) as Graph;
  await loadModules(graph);
  loaded();
  await reviveMore(graph, classes, known);
}

interface Runnable {
  run(controller: unknown): unknown;
}

/** Runs an instance of a subclass of `Job`. */
async function runJob(
  bytes: Uint8Array,
  classes: SentClasses,
  lossy: (values: () => Child[]) => void,
): Promise<JobOutcome> {
  const code = deserialize(bytes) as CodePayload & { kind: "job" };
  const { mutable } = code;
  const job = await reviveJob(code, code, classes) as Runnable;
  const before: Record<string, unknown> = { ...job };
  const outcome: JobOutcome = {};
  const numberOf = (prototype: object) => classes.numberOf(prototype);
  const check = (child: unknown, path: string) => {
    const tell = () => lossy(() => [{ child, step: () => path }]);
    serializeFor(child, path, "the host", { numberOf, lossy: tell });
  };
  try {
    outcome.result = await job.run(currentJob());
    check(outcome.result, "result");
  } catch (error) {
    const signal = currentJob()?.signal;
    if (!mutable || signal?.aborted && error === signal.reason) throw error;
    outcome.thrown = encodeFailure(error, numberOf, (lost) => lossy(() => [lost]));
    delete outcome.result;
  }
  if (mutable) {
    // A function cannot be sent back, and need not be if it was not replaced.
    const fields = Object.entries(job).filter(([key, value]) =>
      typeof value !== "function" || value !== before[key]
    );
    outcome.fields = Object.fromEntries(fields);
    check(outcome.fields, "this");
  }
  return outcome;
}
