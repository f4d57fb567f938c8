/** What a program may do that is not allowed to inspect itself. */

import { assert, assertEquals } from "../fixtures/assert.ts";
import { bounded, test } from "../fixtures/tools.ts";

test("Without --allow-sys functions that capture nothing work, and others say why not", async () => {
  const program = new URL("./_without_sys.ts", import.meta.url).pathname;
  const { code, stdout, stderr } = await bounded(
    new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--deny-sys", program],
      env: { NO_COLOR: "1" },
    }).output(),
  );
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  assertEquals([code, text(stderr)], [0, ""]);
  const { bound, neighbour, captures, imports, deeper, ...works } = JSON.parse(
    text(stdout),
  );
  assertEquals(works, {
    plain: [4, 4, [5]],
    named: 24,
    later: ["4", 1],
    builtIn: 2,
    ofNode: "4",
    method: 5,
  });
  const refused = {
    "The function bound max was bound": bound,
    "The function neighbour uses import() or import.meta": neighbour,
    'The function captures uses the variable "factor"': captures,
    'The function imports uses the variable "basename"': imports,
    'The function deeper uses the variable "inner"': deeper,
  };
  for (const [complaint, message] of Object.entries(refused)) {
    assert(message.startsWith(`SerializationError: ${complaint}`), message);
    assert(message.endsWith("run it with --allow-sys"), message);
  }
});
