/**
 * Functions and classes into data, on the host, with all that they captured.
 *
 * What a worker has by itself travels by name: built-ins, and what other modules export.
 * All else travels by its source with the values of the variables that it uses, and so
 * do the functions and objects among those, until nothing is left.
 *
 * @module
 */

import { types } from "node:util";
import { SerializationError } from "../errors.ts";
import { partialOf } from "../partial.ts";
import { settings } from "../settings.ts";
import {
  type Analysis,
  analyze,
  type ImportBinding,
  importsOf,
  loadTools,
  type Member,
  NAMES,
  type Tools,
} from "./analyze.ts";
import {
  type BuiltinPlace,
  findGlobal,
  findInModules,
  wellKnownName,
} from "./builtins.ts";
import { HIDDEN, hiddenBuiltins } from "./hidden_builtins.ts";
import { inspectPrivates, mayInspect, scriptSource, scriptUrl } from "./inspector.ts";
import {
  childrenOf,
  isBase,
  isPlainData,
  outlineOf,
  rebuildable,
  refusalOf,
  stepTo,
} from "./objects.ts";
import { describePlace } from "./stack.ts";
import {
  type Graph,
  type Key,
  type Members,
  type Node,
  type Place,
  type Property,
  SHIPPED,
  type Slot,
} from "./payload.ts";
import { type Captured, layOut, type Shipped } from "./scripts.ts";
import { type Snapshot, snapshot, snapshotAll, type Snapshots } from "./snapshot.ts";

// deno-lint-ignore ban-types -- any function at all
type AnyFunction = Function;

/** How long a module may take to be imported that is loaded already, in milliseconds. */
const IMPORT_TIMEOUT = 1000;

/**
 * Refuses at once what can be seen to be no function that can travel.
 *
 * @throws {TypeError} When it is no function.
 */
export function checkFunction(f: unknown): void {
  if (typeof f !== "function") {
    const what = f === null ? "null" : `a value of type ${typeof f}`;
    throw new TypeError(`Cannot run ${what} on a worker: a function is expected`);
  }
  if (partialOf(f)) return checkFunction(partialOf(f)!.target);
  if (isClass(sourceOf(f))) {
    throw new TypeError(
      `Cannot call class "${f.name}" without new: give a function, such as ` +
        `(x) => new ${f.name}(x)`,
    );
  }
}

/** A function or class whose variables are written down, ready to be captured. */
export interface Root {
  value: AnyFunction;
  snapshots: Snapshots;
}

/** Writes down the variables around a function or class as they are now. */
export function rootOf(value: AnyFunction): Root {
  const snapshots = mayInspect()
    ? snapshotAll(partialOf(value)?.target ?? value)
    : new Map();
  return { value, snapshots };
}

/** What was captured: a graph, and where in it the values are that were asked for. */
export interface CapturedGraph extends Graph {
  slots: Slot[];
  /** Whether it would be the same at any other time: it is one function, by itself. */
  constant: boolean;
}

/**
 * Captures a function or class, and values that belong to it.
 *
 * @param root The function or class.
 * @param others Further values, each with what to call it.
 * @param job The class `Job`, which a worker has of its own.
 * @throws {SerializationError} When something cannot travel: it says what, by the path
 * that leads to it, and what to do.
 */
export async function capture(
  root: Root,
  others: { name: string; value: unknown }[] = [],
  job?: AnyFunction,
): Promise<CapturedGraph> {
  const graph = new Capture(root.snapshots, job);
  await graph.add(root.value, root.value.name || UNNAMED);
  for (const { name, value } of others) await graph.add(value, name);
  return graph.finish([root.value, ...others.map(({ value }) => value)]);
}

/** Something that was found on the way, which is no plain value. */
interface Found {
  value: object | symbol;
  /** From where it was found first, and by what step. */
  from: Found | undefined;
  step: string;
  /** Those in which it was found. */
  in: Found[];
  /** Makes a node of it; plain data needs none. */
  node?: () => Node;
  /** Its number, once it is known to need one. */
  number?: number;
}

/** An instance whose class names something `#private`. */
interface Marked {
  found: Found;
  classes: AnyFunction[];
  privates: [string, unknown][];
  /** Whether its class has to make it. */
  made: boolean;
}

