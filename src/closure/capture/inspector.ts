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
  on(event: string, listener: (message: Notice) => void): void;
  off(event: string, listener: (message: Notice) => void): void;
  post(
    method: string,
    parameters: Record<string, unknown>,
    callback: (error: Error | null, result: Answer) => void,
  ): void;
}

/** What V8 tells unasked. */
interface Notice {
  params: { scriptId: string; url: string; chunk: string };
}

/** An object, as the inspector refers to it. */
export interface RemoteObject {
  objectId?: string;
  value?: unknown;
  unserializableValue?: string;
}

interface Answer {
  result: RemoteObject;
  heapSnapshotObjectId?: string;
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
  /** Its number in a snapshot of the heap, if it is known. */
  id?: number;
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
  using inspection = new Inspection();
  const properties = propertiesOf(inspection, f).internalProperties ?? [];
  const named = (name: string) =>
    properties.find((property) => property.name === name)?.value;
  const target = named("[[TargetFunction]]");
  const scopes = named("[[Scopes]]");
  const location = named("[[FunctionLocation]]")?.value as Inspected["location"];
  if (location && !urls.has(location.scriptId)) noteCallers(inspection);
  return {
    location,
    scopes: scopes ? scopesOf(fetch(inspection, scopes) as ScopeList) : [],
    bound: target && {
      target: fetch(inspection, target) as object,
      self: fetch(inspection, named("[[BoundThis]]")!),
      args: [...fetch(inspection, named("[[BoundArgs]]")!) as unknown[]],
    },
  };
}

/**
 * An object's `#private` fields with their values. A name occurs twice if two of its
 * classes have it.
 */
export function inspectPrivates(object: object): [string, unknown][] {
  using inspection = new Inspection();
  return (propertiesOf(inspection, object).privateProperties ?? [])
    // Those without a value are accessors, which belong to the class.
    .flatMap(({ name, value }) => value ? [[name, fetch(inspection, value)]] : []);
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
function noteCallers(inspection: Inspection): void {
  // Otherwise V8 reports only ten callers.
  inspection.post("Runtime.enable");
  const { exceptionDetails } = inspection.post("Runtime.evaluate", {
    expression: "throw null",
  });
  inspection.post("Runtime.disable");
  for (const { scriptId, url } of exceptionDetails?.stackTrace?.callFrames ?? []) {
    if (url) urls.set(scriptId, url);
  }
}

/** Lists all scripts, and reads one. */
function list(scriptId: string): void {
  using inspection = new Inspection();
  inspection.on("Debugger.scriptParsed", ({ scriptId, url }) => {
    urls.set(scriptId, url);
  });
  inspection.post("Debugger.enable");
  const { scriptSource } = inspection.post("Debugger.getScriptSource", { scriptId });
  sources.set(scriptId, scriptSource ?? "");
  inspection.post("Debugger.disable");
}

/**
 * The session with this process, and how many use it. It is one for all: V8 forgets the
 * numbers of objects in a heap snapshot when any session is closed.
 */
let shared: { session: Session; users: number } | undefined;

/** The use of a session with this process. */
export class Inspection implements Disposable {
  readonly #shared = shared ??= { session: openSession(), users: 0 };
  readonly #session = this.#shared.session;
  readonly #listeners: [string, (message: Notice) => void][] = [];

  constructor() {
    this.#shared.users++;
  }

  /** Asks a question that V8 answers at once. */
  post(method: string, parameters: Record<string, unknown> = {}): Answer {
    const process = nodeProcess();
    const { nextTick } = process;
    try {
      process.nextTick = (callback: (...args: never[]) => void, ...args: never[]) =>
        callback(...args);
      let answer: { error: Error | null; result: Answer } | undefined;
      this.#session.post(method, parameters, (error, result) => {
        answer = { error, result };
      });
      if (!answer) throw new Error(`The inspector of this Deno is late with ${method}`);
      if (answer.error) throw answer.error;
      return answer.result;
    } finally {
      process.nextTick = nextTick;
    }
  }

  /** Asks a question that V8 answers at another turn of the event loop. */
  async ask(method: string, parameters: Record<string, unknown> = {}): Promise<void> {
    // Deno does not wait for the answer if there is nothing else to do.
    const waiting = setInterval(() => {}, 1000);
    try {
      await new Promise<void>((resolve, reject) => {
        this.#session.post(method, parameters, (error) => {
          if (error) reject(error);
          else resolve();
        });
      });
    } finally {
      clearInterval(waiting);
    }
  }

  /** Listens to what V8 tells unasked. */
  on(event: string, listener: (params: Notice["params"]) => void): void {
    const heard = ({ params }: Notice) => listener(params);
    this.#listeners.push([event, heard]);
    this.#session.on(event, heard);
  }

  [Symbol.dispose](): void {
    for (const [event, heard] of this.#listeners) this.#session.off(event, heard);
    if (--this.#shared.users > 0) return;
    shared = undefined;
    this.#session.disconnect();
  }
}

function openSession(): Session {
  const { Session } = nodeProcess().getBuiltinModule("node:inspector") as unknown as {
    Session: new () => Session;
  };
  const session = new Session();
  session.connect();
  return session;
}

/** The inspector's reference to an object. */
export function remoteOf(inspection: Inspection, object: object): string {
  place[PLACE] = object;
  try {
    return inspection.post("Runtime.evaluate", { expression: AT_PLACE }).result
      .objectId!;
  } finally {
    delete place[PLACE];
  }
}

function propertiesOf(inspection: Inspection, object: object): Answer {
  const objectId = remoteOf(inspection, object);
  return inspection.post("Runtime.getProperties", { objectId, ownProperties: true });
}

/** The live value that the inspector refers to. */
export function fetch(inspection: Inspection, remote: RemoteObject): unknown {
  const { objectId, unserializableValue, value } = remote;
  if (!objectId) {
    if (unserializableValue === undefined) return value;
    const bigint = /^(-?\d+)n$/.exec(unserializableValue);
    return bigint ? BigInt(bigint[1]!) : Number(unserializableValue);
  }
  // Strict mode, because otherwise `this` would be an object for a symbol.
  const functionDeclaration = `function () { "use strict"; ${AT_PLACE} = this; }`;
  try {
    inspection.post("Runtime.callFunctionOn", { objectId, functionDeclaration });
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
