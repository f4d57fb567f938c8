/**
 * Programs that tests run as an ordinary user on the submit host of a cluster that does not
 * take all jobs: `deno run -A _cluster_refusals.ts NAME`.
 *
 * @module
 */

import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
} from "../fixtures/assert.ts";
import { GridEngineScheduler, map, type Progress, WorkerLostError } from "../../mod.ts";

/** A job of this user's that waits until it is deleted. */
class Blocker implements AsyncDisposable {
  readonly #job: string;

  private constructor(job: string) {
    this.#job = job;
  }

  static async submit(): Promise<Blocker> {
    const args = ["-terse", "-b", "y", "-h", "-o", "/dev/null", "-j", "y", "/bin/true"];
    const { success, stdout } = await new Deno.Command("qsub", { args }).output();
    assert(success);
    return new Blocker(new TextDecoder().decode(stdout).trim());
  }

  /** The number of the job that the next submission gets. */
  static async nextNumber(): Promise<number> {
    await using blocker = await Blocker.submit();
    return Number(blocker.#job) + 1;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Deno.Command("qdel", { args: [this.#job] }).output();
  }
}

const increased = (x: number) => x + 1;
const ONE_JOB = /only 1 jobs are allowed per user/;

/** Where a user may have one job. */
export const refusals: Record<string, () => Promise<void>> = {
  async "What the cluster does not take now is told, and tried again"() {
    const first = await Blocker.nextNumber();
    const blocker = await Blocker.submit();
    const told: (string | undefined)[] = [];
    const progress = ({ delay }: Progress) => {
      told.push(delay);
      if (delay !== undefined) void blocker[Symbol.asyncDispose]();
    };
    {
      await using scheduler = new GridEngineScheduler({ workers: 2 });
      const options = { scheduler, progress };
      assertEquals(await map(increased, [1, 2], options), [2, 3]);
    }
    assertMatch(told.join(" "), ONE_JOB);
    // One number for each of few tries, and not four in a second.
    const used = await Blocker.nextNumber() - first;
    assert(used < 12, `${used} job numbers were used`);
  },

  async "queueTimeout ends what the cluster does not take, with its words"() {
    await using _blocker = await Blocker.submit();
    await using scheduler = new GridEngineScheduler({ workers: 1, queueTimeout: 1000 });
    const error = await assertRejects(
      () => map(increased, [1], { scheduler }),
      WorkerLostError,
      "did not start within 1000 ms",
    );
    assertMatch(error.message, ONE_JOB);
  },

  async "An abort ends what the cluster does not take"() {
    await using _blocker = await Blocker.submit();
    await using scheduler = new GridEngineScheduler({ workers: 1 });
    const controller = new AbortController();
    const progress = ({ delay }: Progress) => {
      if (delay !== undefined) controller.abort(new RangeError("There is enough"));
    };
    const options = { scheduler, progress, signal: controller.signal };
    await assertRejects(
      () => map(increased, [1], options),
      RangeError,
      "There is enough",
    );
  },
};

/** Where the user's defaults say `-w v`. */
export const verified: Record<string, () => Promise<void>> = {
  async "A submission that is only verified fails"() {
    await using scheduler = new GridEngineScheduler({ workers: 2 });
    await assertRejects(
      () => map(increased, [1, 2], { scheduler }),
      WorkerLostError,
      'set nativeSpecification to "-w e"',
    );
  },

  async "nativeSpecification goes before the user's defaults"() {
    const nativeSpecification = "-w e";
    await using scheduler = new GridEngineScheduler({
      workers: 2,
      nativeSpecification,
    });
    assertEquals(await map(increased, [1, 2], { scheduler }), [2, 3]);
  },
};

if (import.meta.main) {
  const [name] = Deno.args;
  const program = refusals[name!] ?? verified[name!];
  await program!();
}
