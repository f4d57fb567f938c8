/**
 * Settings. Each can also be set by an environment variable.
 *
 * @module
 */

import {
  aText,
  type Check,
  type Checks,
  millisecondsFrom,
  oneOf,
  ports,
  shown,
  valuesByName,
  wholeFrom,
} from "./common/checks.ts";
import { logging, type LogLevel } from "./common/log.ts";

export type { LogLevel };

/** Defaults of the library. The name of each setting's environment variable is given. */
export interface Settings {
  /**
   * The most processes that a `ProcessScheduler` starts for each dispatcher;
   * `GRIDENGINE_WORKERS`.
   * @default {navigator.hardwareConcurrency} If the program runs in a batch job with fewer
   * slots, the number of its slots: `NSLOTS`, `SLURM_CPUS_PER_TASK`, `SLURM_CPUS_ON_NODE`,
   * `PBS_NP`, `NCPUS` or `LSB_DJOB_NUMPROC`.
   */
  workers: number;
  /**
   * The resources that every job on a cluster requests by `-l`, unless its scheduler has
   * other values; `GRIDENGINE_DEFAULT_RESOURCES`, such as `"h_rt=3600,mem_free=2G"`.
   * @default {{}}
   */
  defaultResources: Record<string, string | number | boolean>;
  /**
   * The directory for the sockets and key files of runs; `GRIDENGINE_TEMP_DIRECTORY`. Each
   * run makes a subdirectory that only its owner can enter.
   * @default {undefined} The system's directory for temporary files. For a cluster,
   * `.gridengine` in the home directory, which the nodes must share.
   */
  tempDirectory: string | undefined;
  /**
   * The path of libzmq: a shared library, or a Node.js addon that contains it;
   * `GRIDENGINE_LIBZMQ`.
   * @default {undefined} The addon of the npm package `zeromq`.
   */
  libzmq: string | undefined;
  /**
   * The address to listen at for workers on other machines; `GRIDENGINE_INTERFACE`.
   * `"::"` means all addresses of IPv4 and IPv6.
   * @default {undefined} All IPv4 addresses.
   */
  interface: string | undefined;
  /**
   * The TCP ports to choose from, such as `"40000-40100"`; `GRIDENGINE_PORTS`.
   * @default {undefined} Any free port.
   */
  ports: string | undefined;
  /**
   * The interval of heartbeats between host and workers, in milliseconds;
   * `GRIDENGINE_HEARTBEAT_INTERVAL`.
   * @default {1000}
   */
  heartbeatInterval: number;
  /**
   * How long a worker waits for its host if the connection is lost, in milliseconds;
   * `GRIDENGINE_RECONNECT_GRACE`. The host waits twice as long for a worker.
   * @default {undefined} 1500 for local processes, 15000 for a cluster.
   */
  reconnectGrace: number | undefined;
  /**
   * How long a worker may take from its start until it reaches the host, in milliseconds;
   * `GRIDENGINE_START_TIMEOUT`.
   * @default {60000}
   */
  startTimeout: number;
  /**
   * How long a worker may take to load a function's imports, in milliseconds;
   * `GRIDENGINE_LOAD_TIMEOUT`. After that the item fails. The item's own `timeout` begins
   * when the imports are loaded.
   * @default {120000}
   */
  loadTimeout: number;
  /**
   * Modules whose functions and classes are sent as source text, like those of the main
   * module, and not by name; `GRIDENGINE_VALUE_MODULES`, separated by commas. An example is
   * `["./physics.ts"]`. Paths are relative to the main module; URLs are strings.
   * @default {[]}
   */
  valueModules: string[];
  /**
   * Which messages of the library go to standard error; `GRIDENGINE_LOG_LEVEL`.
   * @default {"info"}
   */
  logLevel: LogLevel;
}

