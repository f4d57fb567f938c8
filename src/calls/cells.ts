/**
 * What a call shows in the cell of a notebook that made it.
 *
 * @module
 */

import { CellOutput, isNotebook } from "../common/notebook.ts";
import type { DispatchOptions } from "./options.ts";

/** In place of the path of a report: it is shown in the cell. */
export const INLINE = "inline";

/** The outputs of one call, as far as it has any. */
export interface Cells {
  progress?: CellOutput;
  report?: CellOutput;
}

/**
 * Makes the outputs of a call, with nothing in them. This is done at the call, because later
 * another cell may be running.
 */
export function cellsFor({ progress, report }: DispatchOptions): Cells {
  if (!isNotebook()) return {};
  return {
    ...(progress === true && { progress: new CellOutput() }),
    ...(report === INLINE && { report: new CellOutput() }),
  };
}
