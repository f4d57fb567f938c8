/**
 * Functions out of data, on the worker.
 *
 * @module
 */

import { constants, runInThisContext } from "node:vm";
import { GridEngineError } from "../errors.ts";
import { currentJob } from "../job_controller.ts";
import { encodeFailure } from "../protocol/failure.ts";
import { serializeFor } from "../protocol/values.ts";
import type {
  ClassPayload,
  CodePayload,
  FunctionPayload,
  JobOutcome,
  Place,
} from "./payload.ts";

type AnyFunction = (...args: unknown[]) => unknown;
type JobClass = { prototype: { run(controller: unknown): unknown } };

/**
 * The function to call with an item's argument.
 *
 * @throws {Error} When a module or its export is not there, or the source does not parse.
 */
export async function revive(code: CodePayload): Promise<(item: unknown) => unknown> {
  switch (code.kind) {
    case "call": {
      const f = await reviveFunction(code.function);
      return code.spread
        ? (args) => f(...args as unknown[])
        : (argument) => f(argument);
    }
    case "job": {
      const { prototype } = await reviveClass(code.class);
      return (fields) => runJob(prototype, fields as object, code.mutable);
    }
    default:
      return code satisfies never;
  }
}

/** Makes an instance out of its fields and runs it. */
async function runJob(
  prototype: JobClass["prototype"],
  fields: object,
  mutable: boolean,
): Promise<JobOutcome> {
  const job = Object.create(prototype, Object.getOwnPropertyDescriptors(fields));
  const outcome: JobOutcome = {};
  try {
    outcome.result = await job.run(currentJob());
    serializeFor(outcome.result, "result", "the host");
  } catch (error) {
    const signal = currentJob()?.signal;
    if (!mutable || signal?.aborted && error === signal.reason) throw error;
    outcome.thrown = encodeFailure(error);
    delete outcome.result;
  }
  if (mutable) {
    outcome.fields = { ...job };
    serializeFor(outcome.fields, "this", "the host");
  }
  return outcome;
}

async function reviveFunction(payload: FunctionPayload): Promise<AnyFunction> {
  switch (payload.kind) {
    case "source": {
      const { source, form, name, place } = payload;
      const text = form === "method" ? `({${source}})` : `(${source})`;
      const made = evaluate(text, place) as AnyFunction | Record<string, AnyFunction>;
      if (typeof made === "function") return made;
      return made[name] ?? Object.values(made)[0]!;
    }
    case "module":
      return await importExport(payload.module, payload.export) as AnyFunction;
    case "global": {
      let found: unknown = globalThis;
      let owner: unknown;
      for (const key of payload.path) {
        owner = found;
        found = (found as Record<string, unknown>)[key];
      }
      return (found as AnyFunction).bind(owner === globalThis ? undefined : owner);
    }
    case "partial": {
      const target = await reviveFunction(payload.target);
      return (...rest) => target(...payload.args, ...rest);
    }
    default:
      return payload satisfies never;
  }
}

async function reviveClass(payload: ClassPayload): Promise<JobClass> {
  if (payload.kind === "module") {
    return await importExport(payload.module, payload.export) as JobClass;
  }
  const base = payload.base === "Job" ? JobBase : await reviveClass(payload.base);
  const { source, place, baseName } = payload;
  const make = evaluate(`((${baseName}) => (${source}))`, place) as (
    base: unknown,
  ) => JobClass;
  return make(base);
}

/** What a class that travels by its source finds as `Job`: the fields do the rest. */
class JobBase {
  run(): never {
    throw new GridEngineError("A subclass of Job must override run(controller)");
  }
}

async function importExport(module: string, name: string): Promise<unknown> {
  const found = await import(module);
  if (name in found) return found[name];
  throw new GridEngineError(
    `The module ${module} has no export "${name}" on the worker`,
  );
}

/**
 * Evaluates source text as if it stood in its own file, at its own place: so that stack
 * traces name both, and `import("./other.ts")` finds its neighbours.
 */
function evaluate(source: string, place: Place | undefined): unknown {
  const strict = '"use strict";';
  if (!place || !URL.canParse(place.file)) return (0, eval)(strict + source);
  return runInThisContext(strict + source, {
    filename: place.file,
    lineOffset: place.line,
    columnOffset: place.column - strict.length,
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
}
