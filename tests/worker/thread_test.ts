/** The thread of a worker, by itself: see `src/worker/thread/main.ts`. */

import { assertStringIncludes } from "../fixtures/assert.ts";
import { test } from "../fixtures/tools.ts";

test("A thread that cannot begin fails, and does not leave its worker waiting", async () => {
  const module = new URL("../../src/worker/thread/main.ts", import.meta.url).href;
  const thread = new Worker(module, { type: "module" });
  const { promise, resolve } = Promise.withResolvers<string>();
  thread.onerror = (event) => {
    event.preventDefault();
    resolve(event.message);
  };
  // It says nothing of the program whose functions are to run.
  thread.postMessage({ worker: "1", host: "here" });
  try {
    assertStringIncludes(await promise, "Cannot destructure property 'main'");
  } finally {
    thread.terminate();
  }
});
