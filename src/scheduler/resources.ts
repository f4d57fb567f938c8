/**
 * The resources that jobs request from a cluster, checked before they are submitted.
 *
 * @module
 */

import { SchedulerError } from "../errors.ts";

/** The value of a resource, as for Grid Engine's `-l`. A boolean is written as text. */
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
 * @param memory A number of bytes, or a string such as `"2G"` or `"500M"`.
 * @throws {RangeError} If it is neither, or less than 64M.
 */
export function bytesOf(memory: number | string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)([kKmMgG]?)$/.exec(String(memory)) ?? [];
  const bytes = Math.floor(Number(number) * UNITS[unit ?? ""]!);
  // Deno alone takes 50 MB.
  if (bytes >= 2 ** 26) return bytes;
  throw new RangeError(
    `memory is "${memory}": a number of bytes or a string such as "2G", of at least 64M, ` +
      `is expected`,
  );
}

/** A number of bytes as a value for `-l`: in whole megabytes, rounded up. */
export function memoryValue(bytes: number): string {
  return `${Math.ceil(bytes / 2 ** 20)}M`;
}

/**
 * A time in seconds.
 *
 * @param time A value for `-l`: seconds, or `"h:m:s"`, whose parts may be empty.
 */
export function secondsOf(time: ResourceValue): number {
  return String(time).split(":").reduce((sum, part) => sum * 60 + Number(part), 0);
}

/**
 * The resources that options of the submit command request by `-l`. Later ones override
 * earlier ones.
 *
 * @param options The options.
 */
export function requestsIn(options: string): Record<string, string> {
  const lists = [...options.matchAll(/(?:^|\s)-l\s+(\S+)/g)].map(([, list]) => list!);
  const pairs = lists.join(",").replaceAll(/["']/g, "").split(",");
  return Object.fromEntries(
    pairs.map((pair) => pair.split("=")).filter(({ length }) => length === 2),
  );
}

/** Load values: resources whose amount the nodes report from time to time. */
const VOLATILE = /^((mem|swap|virtual)_(free|used)|[msv][fu]|cpu)$/;

/**
 * The words for `-l`. At submission Grid Engine checks whether any queue could satisfy the
 * requests. This check does not know load values, so it would refuse every request for one;
 * `-w n` turns it off.
 *
 * @throws {SchedulerError} If the cluster would misread a name or value.
 */
export function resourceWords(resources: Record<string, ResourceValue>): string[] {
  const pairs = Object.entries(resources).map(([name, value]) => {
    if (!/^[A-Za-z_][\w.-]*$/.test(name)) {
      throw new SchedulerError(
        `A resource cannot have the name "${name}": letters, digits and any of _ . - are ` +
          `expected`,
      );
    }
    if (!/^[^\s,"'=]+$/.test(String(value))) {
      throw new SchedulerError(
        `The resource ${name} cannot be ${
          JSON.stringify(value)
        }: a value must not contain blanks, ` +
          `commas, quotes or equals signs; write each resource under its own name`,
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
 * @throws {SchedulerError} If the cluster would read it as several words.
 */
export function word(what: string, text: string): string {
  if (/^[^\s"']+$/.test(text)) return text;
  throw new SchedulerError(
    `The ${what} is ${JSON.stringify(text)}: one word without quotes is expected`,
  );
}

/** The longest job name that every system accepts, in characters. */
const LONGEST_NAME = 15;

/**
 * A job's name.
 *
 * @param given The name that the user chose, if any.
 * @param otherwise The name of a function, which is adapted to be a job's name.
 * @throws {SchedulerError} If Grid Engine would refuse the user's name.
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
    }: it must start with a letter ` +
      `or _, and contain only letters, digits and any of _ . - + = %`,
  );
}
