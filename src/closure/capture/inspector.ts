/**
 * Asks V8's inspector what only a debugger knows of a function: its place, and the variables
 * around it. For each question a session with this process is opened and closed again, which
 * takes microseconds.
 *
 * The answers are needed synchronously, so that variables have their values of this moment.
 * V8 answers at once, but `node:inspector` delays its callbacks by `process.nextTick`. So
 * that function is replaced during a question.
 *
 * @module
 */

import { isInteractive } from "../../common/interactive.ts";
import { nodeProcess } from "../../common/node.ts";

interface Session {
  connect(): void;
  disconnect(): void;
  on(event: "Debugger.scriptParsed", listener: (message: Parsed) => void): void;
  post(
    method: string,
    parameters: Record<string, unknown>,
    callback: (error: Error | null, result: Answer) => void,
  ): void;
}

interface Parsed {
  params: { scriptId: string; url: string };
}

interface RemoteObject {
  objectId?: string;
  value?: unknown;
  unserializableValue?: string;
}

interface Answer {
  result: RemoteObject;
  exceptionDetails?: {
    stackTrace?: { callFrames: { scriptId: string; url: string }[] };
  };
  scriptSource?: string;
  internalProperties?: { name: string; value?: RemoteObject }[];
  privateProperties?: { name: string; value?: RemoteObject }[];
}

/** The variables of one scope. */
export interface Scope {
  /** V8's description of the scope, such as `"Module"` or `"Closure (f)"`. */
  kind: string;
  variables: object;
}

/** The inspector's answer about a function. */
export interface Inspected {
  /** Its place: script, line and column, from 0. Built-ins have none. */
  location: { scriptId: string; lineNumber: number; columnNumber: number } | undefined;
  /**
   * Its scopes, innermost first. The global scope is among them only in a REPL or a notebook,
   * and has what the user declared there.
   */
  scopes: Scope[];
  /** What `bind` made it from, if it did. */
  bound: { target: object; self: unknown; args: unknown[] } | undefined;
}

/** The global property by which objects are passed to and from the inspector. */
const PLACE = Symbol.for("gridengine.inspect");
const AT_PLACE = `globalThis[Symbol.for("gridengine.inspect")]`;

const place = globalThis as unknown as { [PLACE]?: unknown };

/** The global names that are no variables, though they cannot be deleted either. */
const CONSTANTS = ["Infinity", "NaN", "undefined"];

/** Whether the program may use the inspector. */
export function mayInspect(): boolean {
  return Deno.permissions.querySync({ name: "sys" }).state === "granted";
}

/**
 * The place of a function and the variables around it.
 *
 * @param f A function or class.
 * @throws {Error} If the inspector does not answer.
 */
export function inspectFunction(f: object): Inspected {
  return ask((post) => {
    const properties = propertiesOf(post, f).internalProperties ?? [];
    const named = (name: string) =>
      properties.find((property) => property.name === name)?.value;
    const target = named("[[TargetFunction]]");
    const scopes = named("[[Scopes]]");
    const location = named("[[FunctionLocation]]")?.value as Inspected["location"];
    if (location && !urls.has(location.scriptId)) noteCallers(post);
    return {
      location,
      scopes: scopes ? scopesOf(fetch(post, scopes) as ScopeList) : [],
      bound: target && {
        target: fetch(post, target) as object,
        self: fetch(post, named("[[BoundThis]]")!),
        args: [...fetch(post, named("[[BoundArgs]]")!) as unknown[]],
      },
    };
  });
}

/**
 * An object's `#private` fields with their values. A name occurs twice if two of its
 * classes have it.
 */
export function inspectPrivates(object: object): [string, unknown][] {
  return ask((post) =>
    (propertiesOf(post, object).privateProperties ?? [])
      // Those without a value are accessors, which belong to the class.
      .flatMap(({ name, value }) => value ? [[name, fetch(post, value)]] : [])
  );
}

/**
 * The URLs of scripts by number, and some of their texts. They are kept, because listing all
 * scripts takes longer than everything else.
 */
const urls = new Map<string, string>();
const sources = new Map<string, string>();

