import { assertStringIncludes } from "../fixtures/assert.ts";
import { cleanUp } from "../../src/common/cleanup.ts";
import { saying } from "../fixtures/saying.ts";
import { test } from "../fixtures/tools.ts";

test("What never comes to its end is left to itself", async () => {
  const { said } = await saying(() =>
    cleanUp("it will not end", () => new Promise(() => {}), 1)
  );
  assertStringIncludes(said, "gridengine: it will not end: it takes longer than 1 ms");
});
