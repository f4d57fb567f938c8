/**
 * Defaults for everything, each overridden by an environment variable.
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

/** What holds where nothing else is said. */
export interface Settings {
  /**
   * How many processes a `ProcessScheduler` starts for each dispatcher; `GRIDENGINE_WORKERS`.
   * @default {navigator.hardwareConcurrency} Or the slots of the batch job that the program
   * runs in, if those are fewer: `NSLOTS`, `SLURM_CPUS_PER_TASK`, `SLURM_CPUS_ON_NODE`,
   * `PBS_NP`, `NCPUS` or `LSB_DJOB_NUMPROC`.
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
   * `"::"` is all addresses, of IPv6, too.
   * @default {undefined} All addresses of IPv4.
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
   * How long a worker may take to load what a function imports, in milliseconds; then the
   * item that needs it fails. An item's own `timeout` counts from when that is done.
   * `GRIDENGINE_LOAD_TIMEOUT`.
   * @default {120000}
   */
  loadTimeout: number;
  /**
   * Modules whose functions and classes travel by their source, as those of the main
   * module do, and not by name; `GRIDENGINE_VALUE_MODULES`, separated by commas. Such as
   * `["./physics.ts"]`: paths are relative to the main module, URLs are texts.
   * @default {[]}
   */
  valueModules: string[];
  /**
   * What is written to standard error; `GRIDENGINE_LOG_LEVEL`.
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
        `URLs as texts, or paths from the main module that begin with "./", "../" or "/"`,
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

/** Whether a module can have this name. */
function isModule(name: unknown): boolean {
  if (typeof name !== "string") return false;
  if (/^\.{0,2}\//.test(name) || URL.canParse(name)) return true;
  try {
    return resolve(name) !== "";
  } catch {
    return false;
  }
}

/** The environment variable, if it is set and may be read. */
function variable(name: string): string | undefined {
  return environment(`GRIDENGINE_${name}`);
}

/** A variable of the environment, if it is set and may be read. */
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

/** Where batch systems tell a job how many slots it has: the first that is set counts. */
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
    `GRIDENGINE_DEFAULT_RESOURCES is "${text}": such as "h_rt=3600,mem_free=2G" is expected`,
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
 * The defaults. Assign to a field to change it for what is made from then on. An
 * assignment throws a `TypeError` or `RangeError` when there is no such setting, or the
 * value makes no sense.
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

/** Settings that refuse what makes no sense when it is assigned. */
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