class Capture {
  readonly #found = new Map<unknown, Found>();
  readonly #waiting: Found[] = [];
  readonly #snapshots: Snapshots;
  readonly #job: AnyFunction | undefined;
  readonly #shipped = new Map<object, Shipped>();
  /** Imports of primitive values, which have no identity. */
  readonly #imports = new Map<string, Found>();
  /** Instances whose classes may have `#private` fields. */
  readonly #marked: Marked[] = [];
  /** Views, by the buffers that they show. */
  readonly #views = new Map<unknown, Found[]>();
  #layout: ReturnType<typeof layOut> | undefined;

  constructor(snapshots: Snapshots, job: AnyFunction | undefined) {
    this.#snapshots = snapshots;
    this.#job = job;
  }

  /** Finds all that belongs to a value. */
  async add(value: unknown, name: string): Promise<void> {
    this.#see(value, undefined, name);
    for (let found; (found = this.#waiting.pop());) await this.#explore(found);
  }

  finish(values: unknown[]): CapturedGraph {
    for (const marked of this.#marked) this.#prepareMaker(marked);
    for (const [buffer, views] of this.#views) {
      if (views.length === 1 && !this.#found.has(buffer)) continue;
      for (const view of views) view.node = () => this.#viewNode(view.value as View);
    }
    const special = [...this.#found.values(), ...this.#imports.values()]
      .filter(({ node }) => node);
    // What holds something special is special itself.
    const nodes: Found[] = [];
    for (let found; (found = special.pop());) {
      if (found.number !== undefined) continue;
      found.number = nodes.push(found) - 1;
      found.node ??= this.#plainNode(found.value as object);
      for (const holder of found.in) special.push(holder);
    }
    this.#layout = layOut([...this.#shipped.values()]);
    const { scripts } = this.#layout;
    const made = nodes.map((found) => found.node!());
    const [only] = made;
    return {
      nodes: made,
      scripts,
      slots: values.map((value) => this.#slot(value)),
      constant: made.length === 1 && scripts.length === 1 &&
        scripts[0]!.variables.length === 0 && only!.kind === "function" &&
        only!.members.properties.length === 0,
    };
  }

  /** Notes a value, to be explored if it was not seen before. */
  #see(value: unknown, from: Found | undefined, step: string): void {
    const type = typeof value;
    if (
      type !== "function" && type !== "symbol" && (type !== "object" || value === null)
    ) {
      return;
    }
    let found = this.#found.get(value);
    if (!found) {
      found = { value: value as object, from, step, in: [] };
      this.#found.set(value, found);
      this.#waiting.push(found);
    }
    if (from) found.in.push(from);
  }

  /** How to refer to a value. */
  #slot(value: unknown): Slot {
    const number = this.#found.get(value)?.number;
    return number === undefined ? { value } : { node: number };
  }

  async #explore(found: Found): Promise<void> {
    // It may have been settled as an import meanwhile.
    if (found.node) return;
    const { value } = found;
    const refusal = typeof value === "symbol" ? undefined : refusalOf(value);
    if (refusal) this.#refuse(found, refusal);
    if (value === this.#job) found.node = () => ({ kind: "job" });
    else if (typeof value === "symbol") found.node = () => symbolNode(value);
    else if (typeof value === "function") await this.#exploreFunction(found, value);
    else await this.#exploreObject(found, value);
  }

  // --- Functions

  async #exploreFunction(found: Found, f: AnyFunction): Promise<void> {
    const made = partialOf(f);
    if (made) {
      this.#see(made.target, found, " → target");
      made.args.forEach((arg, i) => this.#see(arg, found, ` → args[${i}]`));
      found.node = () => ({
        kind: "partial",
        target: this.#slot(made.target),
        args: made.args.map((arg) => this.#slot(arg)),
        name: f.name,
      });
      return;
    }
    if (!mayInspect()) return await this.#exploreBlind(found, f);
    const seen = snapshot(f, this.#snapshots);
    // Some built-ins are bound themselves, such as `console.log`.
    if (seen.bound && !findGlobal(f)) {
      const { target, self, args } = seen.bound;
      this.#see(target, found, " → target");
      this.#see(self, found, " → this");
      args.forEach((arg, i) => this.#see(arg, found, ` → args[${i}]`));
      found.node = () => ({
        kind: "bound",
        target: this.#slot(target),
        self: this.#slot(self),
        args: args.map((arg) => this.#slot(arg)),
      });
      return;
    }
    const url = seen.location && scriptUrl(seen.location.scriptId);
    if (isNative(seen.source) || /^(ext|node):/.test(url ?? "")) {
      const place = findGlobal(f) ?? findInModules(f);
      if (!place) this.#refuse(found, `the built-in function "${f.name}"`);
      found.node = () => ({ kind: "builtin", ...place });
      return;
    }
    const file = fileOf(url);
    // Of what was shipped to this process the file is no module here: to import it would
    // run the user's program once more.
    const name = file === url ? await exportName(f, file) : undefined;
    if (name !== undefined) {
      found.node = () => importNode(file!, { specifier: file!, name, attributes: {} });
      return;
    }
    await this.#ship(found, f, file);
  }

  /** Without the inspector: what uses its arguments and globals only can travel. */
  async #exploreBlind(found: Found, f: AnyFunction): Promise<void> {
    const source = sourceOf(f);
    const place = findGlobal(f) ?? (isNative(source) ? findInModules(f) : undefined);
    if (place) {
      found.node = () => ({ kind: "builtin", ...place });
      return;
    }
    const label = this.#label(found, undefined);
    const refuse = (what: string) => {
      throw new SerializationError(
        `${label} ${what}, which cannot be read without the permission to inspect the ` +
          `program: run it with --allow-sys`,
      );
    };
    if (isNative(source)) refuse("was bound or is built in");
    const analysis = analyze(await tools(), source, label);
    const missing = [...analysis.free.keys()].find((name) => !(name in globalThis));
    if (missing !== undefined) refuse(`uses the variable "${missing}"`);
    if (analysis.placed) refuse("uses import() or import.meta, and so its place");
    const snapshot = {
      source,
      variables: new Map(),
      location: undefined,
      scopes: [],
      bound: undefined,
    };
    this.#shipped.set(f, {
      f,
      snapshot,
      analysis,
      place: undefined,
      captured: new Map(),
      restorable: false,
    });
    found.node = () => this.#functionNode(f, [], "function");
  }

  /** Takes a function or class along by its source. */
  async #ship(found: Found, f: AnyFunction, file: string | undefined): Promise<void> {
    const seen = this.#snapshots.get(f)!;
    const { location } = seen;
    const placeAfter = (head: string) =>
      file && location ? placeOf(file, location, head) : undefined;
    const label = this.#label(found, placeAfter(headOf(seen.source)));
    const captured = new Map<string, Captured>();
    let analysis: Analysis;
    if (needsNothing(f, seen)) analysis = simple(seen.source);
    else {
      analysis = analyses.get(f) ?? analyze(await tools(), seen.source, label);
      analyses.set(f, analysis);
      await this.#captureVariables(found, f, analysis, captured, file);
    }
    this.#shipped.set(f, {
      f,
      snapshot: seen,
      analysis,
      place: placeAfter(
        analysis.class ? analysis.class.head ?? "" : headOf(seen.source),
      ),
      captured,
      restorable: false,
    });
    if (analysis.class) this.#exploreClass(found, f, analysis, captured);
    else this.#exploreMembers(found, f, analysis);
  }

  async #captureVariables(
    found: Found,
    f: AnyFunction,
    analysis: Analysis,
    captured: Map<string, Captured>,
    file: string | undefined,
  ): Promise<void> {
    const { variables, scopes, location } = this.#snapshots.get(f)!;
    const isKnown = (name: string) =>
      name in globalThis || name === analysis.class?.parentName;
    for (const name of analysis.free.keys()) {
      // In what was shipped to this worker: the next one gives its own.
      if (GIVEN.includes(name)) continue;
      const variable = variables.get(name);
      if (!variable) {
        // A global; for V8 keeps none that only the name of a member was computed from.
        if (analysis.free.get(name)!.early && !isKnown(name)) {
          this.#refuse(
            found,
            `a class with a field whose name is computed from "${name}"`,
            `use "${name}" in one of its methods, too, or make it a variable of the module`,
          );
        }
        continue;
      }
      const { scope, value, ready } = variable;
      const binding = file && scopes[scope]!.kind.startsWith("Module")
        ? (await bindingsOf(location!.scriptId)).get(name)
        : undefined;
      if (
        binding && value !== this.#job && !isByValue(resolve(binding.specifier, file!))
      ) {
        const imported = this.#import(found, name, value, file!, binding);
        captured.set(name, { scope: -1, slot: () => ({ node: imported.number! }) });
      } else if (ready) {
        this.#see(value, found, ` → ${name}`);
        captured.set(name, { scope, slot: () => this.#slot(value) });
      } else captured.set(name, { scope: -1, slot: undefined });
    }
  }

  /** An import that a function uses. */
  #import(
    from: Found,
    step: string,
    value: unknown,
    file: string,
    binding: ImportBinding,
  ): Found {
    const isObject = typeof value === "object" && value !== null ||
      typeof value === "function";
    const key = JSON.stringify([file, binding.specifier, binding.name]);
    let found = isObject ? this.#found.get(value) : this.#imports.get(key);
    if (!found) {
      found = { value: value as object, from, step, in: [] };
      if (isObject) this.#found.set(value, found);
      else this.#imports.set(key, found);
    }
    found.in.push(from);
    found.node ??= () => importNode(file, binding);
    return found;
  }

  /** The class's parent, and what its text does not say: its state. */
  #exploreClass(
    found: Found,
    f: AnyFunction,
    analysis: Analysis,
    captured: Map<string, Captured>,
  ): void {
    const facts = analysis.class!;
    const parent = Object.getPrototypeOf(f) as AnyFunction;
    if (facts.parent !== "none") {
      this.#see(parent, found, " → extends");
      const slot = () => this.#slot(parent);
      if (facts.parent === "named") {
        const name = facts.parentName!;
        if (captured.has(name) || this.#found.has(parent)) {
          captured.set(name, { scope: -1, slot });
        }
      } else captured.set(NAMES.parent, { scope: -1, slot });
    } else this.#see(unusualParent(f, analysis), found, " → extends");
    const statics = facts.staticPrivateFields.length > 0 ? inspectPrivates(f) : [];
    for (const [name, value] of statics) this.#see(value, found, `.${name}`);
    const isOf = (member: Member, key: PropertyKey, part: unknown) =>
      (member.name === undefined || member.name === key) &&
      sourceOrNone(part) === member.text;
    facts.computed.forEach((member, i) => {
      const owner = member.static ? f : f.prototype as object;
      const key = membersOf(owner, []).find(([key, own]) =>
        partsOf(own).some((part) => isOf(member, key, part))
      )?.[0];
      if (typeof key === "symbol") this.#see(key, found, stepTo(key));
      captured.set(`${NAMES.key}${i}`, { scope: -1, slot: () => this.#slot(key) });
    });
    const wanted = (key: PropertyKey, own: PropertyDescriptor, isStatic: boolean) =>
      !partsOf(own).every((part) =>
        facts.members.some((member) =>
          member.static === isStatic && isOf(member, key, part)
        )
      );
    const own = membersOf(f, ["length", "name", "prototype"])
      .filter(([key, descriptor]) => wanted(key, descriptor, true));
    this.#seeProperties(found, own);
    this.#explorePrototype(
      found,
      f,
      (key, descriptor) => wanted(key, descriptor, false),
    );
    found.node = () => this.#functionNode(f, own, "class", statics);
  }

  #exploreMembers(found: Found, f: AnyFunction, analysis: Analysis): void {
    const standard = ["length", "name", "arguments", "caller"];
    const prototype = Object.getOwnPropertyDescriptor(f, "prototype");
    const isOwn = prototype?.value?.constructor === f || !prototype ||
      types.isGeneratorFunction(f);
    const own = membersOf(f, isOwn ? [...standard, "prototype"] : standard);
    this.#seeProperties(found, own);
    this.#see(unusualParent(f, analysis), found, " → prototype");
    if (prototype && isOwn && analysis.form === "expression") {
      this.#explorePrototype(found, f, () => true);
    }
    found.node = () => this.#functionNode(f, own, "function");
  }

