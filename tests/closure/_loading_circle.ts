/**
 * A module that imports one which imports it.
 *
 * @module
 */

import type { JobDispatcher } from "../../mod.ts";
import * as loading from "./_loading.ts";
import { twice } from "./_loading.ts";

export { later } from "./_loading.ts";
export * as again from "./_loading.ts";

/** Maps over functions of the other module, and over some that use it. */
export async function mapAll(dispatcher: JobDispatcher): Promise<number[][]> {
  return [
    await dispatcher.map(twice, [3]),
    await dispatcher.map((x: number) => twice(x) + 1, [3]),
    await dispatcher.map((x: number) => loading.twice(x) + 2, [3]),
  ];
}
