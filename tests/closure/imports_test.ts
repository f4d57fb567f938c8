/** Imports: a worker imports what the function imports. */

import { assert, assertEquals, assertRejects } from "../fixtures/assert.ts";
import * as acorn from "npm:acorn@8.19.0";
import logUpdate, { createLogUpdate } from "npm:log-update@8.0.0";
import { EventEmitter } from "node:events";
import * as fs from "node:fs";
import path, { join, posix } from "node:path";
import { SerializationError } from "../../mod.ts";
import data from "./_data.json" with { type: "json" };
import Greeter, {
  change,
  changing,
  countUp,
  hidden,
  makeAdder,
  nested,
  place,
  renamed,
  Shape,
  state,
  Tank,
} from "./_imported.ts";
import * as whole from "./_imported.ts";
import { byValue, onWorker, same } from "./_cases.ts";

same("Imports travel as imports", [
  [
    "Named, renamed and re-exported",
    () => (x: string) => [renamed(x), join(x, "..")],
    "/a/b",
  ],
  ["The default", () => (x: string) => new Greeter().greet(x), "you"],
  ["All of a module", () => (x: number) => [whole.hidden(x), whole.nested.answer]],
  ["All of a module behind another", () => (x: number) => nested.deep(x)],
  ["A constant", () => () => [changing, state.calls]],
  ["JSON, by its attribute", () => (i: number) => [data.name, data.list[i]]],
  ["Modules of Node.js", () => (x: string) => [
    path.basename(x),
    posix.sep,
    new EventEmitter().listenerCount(x),
  ], "/a/b"],
  ["Modules of Node.js and npm that an object holds", () => {
    const held = { path, fs, acorn, posixOnly: posix };
    return (x: string) => [
      held.path.join(x, ".."),
      held.fs.existsSync(x),
      held.acorn.parse(x, { ecmaVersion: 2022 }).type,
      held.posixOnly.sep,
    ];
  }, "/a/"],
  ["npm packages", () => (x: string) => {
    const tree = acorn.parse(x, { ecmaVersion: "latest" });
    const kinds = [typeof logUpdate, typeof createLogUpdate];
    return [tree.body.length, tree.body[0]!.type, ...kinds];
  }, "let a = 1; f(a)"],
  ["Classes, with what inherits from them here", () => {
    class Square extends Shape {
      override area() {
        return super.area() + 1;
      }
    }
    return (x: number) => [new Square(x).area(), new Square(x) instanceof Shape];
  }],
  ["Instances of imported classes without private fields", () => {
    const shape = new Shape(3);
    return (x: number) => [shape.area() + x, shape instanceof Shape];
  }],
  ["A function of another module that no export names", () => makeAdder(5)],
  ["Imported functions in data", () => {
    const table = { hidden, list: [renamed], map: new Map([["deep", nested.deep]]) };
    return (
      x: number,
    ) => [table.hidden(x), table.list[0]!("/a/b"), table.map.get("deep")!(x)];
  }],
  ["Imported functions as they are", () => hidden],
  ["The names of imports shadowed", () => {
    const join = (x: number) => x;
    return (hidden: number) => [join(hidden), renamed("/a/b")];
  }],
]);

same("Modules are named from where the function stands", [
  ["import.meta", () => () => [
    import.meta.url,
    import.meta.filename,
    import.meta.dirname,
    import.meta.resolve("./_data.json"),
    import.meta.resolve("../map_test.ts"),
  ]],
  ["import.meta in a class and in a nested function", () => {
    class A {
      static url = import.meta.url;
      name = [1].map(() => import.meta.filename);
    }
    return () => [A.url, new A().name];
  }],
  ["import() of a neighbour", () => async (x: number) => {
    const { deep, answer } = await import("./_nested.ts");
    return [deep(x), answer];
  }],
  ["import() of what a variable names", () => {
    const name = "nested";
    return async () => (await import(`./_${name}.ts`)).answer;
  }],
  ["import() of modules of Node.js and npm, and of JSON", () => async (x: string) => [
    (await import("node:path")).basename(x),
    (await import("npm:acorn@8.19.0")).parse(x, { ecmaVersion: 2022 }).body.length,
    (await import("./_data.json", { with: { type: "json" } })).default.list,
  ], "a"],
  ["A module that import() gave before", () => {
    const f = async () => {
      const nested = await import("./_nested.ts");
      return [nested.answer];
    };
    return f;
  }],
]);

onWorker("Modules travel by reference, or by value where settings say so", (test) => {
  test("By reference, the worker's module has a state of its own", async (d) => {
    countUp();
    const f = () => [countUp(), state.calls];
    assertEquals(await d.map(f, [1, 2], { chunkSize: 2 }), [[1, 1], [2, 2]]);
    assertEquals(state.calls, 1);
    assertEquals(place().main, false);
    const [found] = await d.map(place, [1]);
    assert(found!.name.endsWith("/_imported.ts"), found!.name);
  });

  test("A module that import() gave travels as that module", async (d) => {
    const loaded = await import("./_imported.ts");
    assertEquals(await d.map((x: number) => loaded.nested.deep(x), [1]), [43]);
    const held = { loaded, os: await import("node:os") };
    assertEquals(await d.map(() => held.os.EOL, [1]), ["\n"]);
    assertEquals(await d.map((x: number) => held.loaded.hidden(x), [1]), [20]);
  });

  test("By value, with the variables that the module has here", async (d) => {
    change();
    const f = (x: number) => [hidden(x), changing];
    assertEquals(await d.map(f, [1]), [[20, 1]]);
    await byValue(["./_imported.ts"], async () => {
      assertEquals(await d.map(f, [1]), [[30, 2]]);
      assertEquals(await d.map(hidden, [1]), [30]);
    });
  });

  test("Instances with private fields travel only by value", async (d) => {
    const tank = new Tank(10);
    tank.take(1);
    const drain = (x: number) => tank.take(x);
    await assertRejects(
      () => d.map(drain, [1]),
      SerializationError,
      "drain → tank: its private field #litres belongs to class Tank of another module",
    );
    await byValue(["./_imported.ts"], async () => {
      assertEquals(await d.map(drain, [2, 3], { chunkSize: 2 }), [7, 4]);
    });
  });
});
