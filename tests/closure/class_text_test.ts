/** What the text of a class says, and becomes: see `closure/capture/class_text.ts`. */

import { assert, assertEquals } from "../fixtures/assert.ts";
import { analyze, loadTools } from "../../src/closure/capture/analyze.ts";
import type { ClassFacts } from "../../src/closure/capture/class_text.ts";

const tools = await loadTools();
const read = (source: string) => analyze(tools, source, "A", false);
const factsOf = (source: string): ClassFacts => read(source).class!;

Deno.test("A class says what it extends", () => {
  const parents: [string, string, string | undefined][] = [
    ["class {}", "none", undefined],
    ["class extends null {}", "none", undefined],
    ["class extends Base {}", "named", "Base"],
    ["class extends mixin(Base) {}", "expression", undefined],
    ["class extends module.Base {}", "expression", undefined],
  ];
  for (const [source, parent, parentName] of parents) {
    const facts = factsOf(source);
    assertEquals(facts.parent, parent, source);
    assertEquals(facts.parentName, parentName, source);
  }
});

Deno.test("A class says which members it has, and by which text", () => {
  const { members, computed } = factsOf(
    `class { m() {} "a-b"() {} 7() {} static  async s() {} get g() { return 1; } ` +
      `[k]() {} #n() {} static #r() {} field = 1; constructor() {} }`,
  );
  assertEquals(members.map(({ name, text, kind }) => [name, kind, text]), [
    ["m", "method", "m() {}"],
    ["a-b", "method", `"a-b"() {}`],
    ["7", "method", "7() {}"],
    ["s", "method", "async s() {}"],
    ["g", "get", "get g() { return 1; }"],
    [undefined, "method", "[k]() {}"],
  ]);
  assertEquals(members.map((member) => member.static), [
    false,
    false,
    false,
    true,
    false,
    false,
  ]);
  assertEquals(computed, members.slice(5));
});

Deno.test("A class says what is private in it, and whether instances bear that", () => {
  const privates: [string, string[], string[], boolean][] = [
    ["class { a = 1; m() {} static s() {} }", [], [], false],
    ["class { #a; b; #c = 1; }", ["#a", "#c"], [], true],
    ["class { static #a; static b; static #c = 1; }", [], ["#a", "#c"], false],
    ["class { #m() {} }", [], [], true],
    ["class { static #m() {} }", [], [], false],
  ];
  for (const [source, fields, statics, marks] of privates) {
    const facts = factsOf(source);
    assertEquals(facts.privateFields, fields, source);
    assertEquals(facts.staticPrivateFields, statics, source);
    assertEquals(facts.marksInstances, marks, source);
  }
});

Deno.test("A class says what comes before its constructor's parameters", () => {
  assertEquals(factsOf("class { m() {} }").head, undefined);
  const head = "class extends Base { a = 1; constructor";
  assertEquals(factsOf(`${head}(a) { super(a); } }`).head, head);
});

/** What a text that sets things from outside is given, for a look at what it does. */
interface Given {
  statics: Map<number, (name: string, value: unknown) => void>;
  kept: { names: string[]; set: (name: string, value: unknown) => void }[];
  restoring: boolean;
}

/** The class that a text makes. */
function made(source: string, given: Given): new () => object {
  const restore = {
    get on() {
      return given.restoring;
    },
    args: [],
    keep: (names: string[], set: Given["kept"][0]["set"]) =>
      given.kept.push({ names, set }),
  };
  const keep = (index: number, set: Given["kept"][0]["set"]) =>
    given.statics.set(index, set);
  const text = read(source).text(3, true);
  const names = ["$ge_restore", "$ge_keep", "$ge_inside"];
  return new Function(...names, `return (${text})`)(restore, keep, () => {});
}

Deno.test("What is private and static is set from outside, however its field ends", () => {
  for (const field of ["static #p = 1", "static #p = 1;", "static #p", "static #p\n"]) {
    const given: Given = { statics: new Map(), kept: [], restoring: false };
    const source = `class { static get() { return this.#p; } ${field} }`;
    const A = made(source, given) as unknown as { get(): unknown };
    assertEquals(A.get(), undefined, field);
    given.statics.get(3)!("#p", 42);
    assertEquals(A.get(), 42, field);
  }
});

Deno.test("A class without private statics gives nobody a way to set some", () => {
  const given: Given = { statics: new Map(), kept: [], restoring: false };
  made("class { a = 1; static b = 2; #c = 3; }", given);
  assertEquals(given.statics.size, 0);
});

Deno.test("A class that is restored makes an object without its own doing", () => {
  const sources = [
    "class { #p = fail(); q = fail(); get() { return this.#p; } }",
    "class { #p = fail(); constructor() { fail(); } get() { return this.#p; } }",
    "class extends Array { #p = fail(); get() { return this.#p; } }",
    "class extends Array { #p = 1; constructor() { super(); fail(); } get() { return this.#p; } }",
  ];
  for (const source of sources) {
    const given: Given = { statics: new Map(), kept: [], restoring: true };
    const A = made(source, given);
    const object = new A() as { get(): unknown };
    assertEquals(given.kept.map(({ names }) => names), [["#p"]], source);
    given.kept[0]!.set("#p", 42);
    assertEquals(object.get(), 42, source);
    assertEquals(object instanceof Array, source.includes("Array"), source);
  }
});

Deno.test("A class that can be restored is what it was when it is not", () => {
  const given: Given = { statics: new Map(), kept: [], restoring: false };
  const source = "class extends Array { #p = 1; get() { return this.#p; } }";
  const A = made(source, given) as unknown as new (
    length: number,
  ) => { length: number; get(): number };
  const object = new A(3);
  assert(object instanceof Array);
  assertEquals([object.length, object.get()], [3, 1]);
  assertEquals(given.kept, []);
  const plain = "class { static a = 1; b = 2; constructor(c) { this.c = c; } }";
  assertEquals(
    read(plain).text(3, false),
    plain.replace("static a = 1;", ";            "),
  );
});
