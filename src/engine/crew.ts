/**
 * The workers of one dispatcher: requests them from the scheduler, talks to them over the
 * transport, and ends them.
 *
 * @module
 */

import { cleanUp, cleanUpNow } from "../common/cleanup.ts";
import { SchedulerError, type WorkerLoss } from "../errors.ts";
import { ProcessScheduler } from "../scheduler/process.ts";
import type { Scheduler, WorkerListener } from "../scheduler/scheduler.ts";
import { refineLoss } from "../scheduler/loss.ts";
import { log } from "../common/log.ts";
import { settings } from "../settings.ts";
import { endingSession, SHELL, startingWorkers } from "../zeromq/signals.ts";
import { messageOf } from "../common/fault.ts";
import { type ConversationListener, Conversations } from "./conversations.ts";
import { Identities } from "./identities.ts";
import { checkRoom } from "./open_files.ts";
import { Transport } from "./transport.ts";
import { locateLibzmq } from "../zeromq/locate.ts";
import { workerFlags } from "./worker_flags.ts";

/** The loss of a worker if its scheduler does not say why. */
const UNEXPLAINED: WorkerLoss = {
  cause: "unknown",
  detail: "its scheduler says that it has ended, but not how",
};
/** How long workers may take to leave when they are told so, in milliseconds. */
const LEAVE_TIMEOUT = 2000;
/** How long to wait until all workers have ended, in milliseconds. */
const END_TIMEOUT = 5000;
/** How long the last messages of a worker may be on their way, in milliseconds. */
const LAST_WORDS = 100;

/** How long workers of this machine wait for a host, in milliseconds. */
const RECONNECT_GRACE = 1500;
/** A process takes two pipes, and a file by which its end is seen. */
const FILES_PER_WORKER = 3;

/** Is told what happens to workers. */
export interface CrewListener extends ConversationListener {
  /** The scheduler started a worker. */
  started(worker: string): void;
  /** Why a worker is not in the queue yet; `undefined`: it is now. */
  delayed(worker: string, why: string | undefined): void;
  /** A worker has ended, or will never come. */
  ended(worker: string, loss: WorkerLoss): void;
}

/** The workers of one dispatcher. */
export class Crew {
  /** The conversations with them. */
  readonly conversations: Conversations;
  readonly #name: string;
  readonly #scheduler: Scheduler;
  readonly #transport: Transport;
  readonly #flags: string[];
  readonly #listener: CrewListener;
  readonly #identities = new Identities();
  /** The machines where the scheduler says that it has started them. */
  readonly #hosts = new Map<string, string>();
  /** Requested, and not ended as far as the scheduler has said. */
  readonly #alive = new Map<string, PromiseWithResolvers<void>>();
  /** While what ended workers have left behind is being ended. */
  readonly #ending = new Set<Promise<void>>();
  #closing = false;
  /** Why the scheduler could start nothing when it was last asked. */
  refusal: SchedulerError | undefined;

