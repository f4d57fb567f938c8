/**
 * A program whose library never answers. Its seconds are milliseconds, so that the limit
 * is not waited for.
 *
 * @module
 */

import { Watch } from "../../src/scheduler/grid_engine/keeper/watch.ts";

const { setInterval } = globalThis;
globalThis.setInterval =
  ((work: () => void, milliseconds: number) =>
    setInterval(work, milliseconds / 1000)) as typeof globalThis.setInterval;

const watch = new Watch();
await watch.during("drmaa_init", () => Promise.resolve());
console.log("one has answered");
await watch.during("drmaa_control", () => new Promise(() => {}));
