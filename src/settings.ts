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
   * What every job on a cluster asks for unless it says otherwise, as `-l` takes it;
   * `GRIDENGINE_DEFAULT_RESOURCES`, such as `"h_rt=3600,mem_free=2G"`.
   * @default {{}}
   */
  defaultResources: Record<string, string | number | boolean>;
  /**
   * Where a run's sockets and key files lie, each run in a directory of its own that
   * only its owner can enter; `GRIDENGINE_TEMP_DIRECTORY`.
   * @default {undefined} The system's directory for temporary files; for a cluster,
   * `.gridengine` in the home directory, which its nodes must see.
   */
  tempDirectory: string | undefined;
  /**
   * The path of libzmq, a shared library or a Node.js addon that holds it;
   * `GRIDENGINE_LIBZMQ`.
   * @default {undefined} The addon of the npm package `zeromq`.
   */
  libzmq: string | undefined;
  /**
   * The address to listen at for workers on other machines; `GRIDENGINE_INTERFACE`.
   * @default {undefined} All addresses for a cluster, else `"127.0.0.1"`.
   */
  interface: string | undefined;
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
   * How long a worker waits for its host when their connection is lost, in milliseconds;
   * the host waits for a worker twice as long. `GRIDENGINE_RECONNECT_GRACE`.
   * @default {undefined} 1500 for processes, 15000 for a cluster.
   */
  reconnectGrace: number | undefined;
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

function resources(text = ""): Record<string, string> {
  const pairs = text.split(",").filter((pair) => pair !== "").map((pair) =>
    pair.split("=")
  );
  if (pairs.every((pair) => pair.length === 2)) return Object.fromEntries(pairs);
  throw new RangeError(
    `GRIDENGINE_DEFAULT_RESOURCES is "${text}": such as "h_rt=3600,mem_free=2G" is expected`,
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
  defaultResources: resources(variable("DEFAULT_RESOURCES")),
  tempDirectory: variable("TEMP_DIRECTORY"),
  libzmq: variable("LIBZMQ"),
  interface: variable("INTERFACE"),
  ports: variable("PORTS"),
  heartbeatInterval: numeric("HEARTBEAT_INTERVAL", 1000),
  reconnectGrace: variable("RECONNECT_GRACE") === undefined
    ? undefined
    : numeric("RECONNECT_GRACE", 0),
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
