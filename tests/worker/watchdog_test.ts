import { assertEquals } from "../fixtures/assert.ts";
import { Watchdog } from "../../src/worker/core/watchdog.ts";

Deno.test("A watchdog counts its looks while nothing changes", () => {
  const watchdog = new Watchdog(50);
  const looks = [[0, 1], [0, 1], [0, 1], [1, 1], [1, 1], [1, 2], [0, 2], [0, 2]];
  const times = looks.map(([state, item]) =>
    watchdog.look({ state: state!, item: item! })
  );
  assertEquals(times, [0, 50, 100, 0, 50, 0, 0, 50]);
  watchdog.reset();
  assertEquals(watchdog.look({ state: 0, item: 2 }), 0);
});
