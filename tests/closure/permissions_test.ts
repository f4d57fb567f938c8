/** What a program may do that is not allowed to inspect itself, or cannot. */

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

test("In the REPL a function is refused with what to do, and Deno goes on", async () => {
  const library = JSON.stringify(import.meta.resolve("../../mod.ts"));
  const lines = [
    `const { map } = await import(${library});`,
    "await map((x) => x, [1]).catch((error) => console.log(String(error)));",
    'console.log("goes on");',
  ];
  await using repl = new Deno.Command(Deno.execPath(), {
    args: ["repl", "-A", "--quiet"],
    env: { NO_COLOR: "1" },
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const output = repl.output();
  const input = repl.stdin.getWriter();
  await input.write(new TextEncoder().encode(lines.join("\n") + "\n"));
  await input.close();
  const { code, stdout } = await bounded(output);
  const text = new TextDecoder().decode(stdout);
  assertEquals(code, 0);
  assert(text.includes("SerializationError: Functions of Deno's REPL cannot"), text);
  assert(text.includes("goes on"), text);
});
