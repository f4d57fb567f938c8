/**
 * The host's end of the wire for one dispatcher. There is a directory that only its owner
 * can enter, with the run file in it. And there is a ROUTER socket: it listens at a socket
 * file in that directory, or on TCP with CURVE, where only holders of the run's key get in.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { nodeProcess } from "../common/node.ts";
import { type Hello, LARGEST_FRAME } from "../protocol/messages.ts";
import type { Program, RunFile } from "../protocol/run_file.ts";
import { SharedFrames } from "../protocol/shared_frames.ts";
import { cleanUp } from "../common/cleanup.ts";
import { settings } from "../settings.ts";
import { ZeromqError } from "../errors.ts";
import {
  bracketed,
  ipcEndpoint,
  isIpc,
  tcpAddress,
  tcpEndpoint,
} from "../zeromq/endpoint.ts";
import { heartbeatOptions } from "../zeromq/heartbeat.ts";
import { curveKeys, type Libzmq, openLibzmq } from "../zeromq/libzmq.ts";
import { thisMachine } from "../zeromq/machine.ts";
import { type SocketOptions, ZmqContext, type ZmqSocket } from "../zeromq/socket.ts";
import { SharedMemory } from "../zeromq/shared_memory.ts";
import { ZapHandler } from "../zeromq/zap.ts";
import { HostRunFile } from "./host_run_file.ts";
import { checkOpenFiles } from "./open_files.ts";
import { RunDirectory } from "./run_directory.ts";

/** What libzmq puts into the ROUTER, as if a worker had sent it, when that is lost. */
export const LOST = new Uint8Array([0]);

/** The name of the file of a local socket. */
const SOCKET_FILE = "host";
/** The longest path that a socket file can have: `sun_path` less its final zero. */
const LONGEST_PATH = 107;
/** Addresses that mean all addresses of a machine. */
const ALL = ["0.0.0.0", "*", "::"];
/** A connection that has not shown its key after this time is closed, in milliseconds. */
const HANDSHAKE_TIMEOUT = 10_000;
/** How long the last messages to workers may take to get out, in milliseconds. */
const LINGER = 500;

/** How to open a transport. */
export interface TransportOptions {
  /** See `Scheduler.transport`. */
  kind: "local" | "network";
  /** The path of libzmq. */
  libzmq: string;
  /** See `Scheduler.permissions`. */
  permissions: Deno.PermissionOptions;
  /** See `WorkerSpec.flags`. */
  flags: string[];
  /** See `Scheduler.workers`. */
  workers: number;
  /** See `Scheduler.filesPerWorker`. */
  filesPerWorker: number;
  /** See `Scheduler.memory`. */
  memory: number | undefined;
  /** See `Scheduler.runDirectory`. */
  runDirectory: string | undefined;
  /** See `Scheduler.interface`. */
  interface: string | undefined;
  /** See `Scheduler.ports`. */
  ports: string | undefined;
  /** How long workers wait for a host that they have lost, in milliseconds. */
  reconnectGrace: number;
}

/** An open socket, and the directory of its run. */
export class Transport {
  /** Where it listens. */
  readonly address: string;
  /** The socket that workers talk to. */
  readonly socket: ZmqSocket;
  readonly #directory: RunDirectory;
  readonly #runFile: HostRunFile;
  /** The library that it uses. */
  readonly zmq: Libzmq;
  readonly #context: ZmqContext;
  readonly #zap: ZapHandler | undefined;

  private constructor(
    directory: RunDirectory,
    runFile: HostRunFile,
    zmq: Libzmq,
    context: ZmqContext,
    { socket, address, zap }: Listening,
  ) {
    this.#directory = directory;
    this.#runFile = runFile;
    this.zmq = zmq;
    this.#context = context;
    this.socket = socket;
    this.address = address;
    this.#zap = zap;
    addEventListener("unload", this.#unload);
  }

  /**
   * Begins to listen.
   *
   * @throws {ZeromqError} When libzmq is not found, or no address or port is available.
   * @throws {SchedulerError} When the run's files cannot be written.
   */
  static async open(
    options: TransportOptions,
  ): Promise<Transport> {
    const { kind, libzmq, permissions, flags, memory, reconnectGrace } = options;
    const zmq = openLibzmq(libzmq);
    checkOpenFiles(zmq, options);
    const context = new ZmqContext(zmq);
    // From here on all is synchronous: a program that an error ends cannot remove anything.
    // Only workers that it has started can.
    let directory: RunDirectory | undefined;
    try {
      directory = RunDirectory.make(options.runDirectory);
      const { heartbeatInterval, startTimeout, loadTimeout } = settings;
      const run: RunFile = {
        endpoints: [],
        ...thisMachine(zmq),
        locked: null,
        curve: null,
        libzmq,
        flags,
        permissions,
        memory: memory ?? null,
        program: thisProgram(),
        heartbeatInterval,
        loadTimeout,
        connectTimeout: startTimeout,
        reconnectGrace,
      };
      const listening = kind === "local"
        ? listenLocally(context, directory)
        : listenOnNetwork(zmq, context, run, options);
      run.endpoints = endpointsOf(listening.address);
      const runFile = new HostRunFile(directory, run, listening.files);
      return new Transport(directory, runFile, zmq, context, listening);
    } catch (error) {
      await closeSockets(context);
      await directory?.remove();
      throw error;
    }
  }

  /** The path of the run file. */
  get runFile(): string {
    return this.#runFile.path;
  }

  /**
   * The program ends, or only the part of it that is the host, as under
   * `deno run --watch`. Without this, sockets and shared memory would stay open.
   */
  readonly #unload = (): void => {
    this.#context.abandon();
    SharedMemory.abandon();
  };

