/**
 * Whether a worker is loading modules for a function that it has received.
 *
 * @module
 */

/** How many imports are running. */
let imports = 0;

/** Whether modules are being loaded. */
export function isImporting(): boolean {
  return imports > 0;
}

/** Loads a module. */
export async function importing<T>(load: () => Promise<T>): Promise<T> {
  imports++;
  try {
    return await load();
  } finally {
    imports--;
  }
}
