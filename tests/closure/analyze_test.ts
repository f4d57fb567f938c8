/** What a parser finds out of a function's text alone: see `closure/capture/analyze.ts`. */

import { assert, assertEquals, assertThrows } from "../fixtures/assert.ts";
import { analyze, importsOf, loadTools } from "../../src/closure/capture/analyze.ts";
import { SerializationError } from "../../src/errors.ts";

const tools = await loadTools();

Deno.test("importsOf() knows imports by every form of name", () => {
  const found = importsOf(
    tools,
    `import a, { b as c, "d-e" as f } from "./m.ts";
    import * as g from "npm:g";
    import data from "./data.json" with { type: "json", "other": "x" };`,
  );
  assertEquals(Object.fromEntries(found), {
    a: { specifier: "./m.ts", name: "default", attributes: {} },
    c: { specifier: "./m.ts", name: "b", attributes: {} },
    f: { specifier: "./m.ts", name: "d-e", attributes: {} },
    g: { specifier: "npm:g", name: "*", attributes: {} },
    data: {
      specifier: "./data.json",
      name: "default",
      attributes: { type: "json", other: "x" },
    },
  });
});

Deno.test("importsOf() finds nothing in what is no module", () => {
  assertEquals(importsOf(tools, "with (x) y").size, 0);
});

Deno.test("analyze() says whether a function depends on where it stands", () => {
  const placed: [string, boolean][] = [
    [`() => import("./a.ts")`, true],
    [`() => import("npm:a")`, false],
    [`() => import("https://a.example/b.ts")`, false],
    ["(name) => import(name)", true],
    [`() => [import("./a.ts"), import("npm:a")]`, true],
    [`() => [import("npm:a"), import("./a.ts")]`, true],
    ["() => import.meta.url", true],
    ["(x) => x * x", false],
  ];
  for (const [source, expected] of placed) {
    assertEquals(analyze(tools, source, "f", false).placed, expected, source);
  }
});

Deno.test("analyze() says of a text that cannot be read what is wrong with it", () => {
  const error = assertThrows(
    () => analyze(tools, "(x) => x +", "f", false),
    SerializationError,
    "f cannot be sent to a worker by its source: Unexpected token",
  );
  assert(error.message.endsWith("; export it from a module of its own"));
  assert(error.cause instanceof SyntaxError);
});

/** The variables that a text uses, each as `"name"`, with what else is known of it. */
function freeOf(source: string): string[] {
  const { free } = analyze(tools, source, "f", false);
  return [...free].map(([name, { written, early }]) =>
    [name, written && "written", early && "early"].filter(Boolean).join(" ")
  );
}

Deno.test("analyze() says which variables are needed to make a class", () => {
  const source = `class extends Base {
    [field] = value;
    static [gone] = alsoGone;
    [method]() { return used; }
    #secret = hidden;
    plain = last;
  }`;
  assertEquals(freeOf(source), [
    "Base early",
    "field early",
    "value",
    "used",
    "hidden",
    "last",
  ]);
});

Deno.test("analyze() says which variables are assigned to, however often they are read", () => {
  assertEquals(freeOf("() => { a = b; b; a; }"), ["a written", "b"]);
  assertEquals(freeOf("() => a + (a = 1)"), ["a written"]);
});

Deno.test("analyze() knows by which name a function means itself", () => {
  const nameOf = (source: string) => analyze(tools, source, "f", false).ownName;
  assertEquals(nameOf("function f(n) { return n && f(n - 1); }"), {
    name: "f",
    written: false,
  });
  assertEquals(nameOf("function f() { f; f = 1; }"), { name: "f", written: true });
  assertEquals(nameOf("function f() { return g; }"), undefined);
  assertEquals(nameOf("function () { return f; }"), undefined);
  const { ownName, free, text } = analyze(
    tools,
    "function f(n) { return n && f(n - 1); }",
    "f",
    false,
  ).asDeclaration();
  assertEquals(ownName, undefined);
  assertEquals(free.get("f"), { written: false, early: false });
  assertEquals(text(0, false), "function  (n) { return n && f(n - 1); }");
});

