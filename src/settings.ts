/**
 * Defaults for everything, each overridden by an environment variable.
 *
 * @module
 */

/** How much the library says on standard error. */
export type LogLevel = "debug" | "info" | "silent";

/** What holds where nothing else is said. */
export interface Settings {
  /**
   * How many processes a `ProcessScheduler` starts; `GRIDENGINE_WORKERS`.
   * @default {navigator.hardwareConcurrency}
   */
  workers: number;
  /**
   * Where a run's sockets and key files lie, each run in a directory of its own that
   * only its owner can enter; `GRIDENGINE_TEMP_DIRECTORY`.
   * @default {undefined} The system's directory for temporary files.
   */
  tempDirectory: string | undefined;
  /**
   * The path of libzmq, a shared library or a Node.js addon that holds it;
   * `GRIDENGINE_LIBZMQ`.
   * @default {undefined} The addon of the npm package `zeromq`.
   */
  libzmq: string | undefined;
  /**
   * The address that workers on other machines connect to; `GRIDENGINE_INTERFACE`.
   * @default {"127.0.0.1"}
   */
  interface: string;
  /**
   * The TCP ports to choose from, such as `"40000-40100"`; `GRIDENGINE_PORTS`.
   * @default {undefined} Any port that is free.
   */
  ports: string | undefined;
  /**
   * How often host and workers give a sign of life, in milliseconds;
   * `GRIDENGINE_HEARTBEAT_INTERVAL`.
   * @default {1000}
   */
  heartbeatInterval: number;
  /**
   * How long host and worker wait for each other when their connection is lost, in
   * milliseconds; `GRIDENGINE_RECONNECT_GRACE`.
   * @default {1500}
   */
  reconnectGrace: number;
  /**
   * How long a started worker may take to reach the host, in milliseconds;
   * `GRIDENGINE_START_TIMEOUT`.
   * @default {60000}
   */
  startTimeout: number;
  /**
   * Modules whose functions and classes travel by their source, as those of the main
   * module do, and not by name; `GRIDENGINE_VALUE_MODULES`, separated by commas. Paths are
   * relative to the main module.
   * @default {[]}
   */
  valueModules: string[];
  /**
   * What is written to standard error; `GRIDENGINE_LOG_LEVEL`.
   * @default {"info"}
   */
  logLevel: LogLevel;
}

/** The environment variable, if it is set and may be read. */
function variable(name: string): string | undefined {
  const key = `GRIDENGINE_${name}`;
  const { state } = Deno.permissions.querySync({ name: "env", variable: key });
  return state === "granted" ? Deno.env.get(key) || undefined : undefined;
}

function numeric(name: string, otherwise: number, least = 1): number {
  const text = variable(name);
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (Number.isFinite(value) && value >= least) return value;
  throw new RangeError(
    `GRIDENGINE_${name} is "${text}": a number of at least ${least} is expected`,
  );
}

function logLevel(): LogLevel {
  const text = variable("LOG_LEVEL") ?? "info";
  if (text === "debug" || text === "info" || text === "silent") return text;
  throw new RangeError(
    `GRIDENGINE_LOG_LEVEL is "${text}": "debug", "info" or "silent" is expected`,
  );
}

/**
 * The defaults. Assign to a field to change it for what is made from then on.
 *
 * @example Two workers unless a scheduler says otherwise
 * ```ts
 * import { settings } from "jsr:@x/gridengine";
 *
 * settings.workers = 2;
 * ```
 */
export const settings: Settings = {
  workers: numeric("WORKERS", navigator.hardwareConcurrency),
  tempDirectory: variable("TEMP_DIRECTORY"),
  libzmq: variable("LIBZMQ"),
  interface: variable("INTERFACE") ?? "127.0.0.1",
  ports: variable("PORTS"),
  heartbeatInterval: numeric("HEARTBEAT_INTERVAL", 1000),
  reconnectGrace: numeric("RECONNECT_GRACE", 1500),
  startTimeout: numeric("START_TIMEOUT", 60_000),
  valueModules: variable("VALUE_MODULES")?.split(",") ?? [],
  logLevel: logLevel(),
};

/** Writes a line to standard error where the log level asks for it. */
export function log(level: "debug" | "info", message: string): void {
  if (settings.logLevel === "silent") return;
  if (level === "debug" && settings.logLevel !== "debug") return;
  console.error(`gridengine: ${message}`);
}