/** The URL of a script, if it has one. */
export function scriptUrl(scriptId: string): string | undefined {
  if (!urls.has(scriptId)) list(scriptId);
  return urls.get(scriptId) || undefined;
}

/** The text of a script, as Deno runs it. */
export function scriptSource(scriptId: string): string {
  if (!sources.has(scriptId)) list(scriptId);
  return sources.get(scriptId)!;
}

/**
 * Records the URLs of the scripts that are calling. A function is usually in the file that
 * uses it, and this takes a hundredth of the time of listing all scripts.
 */
function noteCallers(post: Post): void {
  // Otherwise V8 reports only ten callers.
  post("Runtime.enable");
  const { exceptionDetails } = post("Runtime.evaluate", { expression: "throw null" });
  post("Runtime.disable");
  for (const { scriptId, url } of exceptionDetails?.stackTrace?.callFrames ?? []) {
    if (url) urls.set(scriptId, url);
  }
}

/** Lists all scripts, and reads one. */
function list(scriptId: string): void {
  ask((post, session) => {
    session.on("Debugger.scriptParsed", ({ params }) => {
      urls.set(params.scriptId, params.url);
    });
    post("Debugger.enable");
    const { scriptSource } = post("Debugger.getScriptSource", { scriptId });
    sources.set(scriptId, scriptSource ?? "");
    post("Debugger.disable");
  });
}

type Post = (method: string, parameters?: Record<string, unknown>) => Answer;

/** Opens a session, asks questions, and closes it. */
function ask<T>(work: (post: Post, session: Session) => T): T {
  const { Session } = nodeProcess().getBuiltinModule("node:inspector") as unknown as {
    Session: new () => Session;
  };
  const session = new Session();
  session.connect();
  const process = nodeProcess();
  const { nextTick } = process;
  try {
    process.nextTick = (callback: (...args: never[]) => void, ...args: never[]) =>
      callback(...args);
    return work((method, parameters = {}) => {
      let answer: { error: Error | null; result: Answer } | undefined;
      session.post(method, parameters, (error, result) => answer = { error, result });
      if (!answer) throw new Error(`The inspector of this Deno is late with ${method}`);
      if (answer.error) throw answer.error;
      return answer.result;
    }, session);
  } finally {
    process.nextTick = nextTick;
    session.disconnect();
  }
}

function propertiesOf(post: Post, object: object): Answer {
  place[PLACE] = object;
  try {
    const { objectId } = post("Runtime.evaluate", { expression: AT_PLACE }).result;
    return post("Runtime.getProperties", { objectId, ownProperties: true });
  } finally {
    delete place[PLACE];
  }
}

/** The live value that the inspector refers to. */
function fetch(post: Post, remote: RemoteObject): unknown {
  const { objectId, unserializableValue, value } = remote;
  if (!objectId) {
    if (unserializableValue === undefined) return value;
    const bigint = /^(-?\d+)n$/.exec(unserializableValue);
    return bigint ? BigInt(bigint[1]!) : Number(unserializableValue);
  }
  // Strict mode, because otherwise `this` would be an object for a symbol.
  const functionDeclaration = `function () { "use strict"; ${AT_PLACE} = this; }`;
  try {
    post("Runtime.callFunctionOn", { objectId, functionDeclaration });
    return place[PLACE];
  } finally {
    delete place[PLACE];
  }
}

/** V8's list of scopes, which is not an array. */
interface ScopeList {
  length: number;
  [index: number]: { description: string; object: object };
}

function scopesOf(list: ScopeList): Scope[] {
  return Array.from({ length: list.length }, (_, i) => list[i]!)
    .flatMap(({ description: kind, object }) => {
      if (kind !== "Global") return { kind, variables: object };
      return isInteractive() ? { kind, variables: declaredIn(object) } : [];
    });
}

/**
 * What the user declared globally by `function` or `var`. Unlike what Deno has there, these
 * cannot be deleted.
 */
function declaredIn(global: object): object {
  const variables = {};
  for (const name of Object.getOwnPropertyNames(global)) {
    const own = Object.getOwnPropertyDescriptor(global, name)!;
    if (own.configurable || CONSTANTS.includes(name)) continue;
    Object.defineProperty(variables, name, own);
  }
  return variables;
}
