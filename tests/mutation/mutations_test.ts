import { assertEquals } from "../fixtures/assert.ts";
import { mutationsOf } from "./mutations.ts";

/** The ways to break a text, as its lines would be. */
function broken(source: string): string[] {
  return mutationsOf(source).map(({ start, end, text }) =>
    source.slice(0, start) + text + source.slice(end)
  );
}

Deno.test("A line is broken in one place at a time, and its types stay", () => {
  assertEquals(broken("if ((a as number) < b + 2) f(!c);"), [
    "if (false) f(!c);",
    "if (true) f(!c);",
    "if ((a as number) <= b + 2) f(!c);",
    "if ((a as number) >= b + 2) f(!c);",
    "if ((a as number) < b) f(!c);",
    "if ((a as number) < b - 2) f(!c);",
    "if ((a as number) < b + 0) f(!c);",
    "if ((a as number) < b + 2) ;",
    "if ((a as number) < b + 2) f(c);",
  ]);
});

Deno.test("A mutation says where it is", () => {
  const [{ line, column, before, text } = {}] = mutationsOf("let x: 1;\n  x ??= y;");
  assertEquals({ line, column, before, text }, {
    line: 2,
    column: 3,
    before: "x ??= y;",
    text: ";",
  });
});