  /** What was put on a prototype beside that which the text puts there. */
  #explorePrototype(
    found: Found,
    f: AnyFunction,
    wanted: (key: PropertyKey, descriptor: PropertyDescriptor) => boolean,
  ): void {
    const prototype = f.prototype as object | undefined;
    if (!prototype) return;
    const own = membersOf(prototype, ["constructor"])
      .filter(([key, descriptor]) => wanted(key, descriptor));
    let known = this.#found.get(prototype);
    if (!known) {
      known = { value: prototype, from: found, step: ".prototype", in: [] };
      this.#found.set(prototype, known);
    }
    // It is there with the function, so what it has must be given to it.
    found.in.push(known);
    known.in.push(found);
    this.#seeProperties(known, own);
    const above = Object.getPrototypeOf(prototype) as object | null;
    const isUsual = above === Object.prototype ||
      this.#shipped.get(f)?.analysis.class ||
      types.isGeneratorFunction(f);
    if (!isUsual) this.#see(above, known, " → prototype");
    known.node = () => ({
      kind: "prototype",
      of: this.#slot(f),
      ...(!isUsual && { parent: this.#slot(above) }),
      members: this.#members(prototype, own),
    });
  }

  #functionNode(
    f: AnyFunction,
    own: Own,
    kind: "function" | "class",
    privates: [string, unknown][] = [],
  ): Node {
    const { script, index } = this.#layout!.origins.get(f)!;
    const name = Object.getOwnPropertyDescriptor(f, "name")?.value;
    const members = this.#members(f, own);
    const parent = unusualParent(f, this.#shipped.get(f)!.analysis);
    const prototype = this.#found.get(f.prototype)?.number;
    return {
      kind,
      script,
      index,
      name: typeof name === "string" ? name : "",
      ...(parent !== undefined && { parent: this.#slot(parent) }),
      ...(prototype !== undefined && { prototype: { node: prototype } }),
      privates: this.#privates(privates),
      members,
    };
  }

  #privates(fields: [string, unknown][]): { name: string; value: Slot }[] {
    return fields.map(([name, value]) => ({ name, value: this.#slot(value) }));
  }

  // --- Objects

  async #exploreObject(found: Found, object: object): Promise<void> {
    if (types.isModuleNamespaceObject(object)) {
      return await this.#exploreNamespace(found, object);
    }
    const isPlain = isPlainData(object);
    const children = isPlain ? [...childrenOf(object)] : [];
    const module = Object.getPrototypeOf(object) === Object.prototype
      ? this.#nodeModule(
        object,
        isPlain ? children.map(([, child]) => child) : valuesOf(object),
      )
      : undefined;
    if (module) {
      found.node = () => ({ kind: "builtin", ...module });
      return;
    }
    if (isPlain) {
      if (ArrayBuffer.isView(object)) {
        const views = this.#views.get(object.buffer);
        if (views) views.push(found);
        else this.#views.set(object.buffer, [found]);
      }
      for (const [step, child] of children) this.#see(child, found, step);
      return;
    }
    const builtin = findGlobal(object);
    if (builtin) {
      found.node = () => ({ kind: "builtin", ...builtin });
      return;
    }
    const made = rebuildable(object);
    if (made) {
      found.node = () => ({ kind: "construct", ...made });
      return;
    }
    const f = Object.getOwnPropertyDescriptor(object, "constructor")?.value;
    if (typeof f === "function" && f.prototype === object) {
      // The function brings it along, if it travels.
      this.#see(f, found, " → constructor");
      found.node = () => ({
        kind: "prototype",
        of: this.#slot(f),
        members: { properties: [], sealed: false },
      });
      return;
    }
    const foreign = this.#foreignClass(object);
    if (foreign) this.#refuse(found, foreign);
    await this.#exploreInstance(found, object);
  }

  /** Which module of Node.js an object is, as a default import gives it. */
  #nodeModule(object: object, held: unknown[]): BuiltinPlace | undefined {
    // To look through all of them takes long, so there must be a reason.
    const f = held.find((value) => typeof value === "function") as AnyFunction;
    if (!f || !mayInspect()) return undefined;
    const { location } = snapshot(f, this.#snapshots);
    const url = location && scriptUrl(location.scriptId);
    const mayBe = url ? /^(ext|node):/.test(url) : isNative(sourceOf(f));
    return mayBe && !findGlobal(f) ? findInModules(object) : undefined;
  }

  /** All of a module, as `await import()` gave it. */
  async #exploreNamespace(found: Found, namespace: object): Promise<void> {
    const { default: main } = namespace as { default?: unknown };
    const own = Object(main) === main ? findInModules(main) : undefined;
    if (own?.module && own.path.length === 0) {
      const binding = { specifier: own.module, name: "*", attributes: {} };
      found.node = () => importNode(Deno.mainModule, binding);
      return;
    }
    for (const value of Object.values(namespace)) {
      if (typeof value !== "function" || isNative(sourceOf(value))) continue;
      const { location } = snapshot(value, this.#snapshots);
      const url = location && scriptUrl(location.scriptId);
      if (!url || url === Deno.mainModule || await importLoaded(url) !== namespace) {
        continue;
      }
      found.node = () => importNode(url, { specifier: url, name: "*", attributes: {} });
      return;
    }
    this.#refuse(
      found,
      "a module that was imported by import()",
      "import it in the function",
    );
  }

  /** The name of a class of Deno's or V8's whose instances are more than their fields. */
  #foreignClass(object: object): string | undefined {
    // Such as a Buffer: whatever its class, it is its bytes.
    if (ArrayBuffer.isView(object)) return undefined;
    for (
      let proto = Object.getPrototypeOf(object);
      proto && !this.#found.has(proto);
      proto = Object.getPrototypeOf(proto)
    ) {
      if (isBase(proto, object)) continue;
      const next = Object.getOwnPropertyDescriptor(proto, "next")?.value;
      if (typeof next === "function" && isNative(sourceOf(next))) return "an iterator";
      const place = findGlobal(proto);
      if (place) {
        const name = place.path.filter((step) => step !== "prototype" && step !== "");
        return article(name.join("."));
      }
      const f = Object.getOwnPropertyDescriptor(proto, "constructor")?.value;
      if (typeof f !== "function" || !mayInspect()) continue;
      const { location, source } = snapshot(f, this.#snapshots);
      const url = location && scriptUrl(location.scriptId);
      if (!isNative(source) && !/^(ext|node):/.test(url ?? "")) continue;
      const isDeno = (Deno as unknown as Record<string, unknown>)[f.name] === f;
      return article(
        isDeno || url?.startsWith("ext:") && /Conn|Listener|File|Process/.test(f.name)
          ? `Deno.${f.name}`
          : f.name,
      );
    }
    return undefined;
  }

  async #exploreInstance(found: Found, object: object): Promise<void> {
    const proto = Object.getPrototypeOf(object) as object | null;
    const { shell, standard, parts } = outlineOf(object);
    this.#see(proto, found, " → class");
    const own = membersOf(object, standard);
    const isJob = this.#job !== undefined && object instanceof this.#job;
    // On the worker there is but a stand-in for the class, which has no accessors.
    if (isJob) own.push(fieldOf(object, "name"));
    this.#seeProperties(found, own);
    for (const [step, part] of parts) this.#see(part, found, step);
    const classes = classesOf(proto).filter((f) => f !== this.#job);
    const mayHave = mayInspect() &&
      classes.some((f) => /#[\p{ID_Start}$_]/u.test(sourceOf(f)));
    const all = mayHave ? inspectPrivates(object) : [];
    const privates = isJob ? all.slice(await this.#ownPrivates()) : all;
    for (const [name, value] of privates) this.#see(value, found, `.${name}`);
    const marked = { found, classes, privates, made: false };
    if (mayHave) this.#marked.push(marked);
    found.node = () => ({
      kind: "object",
      shell: shell((value) => this.#slot(value)),
      ...(marked.made && { maker: this.#slot(classes[0]) }),
      prototype: this.#slot(proto),
      privates: this.#privates(privates),
      members: this.#members(object, own),
    });
  }

  /** How many `#private` fields the class `Job` itself has: they come first. */
  async #ownPrivates(): Promise<number> {
    const { class: facts } = analyze(await tools(), sourceOf(this.#job!), "Job");
    return facts!.privateFields.length;
  }

  /** Teaches the classes of an instance to make one with its `#private` fields. */
  #prepareMaker(marked: Marked): void {
    const { found, classes, privates } = marked;
    const shipped = classes.map((f) => this.#shipped.get(f));
    const declared = shipped.flatMap((one) => one?.analysis.class?.privateFields ?? []);
    const missing = privates.find(([name]) => !declared.includes(name));
    if (missing) {
      const owner = classes.find((f) => sourceOf(f).includes(missing[0]))?.name ?? "";
      this.#refuse(
        found,
        `its private field ${
          missing[0]
        } belongs to class ${owner} of another module; it`,
        `make the object inside the function, or name that module in settings.valueModules`,
      );
    }
    marked.made = shipped.some((one) => one?.analysis.class?.marksInstances);
    if (!marked.made) return;
    const foreign = classes.find((f, i) => !shipped[i] && !isNative(sourceOf(f)));
    if (foreign) {
      this.#refuse(
        found,
        `an object with private fields whose class extends ${foreign.name} of another module`,
        `make it inside the function, or name that module in settings.valueModules`,
      );
    }
    for (const one of shipped) if (one) one.restorable = true;
  }

  /** Plain data that holds something special is written property by property. */
  #plainNode(object: object): () => Node {
    const { shell, standard } = outlineOf(object);
    const own = membersOf(object, standard);
    return () => ({
      kind: "object",
      shell: shell((value) => this.#slot(value)),
      prototype: usual(object),
      privates: [],
      members: this.#members(object, own),
    });
  }

  /** A view is cloned with what it shows only, unless another one shows it, too. */
  #viewNode(view: View): Node {
    const { buffer, byteOffset } = view;
    const length = "length" in view ? view.length as number : view.byteLength;
    const type = view.constructor.name;
    return {
      kind: "object",
      shell: { kind: "view", type, buffer: this.#slot(buffer), byteOffset, length },
      prototype: { value: undefined },
      privates: [],
      members: { properties: [], sealed: false },
    };
  }

  #seeProperties(found: Found, own: Own): void {
    for (const [key, { value, get, set }] of own) {
      if (typeof key === "symbol") this.#see(key, found, stepTo(key));
      for (const part of [value, get, set]) this.#see(part, found, stepTo(key));
    }
  }

  #members(object: object, own: Own): Members {
    const properties = own.map(([key, descriptor]): Property => {
      const { enumerable = false, configurable = false } = descriptor;
      const slot = typeof key === "symbol"
        ? this.#slot(key) as { node: number }
        : undefined;
      const base = { key: slot ?? String(key) as Key, enumerable, configurable };
      return "value" in descriptor
        ? {
          ...base,
          value: this.#slot(descriptor.value),
          writable: descriptor.writable!,
        }
        : { ...base, get: this.#slot(descriptor.get), set: this.#slot(descriptor.set) };
    });
    return { properties, sealed: !Object.isExtensible(object) };
  }

  // --- Complaints

  #refuse(
    found: Found,
    what: string,
    advice = "make it inside the function, or send plain data instead",
  ): never {
    let top = found;
    let path = found.step;
    for (; top.from; path = top.step + path) top = top.from;
    const root = typeof top.value === "function"
      ? this.#snapshots.get(top.value)
      : undefined;
    const url = root?.location && scriptUrl(root.location.scriptId);
    const where = root && url
      ? `; ${top.step} stands at ` + describePlace({
        file: fileOf(url)!,
        line: root.location!.lineNumber,
        column: root.location!.columnNumber,
      })
      : "";
    throw new SerializationError(
      `${path}: ${what} cannot be sent to a worker; ${advice}${where}`,
    );
  }

  #label(found: Found, place: Place | undefined): string {
    let path = found.step;
    for (let top = found; top.from; path = top.step + path) top = top.from;
    const what = path.startsWith(UNNAMED)
      ? `T${path.slice(1)}`
      : `The function ${path}`;
    return `${what}${place ? ` at ${describePlace(place)}` : ""}`;
  }
}

type View = ArrayBufferView;
type Own = [PropertyKey, PropertyDescriptor][];

/** What every worker gives the text of functions that are shipped to it. */
const GIVEN: string[] = [NAMES.importMeta, NAMES.restore, NAMES.keep];

/** What a function without a name is called. */
const UNNAMED = "the function";

/** What was read once. */
const analyses = new WeakMap<AnyFunction, Analysis>();

let loading: Promise<Tools> | undefined;

function tools(): Promise<Tools> {
  return loading ??= loadTools();
}

const bindings = new Map<string, Map<string, ImportBinding>>();

/** What a script imports, by local name. */
async function bindingsOf(scriptId: string): Promise<Map<string, ImportBinding>> {
  let known = bindings.get(scriptId);
  if (!known) {
    known = importsOf(await tools(), scriptSource(scriptId));
    bindings.set(scriptId, known);
  }
  return known;
}

const FUNCTIONS: unknown[] = [
  Function,
  ...Object.values(hiddenBuiltins[HIDDEN]).filter((value) =>
    typeof value === "function" && Object.getPrototypeOf(value) === Function
  ),
].map((type) => (type as AnyFunction).prototype);

/** What a function or class inherits from, if its text does not say so. */
function unusualParent(f: AnyFunction, analysis: Analysis): object | null | undefined {
  if (analysis.class && analysis.class.parent !== "none") return undefined;
  const parent = Object.getPrototypeOf(f) as object | null;
  return FUNCTIONS.includes(parent) ? undefined : parent;
}

/** What a property gives, as a field of the object's own. */
function fieldOf(object: object, key: string): Own[0] {
  const value = (object as Record<string, unknown>)[key];
  return [key, { value, writable: true, enumerable: true, configurable: true }];
}

function membersOf(object: object, standard: string[]): Own {
  return Reflect.ownKeys(object)
    .filter((key) => !standard.includes(key as string))
    .map((key) => [key, Object.getOwnPropertyDescriptor(object, key)!]);
}

/** What an object's properties hold, without asking its accessors. */
function valuesOf(object: object): unknown[] {
  return Object.values(Object.getOwnPropertyDescriptors(object)).map(({ value }) =>
    value
  );
}

/** The value of a property, or its accessors. */
function partsOf({ value, get, set }: PropertyDescriptor): unknown[] {
  return get || set ? [get, set].filter((part) => part) : [value];
}

/** The user's classes that an object is an instance of, innermost first. */
function classesOf(proto: object | null): AnyFunction[] {
  const classes: AnyFunction[] = [];
  for (let at = proto; at && at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    const f = Object.getOwnPropertyDescriptor(at, "constructor")?.value;
    if (typeof f === "function") classes.push(f);
  }
  return classes;
}

/** The prototype that the shell of plain data has in any case. */
function usual(object: object): Slot {
  return {
    value: undefined,
    ...(Object.getPrototypeOf(object) === null && { value: null }),
  };
}

function symbolNode(symbol: symbol): Node {
  const registry = Symbol.keyFor(symbol);
  const wellKnown = wellKnownName(symbol);
  const { description } = symbol;
  return {
    kind: "symbol",
    ...(registry !== undefined && { registry }),
    ...(wellKnown !== undefined && { wellKnown }),
    ...(description !== undefined && { description }),
  };
}

function importNode(file: string, binding: ImportBinding): Node {
  return { kind: "import", file, ...binding };
}

const ARROW = /^(async\b\s*)?(\(|[\p{ID_Start}$_][\p{ID_Continue}$]*\s*=>)/u;

/** What of a function's text comes before its parameters, where V8 says that it stands. */
function headOf(source: string): string {
  return ARROW.test(source) || isClass(source)
    ? ""
    : source.slice(0, source.indexOf("("));
}

/** Where a text begins that has this head before the place that V8 tells. */
function placeOf(
  file: string,
  { lineNumber, columnNumber }: { lineNumber: number; columnNumber: number },
  head: string,
): Place {
  const lines = head.split("\n").length - 1;
  const column = lines > 0 ? 0 : Math.max(0, columnNumber - head.length);
  return { file, line: lineNumber - lines, column };
}

/** Whether no parser is needed to see that a function uses nothing around it. */
function needsNothing(f: AnyFunction, { source, variables }: Snapshot): boolean {
  // A method may have the name `async`.
  const isArrow = ARROW.test(source) &&
    (types.isAsyncFunction(f) || !/^async\s*\(/.test(source));
  return variables.size === 0 &&
    (isArrow || /^(async\s+)?function\b/.test(source)) &&
    !/\b(this|super|arguments|eval|with|import\s*\.|target)\b|#|\\u/.test(source);
}

function simple(source: string): Analysis {
  return {
    form: "expression",
    free: new Map(),
    placed: false,
    class: undefined,
    text: () => source,
  };
}

function sourceOf(f: AnyFunction): string {
  return Function.prototype.toString.call(f);
}

/** Whether it is a class; a method, too, may have that name. */
function isClass(source: string): boolean {
  return /^class\b(?!\s*\()/.test(source);
}

function sourceOrNone(f: unknown): string | undefined {
  return typeof f === "function" ? sourceOf(f) : undefined;
}

function isNative(source: string): boolean {
  return /\{\s*\[native code\]\s*\}$/.test(source);
}

function article(name: string): string {
  return `${/^[aeiou]/i.test(name) ? "an" : "a"} ${name}`;
}

/** The file that a script is from, be it in a worker to which it was shipped. */
function fileOf(url: string | undefined): string | undefined {
  return url?.endsWith(SHIPPED) ? url.slice(0, -SHIPPED.length) : url;
}

/** Whether the user wants a module's functions to travel by their source. */
function isByValue(module: string): boolean {
  return settings.valueModules.some((name) =>
    resolve(name, Deno.mainModule) === module
  );
}

function resolve(specifier: string, file: string): string {
  if (/^\.{0,2}\//.test(specifier)) return new URL(specifier, file).href;
  try {
    return URL.canParse(specifier) ? specifier : import.meta.resolve(specifier);
  } catch {
    return specifier;
  }
}

/**
 * Under which name a module exports a value. The main module is never asked: while it
 * waits for us, importing it would wait for it.
 */
async function exportName(
  value: unknown,
  module: string | undefined,
): Promise<string | undefined> {
  if (!module || module === Deno.mainModule || !/^(file|https?):/.test(module)) {
    return undefined;
  }
  if (isByValue(module)) return undefined;
  const found = await importLoaded(module) as Record<string, unknown> | undefined;
  return Object.keys(found ?? {}).find((name) => found![name] === value);
}

/** A module that is loaded already. */
async function importLoaded(module: string): Promise<object | undefined> {
  // One that waits for us at its top level, too, is still being loaded.
  const timeout = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => timeout.resolve(undefined), IMPORT_TIMEOUT);
  try {
    return await Promise.race([import(module), timeout.promise]);
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}
