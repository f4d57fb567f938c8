/**
 * Outputs of cells, in a notebook of Deno's Jupyter kernel.
 *
 * @module
 */

import { drop } from "./printing.ts";

/** What an output shows, by media type: the first that the reader knows. */
export type Shown = Record<`${string}/${string}`, string>;

/** Whether the program is a notebook. */
export function isNotebook(): boolean {
  // The thread of a worker has no main module.
  return Deno.mainModule?.endsWith("/$deno$jupyter_repl.mts") ?? false;
}

/** An output of the cell that is running when it is made. It stays there. */
export class CellOutput {
  readonly #id = crypto.randomUUID();

  constructor() {
    void this.#send("display_data", { "text/plain": "" });
  }

  /** Shows something in place of what was there. */
  show(shown: Shown): void {
    void this.#send("update_display_data", shown);
  }

  async #send(message: string, data: Shown): Promise<void> {
    const content = { data, metadata: {}, transient: { display_id: this.#id } };
    try {
      await Deno.jupyter.broadcast(message, content);
    } catch (error) {
      drop(error);
    }
  }
}
