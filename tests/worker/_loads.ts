/**
 * A module that is loaded by the host as it is, and on a worker as `GE_TEST_LOAD` says:
 * `exit` exits, `never` does not come to an end, and with a path it waits for that file.
 */

const how = Deno.env.get("GE_TEST_LOAD");
const exists = (path: string) => Deno.stat(path).then(() => true, () => false);
if (how === "exit") {
  console.log("The licence has expired.");
  Deno.exit(2);
} else if (how === "never") {
  for (;;);
} else if (how !== undefined) {
  Deno.writeTextFileSync(`${how}.waits`, "");
  while (!await exists(how)) await new Promise((next) => setTimeout(next, 20));
}

/** Twice as much. */
export function double(x: number): number {
  return 2 * x;
}