Deno.test("analyze() forgets how the name of a method was computed", () => {
  const { form, free, text } = analyze(tools, "[key](x) { return x + y; }", "f", false);
  assertEquals(form, "method");
  assertEquals([...free.keys()], ["y"]);
  assertEquals(text(0, false), "[0  ](x) { return x + y; }");
  const plain = analyze(tools, "name(x) { return x; }", "f", false);
  assertEquals(plain.text(0, false), "name(x) { return x; }");
});

Deno.test("analyze() refuses what a function means only where it stands, and says why", () => {
  const refusals: [string, string][] = [
    ["() => super(1)", "calls `super()` of the constructor around it"],
  ];
  for (const [source, what] of refusals) {
    const refused = () => analyze(tools, source, "f", false);
    const error = assertThrows(refused, SerializationError, what, source);
    assert(error.cause instanceof SyntaxError, source);
  }
});

Deno.test("analyze() leaves out what was evaluated here for good", () => {
  assertEquals(freeOf("class extends mixin(Base) { m() { return used; } }"), ["used"]);
  const source = `class {
    static [key] = gone;
    static value = alsoGone;
    static #hidden = goneToo;
    static { leftOut(); }
    static [name]() { return a; }
    static #method() { return b; }
    get [accessor]() { return c; }
    field = d;
  }`;
  assertEquals(freeOf(source), ["a", "b", "c", "d"]);
});

const aroundOf = (
  source: string,
): string[] => [...analyze(tools, source, "f", false).around];

Deno.test("analyze() tells private names of classes around from those of inner ones", () => {
  const around: [string, ...string[]][] = [
    ["(x) => x.#a + this.#b() + x?.#c", "a", "b", "c"],
    ["(x) => #a in x", "a"],
    ["class { #a; m() { return class { #b; n() { return this.#a + this.#b; } } } }"],
    ["class { #a; m(x) { return x.#b; } }", "b"],
    ["() => { class A { #a = 1; } return (x) => x.#a; }", "a"],
  ];
  for (const [source, ...names] of around) {
    assertEquals([...analyze(tools, source, "f", false).privates], names, source);
  }
});

Deno.test("analyze() tells the function's own `this` and `super` from those around it", () => {
  const own = [
    "function () { return this; }",
    "() => function () { return this; }",
    "() => class { m() { return this.x + super.y; } }",
    "() => class { field = this.x; static { this.y = super.z; } }",
    "() => { class A { field = this.x; static { this.y = super.z; } } return A; }",
    "() => ({ m() { return super.a + this.b; } })",
    "() => ({ get g() { return super.a + this.b; }, set s(v) { this.v = super.a; } })",
    "m() { return this.x; }",
    "get g() { return this.x; }",
    "class { field = this.x; m() { return super.y; } }",
  ];
  for (const source of own) assertEquals(aroundOf(source), [], source);
  const around: [string, ...string[]][] = [
    ["() => this", "this"],
    ["class extends this.Base {}"],
    ["class { [this.key] = 1; }", "this"],
    ["class { [this.key]() {} }"],
    ["() => class extends this.Base {}", "this"],
    ["() => class { [this.key]() {} }", "this"],
    ["() => ({ value: () => this })", "this"],
    ["() => ({ [this.key]() {} })", "this"],
    ["(a = arguments) => a", "arguments"],
    ["() => ({ arguments })", "arguments"],
    ["() => a.arguments + { arguments: 1 }.b"],
    ["() => function (a = arguments) { return new.target; }"],
    ["() => [new.target, import.meta]", "new.target"],
    ["() => super.a()", "super", "this"],
    ["m() { return super.x; }", "super"],
    ["m() { return () => super.x; }", "super"],
    ["get g() { return super.x; }", "super"],
    ["m() { return class extends super.Base {}; }", "super"],
    ["m() { return class { [super.key] = 1; }; }", "super"],
  ];
  for (const [source, ...words] of around) {
    assertEquals(aroundOf(source), words, source);
  }
});
