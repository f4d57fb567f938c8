/**
 * Counts how often a module is loaded, by all processes of a test together.
 *
 * @module
 */

/** How often it may be: workers load it, and must not go on to others without end. */
const MOST = 20;

/** Says that a module is loaded. */
export function countLoads(): void {
  const path = Deno.env.get("TEST_LOADS")!;
  Deno.writeTextFileSync(path, ".", { append: true });
  if (Deno.statSync(path).size > MOST) throw new Error("It is loaded again and again");
}
