/**
 * Sees to it that what our own code relies on is there, whatever items replace.
 *
 * @module
 */

import { printError } from "../../common/printing.ts";
import { worksStill } from "./self_test.ts";
import { Surroundings } from "./surroundings.ts";

const OwnPromise = Promise;
const { prototype } = OwnPromise;
const { then } = prototype;

/** The guard of one thread. */
export class Guard {
  readonly #surroundings = new Surroundings();
  /** Modules are being loaded, which may replace what they like. */
  loading = false;
  /** What an item has replaced: the process has to start anew. */
  replaced: string | undefined;

  /**
   * Puts back what was replaced, and notes that it was. The process then restarts as soon
   * as the running item has ended.
   */
  restore(): void {
    if (this.loading) return;
    const found = this.#surroundings.restore();
    this.replaced ??= found;
  }

  /** Whether promises are as they were: so it is safe to wait, and to look after that. */
  canWait(): boolean {
    return Promise === OwnPromise && prototype.constructor === OwnPromise &&
      prototype.then === then;
  }

  /** Puts back what was replaced, even by a module, so that one last message can be sent. */
  restoreAll(): void {
    this.#surroundings.restore();
  }

  /** Accepts what modules replaced, if our own code still works with it; else puts it back. */
  readonly accept = (): void => {
    if (this.#surroundings.areThere()) return;
    if (worksStill()) return this.#surroundings.accept();
    const found = this.#surroundings.restore();
    if (found === undefined) return;
    printError(
      `${found} was restored: a module had replaced it, and no worker can run with that`,
    );
  };
}
