/**
 * What must hold before workers can be started at all, said by its name where it does not.
 *
 * @module
 */

import { SchedulerError } from "../errors.ts";

/** Where this module stands in the package. */
const HERE = "/src/engine/preconditions.ts";

/**
 * Checks that workers can find the package's files, and a working directory.
 *
 * @throws {SchedulerError} When they cannot.
 */
export function checkPreconditions(): void {
  if (!import.meta.url.endsWith(HERE)) {
    throw new SchedulerError(
      `This library was bundled into "${import.meta.url}", and workers are started from ` +
        `files of its own: leave it out of the bundle by ` +
        `deno bundle --external "jsr:@x/gridengine", or whatever the program imports it by`,
    );
  }
  try {
    // It is asked for only where it can be had without a question to the user.
    const { state } = Deno.permissions.querySync({ name: "read" });
    if (state === "granted") Deno.cwd();
  } catch (error) {
    throw new SchedulerError(
      `The program's working directory cannot be used, in which workers start, too: ` +
        `${
          (error as Error).message
        }; if it was removed, change into another one with ` +
        `Deno.chdir() before the first call`,
      { cause: error },
    );
  }
}
