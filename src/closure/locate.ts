/**
 * Where a function stands: V8's inspector knows the script, line and column of every
 * function. One session on the own process is opened for a look-up and closed again.
 *
 * @module
 */

import type { Place } from "./payload.ts";

interface Session {
  connect(): void;
  disconnect(): void;
  on(event: string, listener: (message: { params: Script }) => void): void;
  post(
    method: string,
    parameters: Record<string, unknown>,
    callback: (error: Error | null, result: Result) => void,
  ): void;
}

interface Script {
  scriptId: string;
  url: string;
}

interface Result {
  result: { objectId?: string };
  internalProperties?: {
    name: string;
    value?: { value?: { scriptId: string; lineNumber: number; columnNumber: number } };
  }[];
}

/** Where the function to look up is put, so that the inspector can name it. */
const PLACE = Symbol.for("gridengine.locate");
/** The scripts by number: listing them takes longer than all the rest, so they are kept. */
const scripts = new Map<string, string>();

let last: Promise<unknown> = Promise.resolve();

/**
 * Finds where a function stands.
 *
 * @param f A function or class.
 * @returns `undefined` for a built-in, and where the permission `--allow-sys` is missing.
 */
export function locate(f: object): Promise<Place | undefined> {
  // One at a time: they share one place.
  const found = last.then(() => look(f));
  last = found.catch(() => {});
  return found;
}

async function look(f: object): Promise<Place | undefined> {
  const permission = await Deno.permissions.query({ name: "sys" });
  if (permission.state !== "granted") return undefined;
  const { Session } = await import("node:inspector") as unknown as {
    Session: new () => Session;
  };
  const session = new Session();
  session.connect();
  const post = (method: string, parameters = {}): Promise<Result> =>
    new Promise((resolve, reject) =>
      session.post(
        method,
        parameters,
        (error, result) => error ? reject(error) : resolve(result),
      )
    );
  const place = globalThis as { [PLACE]?: object };
  try {
    place[PLACE] = f;
    const { result } = await post("Runtime.evaluate", {
      expression: `globalThis[Symbol.for("gridengine.locate")]`,
    });
    const { internalProperties } = await post("Runtime.getProperties", {
      objectId: result.objectId,
      ownProperties: true,
    });
    const found = internalProperties?.find(({ name }) =>
      name === "[[FunctionLocation]]"
    );
    const location = found?.value?.value;
    if (!location) return undefined;
    if (!scripts.has(location.scriptId)) {
      session.on("Debugger.scriptParsed", ({ params }) => {
        scripts.set(params.scriptId, params.url);
      });
      await post("Debugger.enable");
      await post("Debugger.disable");
    }
    const file = scripts.get(location.scriptId);
    if (!file) return undefined;
    return { file, line: location.lineNumber, column: location.columnNumber };
  } finally {
    delete place[PLACE];
    session.disconnect();
  }
}
