/**
 * Which tests hold which modules: quick ones, for they run once for each way to break one.
 *
 * @module
 */

/** Modules, and the arguments of `deno test` with which they are tested, one by one. */
export interface Covered {
  modules: string[];
  tests: string[][];
}

const closure = (...names: string[]) => names.map((name) => `tests/closure/${name}`);

/** What can be broken; the quickest tests come first. */
export const COVERED: Covered[] = [
  {
    modules: ["core", "books", "handing_out", "losses", "reports", "run", "portions"]
      .map((name) => `src/core/${name}.ts`),
    tests: [["tests/core/"], ["tests/simulation/"]],
  },
  {
    modules: ["link", "pieces", "order"].map((name) => `src/protocol/${name}.ts`),
    tests: [[
      "tests/protocol/link_test.ts",
      "tests/protocol/order_test.ts",
      "tests/protocol/pieces_test.ts",
    ], [
      "tests/simulation/",
    ]],
  },
  {
    modules: ["src/worker/between/running_item.ts"],
    tests: [["tests/worker/running_item_test.ts"]],
  },
  {
    modules: ["src/worker/between/held_results.ts"],
    tests: [["tests/worker/held_results_test.ts", "tests/worker/outbox_test.ts"]],
  },
  {
    modules: ["src/worker/between/ring.ts"],
    tests: [["tests/worker/channel_test.ts"]],
  },
  {
    modules: ["analyze", "class_text", "tree"].map((name) =>
      `src/closure/capture/${name}.ts`
    ),
    tests: [
      closure("analyze_test.ts", "class_text_test.ts"),
      closure("refusals_test.ts", "functions_test.ts", "variables_test.ts"),
      closure("classes_test.ts", "changed_test.ts", "function_objects_test.ts"),
      closure(
        "imports_test.ts",
        "inheritance_test.ts",
        "instances_test.ts",
        "own_names_test.ts",
        "permissions_test.ts",
        "remedies_test.ts",
        "shared_variables_test.ts",
        "stacks_test.ts",
        "tree_test.ts",
        "typescript_test.ts",
        "values_test.ts",
      ),
    ],
  },
];
