/** What sites have set up on a real Grid Engine, and maps run all the same. */

import { assertEquals, assertMatch } from "../fixtures/assert.ts";
import type { GridEngineSchedulerOptions } from "../../mod.ts";
import { otherThan } from "../../src/scheduler/grid_engine/submission.ts";
import { clearErrors, DENO, withQueue } from "../cluster/cluster.ts";
import { hidden, onCluster, withHomeFile } from "../fixtures/on_cluster.ts";
import { assertComplete, Ground, onlyFailure } from "./_ground.ts";
import type { Outcome } from "./_map_program.ts";

const test = onCluster();

/** Runs a map of two items to its end. */
async function outcome(
  scheduler: GridEngineSchedulerOptions = {},
  items = 2,
): Promise<Outcome> {
  const order = { run: "place", items, retries: 0 } as const;
  await using ground = await Ground.start({
    ...order,
    scheduler: { workers: 2, ...scheduler },
  });
  await ground.opened();
  const outcome = await ground.outcome();
  await ground.closed();
  return outcome;
}

for (const shell of ["/bin/sh", "/bin/csh"]) {
  test(`A queue whose ${shell} reads what is to be run`, () =>
    withQueue({ shell_start_mode: "script_from_stdin", shell }, async () => {
      assertComplete(await outcome(), 2);
    }));
}

test("Defaults that ask for a load value, and take commands for scripts", () =>
  withHomeFile(".sge_request", "-l mem_free=100M\n-b n", async () => {
    assertComplete(await outcome(), 2);
  }));

test("A load value that is asked for in the user's own words", async () => {
  const nativeSpecification = "-l mem_free=100M";
  assertComplete(await outcome({ nativeSpecification }), 2);
});

test("A login shell whose profile leaves no PATH, or exits with status 100", async () => {
  const nativeSpecification = "-shell y";
  await withHomeFile(".profile", "PATH=", async () => {
    assertComplete(await outcome({ nativeSpecification }), 2);
  });
  await withHomeFile(".profile", "exit 100", async () => {
    const failure = onlyFailure(await outcome({ nativeSpecification }, 1));
    const [{ cause, detail }] = failure.attempts as [typeof failure.attempts[0]];
    assertEquals(cause, "exit");
    assertMatch(
      detail,
      /status 100, .* check the profile that its shell reads \(-shell y\)/,
    );
  });
});

test("A node without deno is named", async ([node]) => {
  await hidden(node!, DENO, async () => {
    const queue = `all.q@${node!.name}`;
    const { attempts: [loss], message } = onlyFailure(await outcome({ queue }, 1));
    assertEquals([loss!.exitStatus, loss!.host], [127, node!.name]);
    assertMatch(message, new RegExp(` on ${node!.name}; .*There is no deno at`, "s"));
  });
});

test("The wish for another node is heeded", async (nodes) => {
  for (const { name } of nodes) {
    const nativeSpecification = otherThan([name]);
    await using ground = await Ground.start({
      run: "wait",
      items: 4,
      scheduler: { workers: 4, nativeSpecification },
    });
    await ground.opened();
    const hosts = (await ground.begun(4)).map(({ host }) => host);
    assertEquals(hosts.includes(name), false);
    ground.open();
    await ground.outcome();
    await ground.closed();
  }
});

test("A prolog that fails, with its node and what it said", async (nodes) => {
  await withQueue({ prolog: "/bin/false" }, async () => {
    try {
      const order = { run: "place", items: 1, retries: 0 } as const;
      await using ground = await Ground.start({
        ...order,
        scheduler: { workers: 1 },
        settings: { startTimeout: 2000 },
      });
      await ground.opened();
      const { attempts: [loss], message } = onlyFailure(await ground.outcome());
      assertEquals(loss!.cause, "never started", message);
      for (const { name } of nodes) {
        assertMatch(loss!.detail, new RegExp(` ${name}\\b`));
      }
      assertMatch(
        loss!.detail,
        /could not start it: exit_status of prolog = 1; qstat/,
      );
      await ground.closed();
    } finally {
      await clearErrors();
    }
  });
});
