/**
 * The workers of one dispatcher: asked for at the scheduler, talked to over the
 * transport.
 *
 * @module
 */

import { cleanUp, cleanUpNow } from "../common/cleanup.ts";
import { SchedulerError, type WorkerLoss } from "../errors.ts";
import { decodeWorkerMessage, encode } from "../protocol/codec.ts";
import type { Arrival } from "../protocol/link.ts";
import type { Hello, WorkerMessage } from "../protocol/messages.ts";
import { ProcessScheduler } from "../scheduler/process.ts";
import type { Scheduler, WorkerListener } from "../scheduler/scheduler.ts";
import { refineLoss } from "../scheduler/loss.ts";
import { log } from "../common/log.ts";
import { settings } from "../settings.ts";
import { endingSession, SHELL, startingWorkers } from "../zeromq/signals.ts";
import type { Frames } from "../zeromq/socket.ts";
import { messageOf, report } from "../common/fault.ts";
import { checkRoom } from "./open_files.ts";
import { Peer } from "./peer.ts";
import { LOST, Transport } from "./transport.ts";
import { locateLibzmq } from "../zeromq/locate.ts";
import { configFlags } from "./user_config.ts";

/** What a worker is told that was ours. */
const GIVEN_UP = "this run has given it up";
/** The loss of a worker of which its scheduler says nothing. */
const UNEXPLAINED: WorkerLoss = {
  cause: "unknown",
  detail: "its scheduler says that it has ended, and not how",
};
/** How long workers may take to leave when they are told to, in milliseconds. */
const LEAVE_TIMEOUT = 2000;
/** How long until nobody waits for those any more that are ended then, in milliseconds. */
const END_TIMEOUT = 5000;
/** How long what a worker said before it left may be on its way, in milliseconds. */
const LAST_WORDS = 100;

/** `deno run` with these flags: the thread inside may do less, see `permissions`. */
const FLAGS = ["--allow-all", "--no-prompt", "--quiet", "--unstable-worker-options"];

/** How long workers of this machine wait for a host, in milliseconds. */
const RECONNECT_GRACE = 1500;
/** A process takes two pipes, and a file by which its end is seen. */
const FILES_PER_WORKER = 3;
/** Which part of its memory a worker may use for objects. */
const HEAP_SHARE = 0.9;
/** Megabytes for new objects to begin with. */
const NEW_SPACE = 4;

/** A worker's process. */
export interface WorkerInfo {
  /** Its name within the dispatcher. */
  id: string;
  /** Its process id. */
  pid: number;
  /** Its machine. */
  host: string;
}

/** What is told of the workers. */
export interface CrewListener {
  /** The scheduler started one. */
  started(worker: string): void;
  /** One is not in the queue yet, and why; or it is now. */
  delayed(worker: string, why: string | undefined): void;
  /** One ended, or will never come. */
  ended(worker: string, loss: WorkerLoss): void;
  /** The connection to one is gone. */
  disconnected(worker: string): void;
  /** One said something. */
  said(worker: string, message: WorkerMessage): void;
  /** A part of something large has come from one, or was taken by it. */
  moved(worker: string): void;
  /** One broke the protocol. */
  violated(worker: string, detail: string): void;
}

