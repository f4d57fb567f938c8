/**
 * A program that may not inspect itself: `deno run -A --deny-sys _without_sys.ts`.
 *
 * @module
 */

import { basename } from "node:path";
import { JobDispatcher, ProcessScheduler } from "../../mod.ts";

const factor = 3;
const inner = { f: (x: number) => x * factor };

const functions: Record<string, (x: never) => unknown> = {
  plain: (x: number) => [x, Math.max(x, 2), [x].map((y) => y + 1)],
  named: function fact(n: number): number {
    return n < 2 ? 1 : n * fact(n - 1);
  },
  later: async (x: number) => {
    const { basename } = await import("node:path");
    class Own {
      #x = 1;
      get() {
        return this.#x;
      }
    }
    return [basename(`/a/${x}`), new Own().get()];
  },
  builtIn: Math.sqrt,
  ofNode: (x: number) =>
    globalThis.process.getBuiltinModule("node:path").basename(`/a/${x}`),
  method: {
    f(x: number) {
      return x + 1;
    },
  }.f,
  bound: Math.max.bind(null, 5),
  neighbour: async (x: number) => (await import("./_nested.ts")).deep(x),
  captures: (x: number) => x * factor,
  imports: (x: number) => basename(`/a/${x}`),
  deeper: (x: number) => inner.f(x),
};

if (import.meta.main) {
  const scheduler = () => new ProcessScheduler({ workers: 1 });
  await using dispatcher = new JobDispatcher({ scheduler });
  const found: Record<string, unknown> = {};
  for (const [name, f] of Object.entries(functions)) {
    try {
      [found[name]] = await dispatcher.map(f as (x: number) => unknown, [4]);
    } catch (error) {
      found[name] = `${error}`;
    }
  }
  console.log(JSON.stringify(found));
}
