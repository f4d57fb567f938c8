import { assertEquals } from "../fixtures/assert.ts";
import { apply } from "../../src/closure/capture/tree.ts";

Deno.test("What is cut out leaves its lines, and what comes after it in its column", () => {
  const text = apply("a{\n1;\r\n22}b", 0, [{ start: 1, end: 10, text: ";" }]);
  assertEquals(text, "a;\n  \r\n   b");
  const longer = apply("a{\n1}b", 0, [{ start: 1, end: 5, text: "undefined" }]);
  assertEquals(longer, "aundefined\n  b");
  assertEquals(apply("abcdef", 0, [{ start: 1, end: 5, text: "xy" }]), "axy  f");
});

Deno.test("Changes are made in the order of their places, the outer ones alone", () => {
  const insert = { start: 12, end: 12, text: "+" };
  const outer = { start: 13, end: 16, text: "-" };
  const inner = { start: 14, end: 15, text: "never" };
  const before = { start: 13, end: 13, text: "<" };
  // The text begins at 10.
  const text = apply("abcdefg", 10, [inner, outer, before, insert]);
  assertEquals(text, "ab+c<-  g");
});
