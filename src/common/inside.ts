/**
 * Deno's internal functions, which are not public. A later Deno may not have them, so each
 * use has a slower fallback.
 *
 * @module
 */

interface Inside {
  core?: {
    /** Serializes plain data by structured clone. */
    serialize?: (value: unknown) => Uint8Array;
    deserialize?: (bytes: Uint8Array) => unknown;
    /** Runs a script under the name of a file. */
    evalContext?: (
      source: string,
      file: string,
    ) => [value: unknown, error: { thrown: unknown } | null];
    /** Whether a pending operation keeps the program alive. */
    refOpPromise?: (promise: unknown) => void;
    unrefOpPromise?: (promise: unknown) => void;
  };
  /** The class of the global `console`: passes formatted text to the given function. */
  Console?: new (
    print: (text: string, level: number) => void,
  ) => Record<string, (...args: unknown[]) => unknown>;
}

const deno = Deno as unknown as { internal: symbol; [key: symbol]: Inside };

/** The internal functions that this Deno has. */
export const inside: Inside = deno[deno.internal] ?? {};
