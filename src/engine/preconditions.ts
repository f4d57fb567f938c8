/**
 * What must hold before workers can be started, and what to do if it does not.
 *
 * @module
 */

import { SchedulerError } from "../errors.ts";

/** Where this module is in the package. */
const HERE = "/src/engine/preconditions.ts";

/**
 * Checks that workers can find the package's files, and a working directory.
 *
 * @throws {SchedulerError} When they cannot.
 */
export function checkPreconditions(): void {
  if (!import.meta.url.endsWith(HERE)) {
    throw new SchedulerError(
      `This library was bundled into "${import.meta.url}", but workers are started from ` +
        `its own files: leave it out of the bundle by ` +
        `deno bundle --external "jsr:@x/gridengine", or whatever the program imports it by`,
    );
  }
  try {
    // Without the permission, Deno would ask the user.
    const { state } = Deno.permissions.querySync({ name: "read" });
    if (state === "granted") Deno.cwd();
  } catch (error) {
    throw new SchedulerError(
      `The program's working directory cannot be used, and workers start in it, too: ` +
        `${
          (error as Error).message
        }; if it was removed, change into another one with ` +
        `Deno.chdir() before the first call`,
      { cause: error },
    );
  }
}