/** The workers, by their names. */
export class Crew {
  readonly #name: string;
  readonly #scheduler: Scheduler;
  readonly #transport: Transport;
  readonly #flags: string[];
  readonly #listener: CrewListener;
  readonly #receiving: Promise<void>;
  /** Names are unique within the dispatcher; identities are this, a dash and the name. */
  readonly #prefix = crypto.randomUUID().slice(0, 8);
  readonly #peers = new Map<string, Peer>();
  readonly #hellos = new Map<string, Hello>();
  /** Where they were started, by the scheduler's word. */
  readonly #hosts = new Map<string, string>();
  /** Asked for and not yet ended, by the scheduler's word. */
  readonly #alive = new Map<string, PromiseWithResolvers<void>>();
  /** With a connection; and what is to be done when that ends. */
  readonly #connected = new Map<string, () => void>();
  /** What ended workers have left is being ended. */
  readonly #ending = new Set<Promise<void>>();
  #closing = false;
  /** Why the scheduler started nothing when it was last asked, if it cannot do it. */
  refusal: SchedulerError | undefined;
  /** How many messages were taken. */
  messages = 0;
  /** How many messages broke the protocol. */
  violations = 0;

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
    this.#receiving = this.#receive();
  }

  /**
   * Listens for workers to come.
   *
   * @throws {ZeromqError} When that cannot be.
   * @throws {SchedulerError} When the run's files cannot be written.
   */
  static async open(
    name: string,
    scheduler: Scheduler,
    listener: CrewListener,
  ): Promise<Crew> {
    const { transport: kind, permissions = "inherit", memory } = scheduler;
    const [config, libzmq] = await Promise.all([
      configFlags(),
      locateLibzmq(settings.libzmq),
    ]);
    const flags = [...FLAGS, ...config, heapFlags(memory)];
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

  /** Asks the scheduler for workers of these names. */
  request(workers: string[]): void {
    const identities = workers.map((worker) => this.#identity(worker));
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
          const worker = this.#worker(identity)!;
          if (host !== undefined) this.#hosts.set(worker, host);
          this.#listener.started(worker);
        },
        delayed: (identity, why) =>
          this.#listener.delayed(this.#worker(identity)!, why),
        ended: (identity, loss) =>
          this.#endAfterLastWords(this.#worker(identity)!, loss),
      };
      checkRoom(this.#transport.zmq, {
        filesPerWorker: filesPerWorkerOf(scheduler),
        starting: workers.length,
        expected: this.#alive.size - workers.length - this.#peers.size,
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
      this.#scheduler.stop(this.#identity(worker));
    });
  }

  /** Answers the `hello` of a worker: with `welcome`, or with why not. */
  answer(worker: string, refused: string | undefined): void {
    if (refused !== undefined) return this.#refuse(worker, refused);
    const identity = new TextEncoder().encode(this.#identity(worker));
    const { socket } = this.#transport;
    const hello = this.#hellos.get(worker)!;
    const { incarnation, received } = hello;
    let peer = this.#peers.get(worker);
    this.#connected.set(worker, () => {});
    if (peer?.incarnation !== incarnation) {
      peer?.close();
      const memory = this.#transport.memoryOf(hello);
      peer = new Peer(socket, identity, incarnation, this.remote, memory);
      this.#peers.set(worker, peer);
    }
    peer.welcome(received);
  }

  /**
   * A worker is no longer ours: its scheduler says that it has ended, or we have given it up.
   * If it still lives, its items now run elsewhere. So we tell it to end.
   */
  dismiss(worker: string): void {
    const peer = this.#peers.get(worker);
    if (!peer) return;
    this.#peers.delete(worker);
    peer.close();
    // At the end all of them are told to leave.
    if (!this.#closing) this.#refuse(worker, GIVEN_UP);
  }

  #refuse(worker: string, why: string): void {
    const identity = new TextEncoder().encode(this.#identity(worker));
    this.#transport.socket.send([identity, ...encode({ type: "refused", why })]);
  }

  /** A worker that was welcomed and has not ended. */
  peer(worker: string): Peer | undefined {
    return this.#peers.get(worker);
  }

  /** All workers that were welcomed and have not ended. */
  peers(): Iterable<Peer> {
    return this.#peers.values();
  }

  /** What a worker said of itself; also after its end. */
  info(worker: string | undefined): WorkerInfo | undefined {
    const hello = this.#hellos.get(worker ?? "");
    return hello && { id: worker!, pid: hello.pid, host: hello.host };
  }

  /** A loss with what is known of its worker beside. */
  known(loss: WorkerLoss): WorkerLoss {
    const { worker = "" } = loss;
    const { host = this.#hosts.get(worker), pid } = this.info(worker) ?? {};
    return {
      ...(host !== undefined && { host }),
      ...(pid !== undefined && { pid }),
      ...loss,
    };
  }

  /** Tells the workers what has come in, so that they can forget it. */
  acknowledge(): void {
    for (const peer of this.#peers.values()) peer.acknowledge();
  }

  /**
   * Waits until the workers have left, ends those that do not, and closes the socket. It
   * does not wait for ever for a process that the kernel does not let go, nor for a
   * scheduler that tells nothing.
   */
  async close(): Promise<void> {
    // Closing must come to its end, though waiting for messages need not.
    this.#transport.refed = true;
    this.#closing = true;
    for (const worker of this.#alive.keys()) {
      if (this.#peers.has(worker)) continue;
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
    await this.#receiving;
  }

  /** A worker is gone, or will be, whatever its scheduler has yet to tell. */
  #left(worker: string): void {
    if (this.#closing && this.#scheduler.tellsLate) this.#alive.get(worker)?.resolve();
  }

  /** At the end nothing asks for what a worker has said last: so it is waited for. */
  #endAfterLastWords(worker: string, loss: WorkerLoss): void {
    const mayTalk = this.#alive.has(worker) && this.#connected.has(worker);
    if (!this.#closing || !mayTalk) return this.#ended(worker, loss);
    const end = () => {
      clearTimeout(timer);
      this.#ended(worker, loss);
    };
    const timer = setTimeout(end, LAST_WORDS);
    this.#connected.set(worker, end);
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
   * Ends what a worker of this machine had started, where that could not see to it itself,
   * as one that was killed. What never said hello has started nothing.
   */
  async #endSession(worker: string, { pid, exitStatus }: WorkerLoss): Promise<void> {
    const isOurs = this.#scheduler instanceof ProcessScheduler;
    if (!isOurs || pid === undefined || !this.#hellos.has(worker)) return;
    if (exitStatus === 0 && Deno.build.os === "linux") return;
    const run = { name: "run", command: SHELL } as const;
    if (Deno.permissions.querySync(run).state !== "granted") return;
    const args = endingSession(pid);
    const options = { args, stdin: "null", stdout: "null", stderr: "null" } as const;
    await cleanUp(`what worker ${worker} has started may go on`, async () => {
      await new Deno.Command(SHELL, options).output();
    });
  }

  async #receive(): Promise<void> {
    for await (const [identity, ...frames] of this.#transport.socket) {
      const worker = this.#worker(new TextDecoder().decode(identity));
      try {
        if (worker !== undefined) this.#take(worker, frames);
        // The end of a connection that another one has replaced comes from nobody.
        else if (!isLost(frames)) this.violations++;
      } catch (error) {
        // A fault of ours must not end the loop that everybody waits for.
        report(error);
      }
    }
  }

  #take(worker: string, frames: Frames): void {
    if (isLost(frames)) {
      const closed = this.#connected.get(worker);
      this.#connected.delete(worker);
      closed?.();
      this.#left(worker);
      this.#listener.disconnected(worker);
      return;
    }
    const peer = this.#peers.get(worker);
    let arrived: Frames | Arrival;
    let message: WorkerMessage | undefined;
    try {
      arrived = peer?.receive(frames) ?? frames;
      if (typeof arrived !== "string") message = decodeWorkerMessage(arrived);
      if (message?.type === "hello") {
        const { hello } = message;
        if (hello.worker !== this.#identity(worker)) {
          throw new Error("it has another name");
        }
        this.#hellos.set(worker, hello);
      } else if (!peer) {
        throw new Error("it did not say hello");
      }
    } catch (error) {
      // We told it that it is no longer ours; perhaps it never heard that.
      if (!peer && this.#hellos.has(worker)) return this.#refuse(worker, GIVEN_UP);
      this.reject(worker, (error as Error).message);
      return;
    }
    const moved = arrived === "part" || peer?.isSending && message?.type !== "hello";
    if (moved) this.#listener.moved(worker);
    if (!message) return;
    this.messages++;
    // It waits for that before it starts anew.
    if (message.type === "restarting") peer?.acknowledge();
    this.#listener.said(worker, message);
    // Who prints waits for that.
    if (message.type === "output") peer?.acknowledge();
  }

  /** Counts a breach of the protocol, and has its worker given up if it is one of ours. */
  reject(worker: string, reason: string): void {
    this.violations++;
    const detail = `it broke the protocol: ${reason}`;
    log("debug", `worker ${worker}: ${detail}`);
    if (this.#peers.has(worker)) this.#listener.violated(worker, detail);
  }

  #identity(worker: string): string {
    return `${this.#prefix}-${worker}`;
  }

  #worker(identity: string): string | undefined {
    const start = `${this.#prefix}-`;
    return identity.startsWith(start) ? identity.slice(start.length) : undefined;
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

/**
 * What V8 is told of its heap. Space for new objects grows to this size anyway: to begin
 * with it saves the first collections, and 5 % of the time that a worker takes to start.
 * Where memory is short, the heap is full before that is, and V8 then collects what it can.
 */
function heapFlags(memory: number | undefined): string {
  if (memory === undefined) return `--v8-flags=--min-semi-space-size=${NEW_SPACE}`;
  const megabytes = Math.max(16, Math.floor(memory * HEAP_SHARE / 2 ** 20));
  return `--v8-flags=--max-old-space-size=${megabytes}`;
}

/** Whether this comes from libzmq, to say that the connection is gone. */
function isLost(frames: Frames): boolean {
  return frames.length === 1 && frames[0]!.length === LOST.length;
}
