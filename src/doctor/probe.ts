/**
 * The probe: a real map of one call on the cluster, whose worker reports on its node.
 *
 * @module
 */

import { dirname, join } from "node:path";
import { JobDispatcher } from "../dispatcher.ts";
import type { WorkerLoss } from "../errors.ts";
import { GridEngineScheduler } from "../scheduler/grid_engine/scheduler.ts";
import { refineLoss } from "../scheduler/loss.ts";
import type { WorkerListener, WorkerSpec } from "../scheduler/scheduler.ts";
import { NODE_REPORT, type NodeReport } from "./node_report.ts";
import type { DoctorOptions } from "./options.ts";

/** The outcome of the probe. Times are in milliseconds. */
export interface Outcome {
  /** The name of its job. */
  name: string;
  /** The directory of the run, which nodes must see. */
  directory: string;
  /** When its job was submitted, by the clock of this machine. */
  submitted: number;
  /** Whether a node has started the job. */
  started: boolean;
  /** Why the job is delayed, as long as it is. */
  delay: string | undefined;
  /** How the worker was lost. An outcome has a loss or a call, or is late. */
  loss: WorkerLoss | undefined;
  /** The report of the node. */
  report: NodeReport | undefined;
  /** The call, if it returned. */
  call: Call | undefined;
  /** Whether the call or the start took too long. */
  late: boolean;
}

/** A call that returned. Times are in milliseconds. */
export interface Call {
  /** The time from the submission to the result. */
  took: number;
  /** How far the node's clock is ahead. */
  ahead: number;
  /** The uncertainty of `ahead`. */
  within: number;
}

/**
 * Submits the probe and waits for its outcome.
 *
 * @param signal Ends the probe.
 * @throws The error that prevented the call, if no worker was lost.
 */
export async function probe(
  options: DoctorOptions,
  signal: AbortSignal,
): Promise<Outcome> {
  const patience = new Patience(options.timeout);
  const scheduler = new ProbeScheduler(options, () => patience.renew());
  const dispatcher = new JobDispatcher({ scheduler });
  const either = AbortSignal.any([signal, patience.signal]);
  try {
    const call = await callOn(dispatcher, either).catch((reason) => {
      if (scheduler.loss === undefined && !either.aborted) throw reason;
      return undefined;
    });
    const { jobName: name, directory, submitted, started, delay, loss } = scheduler;
    const report = await read(directory);
    const late = patience.signal.aborted;
    return { name, directory, submitted, started, delay, loss, report, call, late };
  } finally {
    patience.end();
    await dispatcher.close();
    await scheduler.close();
  }
}

/** Makes two calls: the first is the probe; the second, on a warm worker, reads the clock. */
async function callOn(dispatcher: JobDispatcher, signal: AbortSignal): Promise<Call> {
  const options = { signal, retries: 0 };
  const submitted = performance.now();
  await dispatcher.map(Date.now, [0], options);
  const took = performance.now() - submitted;
  const before = Date.now();
  const [there] = await dispatcher.map(Date.now, [0], options);
  const after = Date.now();
  return {
    took,
    ahead: there! - (before + after) / 2,
    within: (after - before) / 2,
  };
}

async function read(directory: string): Promise<NodeReport | undefined> {
  try {
    return JSON.parse(await Deno.readTextFile(join(directory, NODE_REPORT)));
  } catch {
    return undefined;
  }
}

/** A time limit that can be restarted. */
class Patience {
  readonly #controller = new AbortController();
  readonly #timeout: number;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(timeout: number) {
    this.#timeout = timeout;
    this.renew();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  renew(): void {
    this.end();
    this.#timer = setTimeout(() => this.#controller.abort(), this.#timeout);
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}

/** Submits one job, whose worker examines its node before it works. */
class ProbeScheduler extends GridEngineScheduler {
  readonly jobName: string;
  directory = "";
  submitted = 0;
  started = false;
  delay: string | undefined;
  loss: WorkerLoss | undefined;
  readonly #onStart: () => void;

  constructor(
    { queue, nativeSpecification, denoPath }: DoctorOptions,
    onStart: () => void,
  ) {
    // A unique name: job numbers are reused, and accounting is kept for years.
    const name = `doctor-${crypto.randomUUID().slice(0, 8)}`;
    super({
      workers: 1,
      name,
      ...(queue !== undefined && { queue }),
      ...(nativeSpecification !== undefined && { nativeSpecification }),
      ...(denoPath !== undefined && { denoPath }),
    });
    this.jobName = name;
    this.#onStart = onStart;
  }

  override start(spec: WorkerSpec, workers: string[], listener: WorkerListener): void {
    if (this.submitted > 0) throw new Error("The probe is tried once");
    this.directory = dirname(spec.runFile);
    this.submitted = Date.now();
    const module = new URL("./node_program.ts", import.meta.url).href;
    super.start({ ...spec, module }, workers, {
      started: (worker, host) => {
        this.started = true;
        this.#onStart();
        listener.started(worker, host);
      },
      delayed: (worker, why) => {
        this.delay = why;
        listener.delayed?.(worker, why);
      },
      ended: (worker, loss) => {
        this.loss ??= refineLoss(loss);
        listener.ended(worker, loss);
      },
    });
  }
}