const CHECKS: Checks<Settings> = {
  workers: wholeFrom(1),
  defaultResources: valuesByName("{ h_rt: 3600 }", "string", "number", "boolean"),
  tempDirectory: optional(aText),
  libzmq: optional(aText),
  interface: optional(aText),
  ports: optional(ports),
  heartbeatInterval: millisecondsFrom(1),
  reconnectGrace: optional(millisecondsFrom(0)),
  startTimeout: millisecondsFrom(1),
  loadTimeout: millisecondsFrom(1),
  valueModules(name, value) {
    const wrong = Array.isArray(value) ? value.find((one) => !isModule(one)) : value;
    if (wrong === undefined) return;
    const how = Array.isArray(value) ? "has" : "is";
    throw new TypeError(
      `${name} ${how} ${
        shown(wrong)
      }: a list such as ["./physics.ts"] is expected, of ` +
        `URLs as strings, or paths from the main module that begin with "./", "../" or "/"`,
    );
  },
  logLevel: oneOf("debug", "info", "silent"),
};

function optional(check: Check): Check {
  return (name, value) => {
    if (value !== undefined) check(name, value);
  };
}

const { resolve } = import.meta;

/** Whether this is a valid name of a module. */
function isModule(name: unknown): boolean {
  if (typeof name !== "string") return false;
  if (/^\.{0,2}\//.test(name) || URL.canParse(name)) return true;
  try {
    return resolve(name) !== "";
  } catch {
    return false;
  }
}

/** One of the library's environment variables, if it is set and may be read. */
function variable(name: string): string | undefined {
  return environment(`GRIDENGINE_${name}`);
}

/** An environment variable, if it is set and may be read. */
function environment(variable: string): string | undefined {
  const { state } = Deno.permissions.querySync({ name: "env", variable });
  return state === "granted" ? Deno.env.get(variable) || undefined : undefined;
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

/** The variables in which batch systems set a job's slots. The first that is set counts. */
const SLOTS = [
  "NSLOTS",
  "SLURM_CPUS_PER_TASK",
  "SLURM_CPUS_ON_NODE",
  "PBS_NP",
  "NCPUS",
  "LSB_DJOB_NUMPROC",
];

/** How many processors this program may use. */
function processors(): number {
  const all = navigator.hardwareConcurrency;
  for (const name of SLOTS) {
    const slots = Number(environment(name));
    if (Number.isInteger(slots) && slots > 0) return Math.min(slots, all);
  }
  return all;
}

function resources(text = ""): Record<string, string> {
  const pairs = text.split(",").filter((pair) => pair !== "").map((pair) =>
    pair.split("=")
  );
  if (pairs.every((pair) => pair.length === 2)) return Object.fromEntries(pairs);
  throw new RangeError(
    `GRIDENGINE_DEFAULT_RESOURCES is "${text}": a list such as "h_rt=3600,mem_free=2G" is ` +
      `expected`,
  );
}

function valueModules(): string[] {
  const names = variable("VALUE_MODULES")?.split(",") ?? [];
  CHECKS.valueModules("GRIDENGINE_VALUE_MODULES", names);
  return names;
}

function logLevel(): LogLevel {
  const text = variable("LOG_LEVEL") ?? "info";
  if (text === "debug" || text === "info" || text === "silent") return text;
  throw new RangeError(
    `GRIDENGINE_LOG_LEVEL is "${text}": "debug", "info" or "silent" is expected`,
  );
}

logging.level = logLevel();

/**
 * The settings. Assign to a field to change it for everything that is made afterwards. An
 * assignment throws a `TypeError` or `RangeError` if the setting does not exist or the
 * value is not valid.
 *
 * @example Two workers unless a scheduler says otherwise
 * ```ts
 * import { settings } from "jsr:@x/gridengine";
 *
 * settings.workers = 2;
 * ```
 */
export const settings: Settings = guard({
  workers: numeric("WORKERS", processors()),
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
  loadTimeout: numeric("LOAD_TIMEOUT", 120_000),
  valueModules: valueModules(),
  get logLevel() {
    return logging.level;
  },
  set logLevel(level) {
    logging.level = level;
  },
});

/** Makes settings that check each value that is assigned. */
function guard(values: Settings): Settings {
  const guarded = {} as Settings;
  for (const name of Object.keys(CHECKS) as (keyof Settings)[]) {
    Object.defineProperty(guarded, name, {
      enumerable: true,
      get: () => values[name],
      set(value) {
        CHECKS[name](`settings.${name}`, value);
        Object.assign(values, { [name]: value });
      },
    });
  }
  return Object.seal(guarded);
}
