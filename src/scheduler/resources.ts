/**
 * What jobs ask a cluster for, checked before it is asked.
 *
 * @module
 */

import { SchedulerError } from "../errors.ts";

/** A value of a resource, as Grid Engine's `-l` takes it: `true` is asked for as `true`. */
export type ResourceValue = string | number | boolean;

const UNITS: Record<string, number> = {
  "": 1,
  k: 1e3,
  K: 2 ** 10,
  m: 1e6,
  M: 2 ** 20,
  g: 1e9,
  G: 2 ** 30,
};

/**
 * A number of bytes. Source for the units: Grid Engine's `sge_types(1)`.
 *
 * @param memory A number of bytes, or such as `"2G"`, `"500M"`.
 * @throws {RangeError} When it is neither.
 */
export function bytesOf(memory: number | string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)([kKmMgG]?)$/.exec(String(memory)) ?? [];
  const bytes = Math.floor(Number(number) * UNITS[unit ?? ""]!);
  // Deno alone takes 50 MB.
  if (bytes >= 2 ** 26) return bytes;
  throw new RangeError(
    `The memory of a worker is "${memory}": bytes, or such as "2G", of at least 64M are ` +
      `expected`,
  );
}

/** A number of bytes as `-l` takes it: in whole megabytes, rounded up. */
export function memoryValue(bytes: number): string {
  return `${Math.ceil(bytes / 2 ** 20)}M`;
}

/**
 * A number of seconds.
 *
 * @param time As `-l` takes it: seconds, or `"h:m:s"`, parts of which may be empty.
 */
export function secondsOf(time: ResourceValue): number {
  return String(time).split(":").reduce((sum, part) => sum * 60 + Number(part), 0);
}

/**
 * What the submit command is asked for with `-l`; what is said later counts.
 *
 * @param options Of that command.
 */
export function requestsIn(options: string): Record<string, string> {
  const lists = [...options.matchAll(/(?:^|\s)-l\s+(\S+)/g)].map(([, list]) => list!);
  const pairs = lists.join(",").replaceAll(/["']/g, "").split(",");
  return Object.fromEntries(
    pairs.map((pair) => pair.split("=")).filter(({ length }) => length === 2),
  );
}

/** Resources of which only the nodes know how much there is, and tell from time to time. */
const VOLATILE = /^((mem|swap|virtual)_(free|used)|[msv][fu]|cpu)$/;

/**
 * The words for `-l`. Grid Engine checks at submission whether any queue could meet them,
 * as if it knew nothing of what varies, and so would refuse every request for that: with
 * `-w n` it does not check.
 *
 * @throws {SchedulerError} When a name or value would mean something else there.
 */
export function resourceWords(resources: Record<string, ResourceValue>): string[] {
  const pairs = Object.entries(resources).map(([name, value]) => {
    if (!/^[A-Za-z_][\w.-]*$/.test(name)) {
      throw new SchedulerError(`A resource cannot have the name "${name}"`);
    }
    if (!/^[^\s,"'=]+$/.test(String(value))) {
      throw new SchedulerError(
        `The resource ${name} cannot be ${
          JSON.stringify(value)
        }: a value has no blanks, ` +
          `commas, quotes or equals signs; write further resources each with its own name`,
      );
    }
    return `${name}=${value}`;
  });
  if (pairs.length === 0) return [];
  const isVolatile = Object.keys(resources).some((name) => VOLATILE.test(name));
  return [...(isVolatile ? ["-w", "n"] : []), "-l", pairs.join(",")];
}

/**
 * A word of a native specification.
 *
 * @throws {SchedulerError} When it would be read as more than one.
 */
export function word(what: string, text: string): string {
  if (/^[^\s"']+$/.test(text)) return text;
  throw new SchedulerError(
    `The ${what} is ${JSON.stringify(text)}: one word without quotes is expected`,
  );
}

/** The longest name that every system takes, in characters. */
const LONGEST_NAME = 15;

/**
 * A job's name.
 *
 * @param given What the user wants it to be.
 * @param otherwise The name of a function, of which as much is taken as may be.
 * @throws {SchedulerError} When the user's is one that Grid Engine refuses.
 */
export function jobName(given: string | undefined, otherwise: string): string {
  if (given === undefined) {
    const plain = otherwise.replace(/[^\w.-]/g, "_").slice(0, LONGEST_NAME);
    return /^[A-Za-z_]/.test(plain) ? plain : `f${plain}`.slice(0, LONGEST_NAME);
  }
  if (/^[A-Za-z_][\w.+=%-]*$/.test(given) && given.length <= 512) return given;
  throw new SchedulerError(
    `A job cannot have the name ${
      JSON.stringify(given)
    }: it starts with a letter, and has ` +
      `letters, digits and any of _ . - + = % only`,
  );
}