  private constructor(
    name: string,
    scheduler: Scheduler,
    transport: Transport,
    flags: string[],
    listener: CrewListener,
  ) {
    this.#name = name;
    this.#scheduler = scheduler;
    this.#transport = transport;
    this.#flags = flags;
    this.#listener = listener;
    this.conversations = new Conversations(transport, this.#identities, this.remote, {
      disconnected: (worker) => {
        this.#left(worker);
        listener.disconnected(worker);
      },
      said: (worker, message) => listener.said(worker, message),
      moved: (worker) => listener.moved(worker),
      violated: (worker, detail) => listener.violated(worker, detail),
    });
  }

  /**
   * Opens the transport, and listens for workers.
   *
   * @throws {ZeromqError} When it cannot listen.
   * @throws {SchedulerError} When the run's files cannot be written.
   */
  static async open(
    name: string,
    scheduler: Scheduler,
    listener: CrewListener,
  ): Promise<Crew> {
    const { transport: kind, permissions = "inherit", memory } = scheduler;
    const [flags, libzmq] = await Promise.all([
      workerFlags(memory),
      locateLibzmq(settings.libzmq),
    ]);
    const transport = await Transport.open({
      kind,
      libzmq,
      permissions,
      flags,
      workers: scheduler.workers,
      filesPerWorker: filesPerWorkerOf(scheduler),
      memory,
      runDirectory: scheduler.runDirectory,
      interface: scheduler.interface,
      ports: scheduler.ports,
      reconnectGrace: reconnectGraceOf(scheduler),
    });
    log("debug", `"${name}" listens at ${transport.address}`);
    return new Crew(name, scheduler, transport, flags, listener);
  }

  /** Where it listens. */
  get address(): string {
    return this.#transport.address;
  }

  /** Whether the workers may be on other machines. */
  get remote(): boolean {
    return this.#scheduler.transport === "network";
  }

  /** How many connections were refused because they did not have the run's key. */
  get refused(): number {
    return this.#transport.refused;
  }

  /** Whether waiting for workers keeps the program alive. */
  set refed(alive: boolean) {
    this.#transport.refed = alive;
  }

  /** Requests workers with these names from the scheduler. */
  request(workers: string[]): void {
    const identities = workers.map((worker) => this.#identities.of(worker));
    for (const worker of workers) this.#alive.set(worker, Promise.withResolvers());
    const scheduler = this.#scheduler;
    log(
      "debug",
      `"${this.#name}" asks ${scheduler.name} for ${workers.length} workers`,
    );
    const spec = {
      name: this.#name,
      module: new URL("../../worker.ts", import.meta.url).href,
      flags: this.#flags,
      runFile: this.#transport.runFile,
    };
    this.refusal = undefined;
    try {
      const listener: WorkerListener = {
        started: (identity, host) => {
          const worker = this.#identities.worker(identity)!;
          if (host !== undefined) this.#hosts.set(worker, host);
          this.#listener.started(worker);
        },
        delayed: (identity, why) =>
          this.#listener.delayed(this.#identities.worker(identity)!, why),
        ended: (identity, loss) =>
          this.#endAfterLastWords(this.#identities.worker(identity)!, loss),
      };
      checkRoom(this.#transport.zmq, {
        filesPerWorker: filesPerWorkerOf(scheduler),
        starting: workers.length,
        expected: this.#alive.size - workers.length - this.conversations.peers.size,
      });
      const direct = scheduler instanceof ProcessScheduler;
      startingWorkers(this.#transport.zmq, direct, () => {
        scheduler.start(spec, identities, listener);
      });
    } catch (error) {
      if (error instanceof SchedulerError) this.refusal = error;
      const detail = `${scheduler.name} cannot start it: ${messageOf(error)}`;
      for (const worker of workers) {
        this.#ended(worker, { cause: "never started", detail });
      }
    }
  }

  /** Has the scheduler end a worker. */
  stop(worker: string): void {
    cleanUpNow(`${this.#scheduler.name} cannot stop worker ${worker}`, () => {
      this.#scheduler.stop(this.#identities.of(worker));
    });
  }

  /**
   * A worker is no longer ours: its scheduler says that it has ended, or it was given up.
   * If it is still alive, its items now run elsewhere, so it is told to end.
   */
  dismiss(worker: string): void {
    // When we close, all of them are told to leave.
    this.conversations.end(worker, !this.#closing);
  }

  /** A loss, together with what else is known of its worker. */
  known(loss: WorkerLoss): WorkerLoss {
    const { worker = "" } = loss;
    const said = this.conversations.info(worker);
    const { host = this.#hosts.get(worker), pid } = said ?? {};
    return {
      ...(host !== undefined && { host }),
      ...(pid !== undefined && { pid }),
      ...loss,
    };
  }

  /**
   * Waits until the workers have left, ends those that do not leave, and closes the socket.
   * It does not wait for ever for a process that the kernel cannot end, nor for a scheduler
   * that says nothing.
   */
  async close(): Promise<void> {
    // The program may end while it waits for messages, but not while it closes.
    this.#transport.refed = true;
    this.#closing = true;
    for (const worker of this.#alive.keys()) {
      if (this.conversations.peers.has(worker)) continue;
      this.stop(worker);
      this.#left(worker);
    }
    const alive = [...this.#alive.values()].map(({ promise }) => promise);
    const gone = Promise.all([...alive, ...this.#ending]);
    const timer = setTimeout(() => {
      for (const worker of this.#alive.keys()) {
        this.stop(worker);
        this.#left(worker);
      }
    }, LEAVE_TIMEOUT);
    await cleanUp(
      "not all workers have ended",
      async () => void await gone,
      END_TIMEOUT,
    );
    clearTimeout(timer);
    await this.#transport.close();
    await this.conversations.ended;
  }

  /** A worker has left, or will. Some schedulers say so late, so that is not awaited. */
  #left(worker: string): void {
    if (this.#closing && this.#scheduler.tellsLate) this.#alive.get(worker)?.resolve();
  }

  /** While we close, waits for the last messages of a worker: nothing else does. */
  #endAfterLastWords(worker: string, loss: WorkerLoss): void {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const end = () => {
      clearTimeout(timer);
      this.#ended(worker, loss);
    };
    const mayTalk = this.#closing && this.#alive.has(worker) &&
      this.conversations.onceDisconnected(worker, end);
    if (mayTalk) timer = setTimeout(end, LAST_WORDS);
    else end();
  }

  #ended(worker: string, loss: WorkerLoss): void {
    const alive = this.#alive.get(worker);
    if (!alive) return;
    this.#alive.delete(worker);
    this.#listener.ended(worker, refineLoss({ ...UNEXPLAINED, ...loss, worker }));
    cleanUpNow(`Worker ${worker} cannot be told to end`, () => this.dismiss(worker));
    const ending = this.#endSession(worker, loss).then(() => {
      this.#ending.delete(ending);
      alive.resolve();
    });
    this.#ending.add(ending);
  }

  /**
   * Ends what a worker of this machine had started, if the worker could not do that itself,
   * because it was killed. A worker that never said hello has started nothing.
   */
  async #endSession(worker: string, { pid, exitStatus }: WorkerLoss): Promise<void> {
    const isOurs = this.#scheduler instanceof ProcessScheduler;
    if (!isOurs || pid === undefined || !this.conversations.info(worker)) return;
    if (exitStatus === 0 && Deno.build.os === "linux") return;
    const run = { name: "run", command: SHELL } as const;
    if (Deno.permissions.querySync(run).state !== "granted") return;
    const args = endingSession(pid);
    const options = { args, stdin: "null", stdout: "null", stderr: "null" } as const;
    await cleanUp(`what worker ${worker} has started may go on`, async () => {
      await new Deno.Command(SHELL, options).output();
    });
  }
}

/** How long workers of a scheduler wait for a host that they have lost, in milliseconds. */
export function reconnectGraceOf(
  { reconnectGrace = RECONNECT_GRACE }: Scheduler,
): number {
  return settings.reconnectGrace ?? reconnectGrace;
}

function filesPerWorkerOf({ filesPerWorker = FILES_PER_WORKER }: Scheduler): number {
  return filesPerWorker;
}