  /** The memory that a worker of this machine offers to share, if it can be opened. */
  memoryOf({ pid, memory, incarnation }: Hello): SharedMemory | undefined {
    if (memory === undefined || !isIpc(this.address)) return undefined;
    const shared = SharedMemory.open(this.zmq, pid, memory, SharedFrames.SIZE);
    if (!shared || SharedFrames.isOf(shared.bytes, incarnation)) return shared;
    shared.close();
    return undefined;
  }

  /** How many connections were refused because they did not have the run's key. */
  get refused(): number {
    return this.#zap?.refused ?? 0;
  }

  /** Whether waiting for workers keeps the program alive. */
  set refed(alive: boolean) {
    for (const socket of [this.socket, this.#zap]) {
      if (alive) socket?.ref();
      else socket?.unref();
    }
  }

  /** Closes the socket and removes the directory. */
  async close(): Promise<void> {
    removeEventListener("unload", this.#unload);
    await closeSockets(this.#context, this.#zap);
    // This comes first, or the files would be written again.
    await this.#runFile.close();
    await this.#directory.remove();
  }
}

async function closeSockets(context: ZmqContext, zap?: ZapHandler): Promise<void> {
  await cleanUp("a socket cannot be closed", async () => {
    await zap?.close();
    await context.close();
  });
}

interface Listening {
  socket: ZmqSocket;
  address: string;
  zap?: ZapHandler;
  /** Its files in the run's directory that workers need, and what makes them again. */
  files: ReadonlyMap<string, () => void>;
}

/** This program's command line; in a worker's thread, that of its host. */
function thisProgram(): Program {
  const { mainModule, args } = Deno;
  const main = mainModule === undefined
    ? nodeProcess().argv[1] ?? ""
    : mainModule.startsWith("file:")
    ? fileURLToPath(mainModule)
    : mainModule;
  return { main, args: [...args] };
}

function routerOptions(): SocketOptions {
  return {
    disconnectMessage: LOST,
    routerHandover: 1,
    receiveHighWaterMark: 0,
    maxMessageSize: LARGEST_FRAME,
    ...heartbeatOptions(settings.heartbeatInterval),
    handshakeInterval: HANDSHAKE_TIMEOUT,
    linger: LINGER,
  };
}

function listenLocally(context: ZmqContext, directory: RunDirectory): Listening {
  const path = directory.file(SOCKET_FILE);
  if (new TextEncoder().encode(path).length > LONGEST_PATH) {
    throw new ZeromqError(
      "ENAMETOOLONG",
      `The path "${path}" is too long for a socket (${LONGEST_PATH} bytes at most): ` +
        `set GRIDENGINE_TEMP_DIRECTORY to a shorter one`,
    );
  }
  const socket = context.socket("ROUTER", routerOptions());
  const bind = () => {
    const address = socket.bind(ipcEndpoint(path));
    directory.open(SOCKET_FILE);
    return address;
  };
  return { socket, address: bind(), files: new Map([[SOCKET_FILE, bind]]) };
}

function listenOnNetwork(
  zmq: Libzmq,
  context: ZmqContext,
  run: RunFile,
  options: TransportOptions,
): Listening {
  const server = curveKeys(zmq);
  const client = curveKeys(zmq);
  run.curve = { serverKey: server.publicKey, ...client };
  const zap = new ZapHandler(zmq, context, client.publicKey);
  const socket = context.socket("ROUTER", {
    ...routerOptions(),
    ipv6: interfaceOf(options).includes(":") ? 1 : 0,
    curveServer: 1,
    curveSecretKey: server.secretKey,
    zapDomain: "gridengine",
  });
  return { socket, address: bindToPort(socket, options), zap, files: new Map() };
}

/** What to listen at, in the form of ZeroMQ: an IPv6 address is in brackets. */
function interfaceOf(options: TransportOptions): string {
  const address = options.interface ?? settings.interface ?? "0.0.0.0";
  return bracketed(address);
}

/** Binds to any free port, or to the first free one of those that may be used. */
function bindToPort(socket: ZmqSocket, options: TransportOptions): string {
  const address = interfaceOf(options);
  const ports = options.ports ?? settings.ports;
  if (ports === undefined) return socket.bind(tcpEndpoint(address, "*"));
  const [, first, last] = /^(\d+)(?:-(\d+))?$/.exec(ports) ?? [];
  if (first === undefined) {
    throw new RangeError(
      `The setting ports is "${ports}": a port or a range such as "40000-40100" is expected`,
    );
  }
  let reason: unknown;
  for (let port = Number(first); port <= Number(last ?? first); port++) {
    try {
      return socket.bind(tcpEndpoint(address, port));
    } catch (error) {
      if (!(error instanceof ZeromqError) || error.code !== "EADDRINUSE") throw error;
      reason = error;
    }
  }
  throw new ZeromqError(
    "EADDRINUSE",
    `Every port of ${ports} is in use on ${address}`,
    {
      cause: reason,
    },
  );
}

/**
 * The endpoints where workers may reach the host: one for each address of this machine, if
 * it listens on all of them. Workers of this machine use the last one, which needs no
 * network.
 */
function endpointsOf(address: string): string[] {
  const { hostname = "", port = 0 } = tcpAddress(address) ?? {};
  if (!ALL.includes(hostname)) return [address];
  const own = Deno.networkInterfaces()
    .filter(({ family }) => family === "IPv4" || hostname === "::")
    // Addresses that begin with fe80 are valid on their own link only.
    .filter(({ address }) => !/^(127\.|::1$|fe80:)/.test(address))
    .map(({ address }) => address);
  return [...own, "127.0.0.1"].map((address) => tcpEndpoint(address, port));
}
