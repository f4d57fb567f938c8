/**
 * Finds everything that belongs to a value: decides how the value is sent, and goes on with
 * the values that it holds.
 *
 * @module
 */

import * as types from "node:util/types";
import { stayingName } from "../../common/staying.ts";
import { findGlobal, wellKnownName } from "./builtins.ts";
import { refuse } from "./complaints.ts";
import { memberNode } from "./classes.ts";
import type { Context } from "./context.ts";
import { exploreNamespace, foreignClass, nodeModule } from "./foreign.ts";
import type { Found } from "./found.ts";
import { exploreFunction } from "./functions.ts";
import { Instances } from "./instances.ts";
import { added, membersOf, seeMembers, valuesOf, writeMembers } from "./members.ts";
import { childrenOf, isPlainData, platformPart, refusalOf } from "./objects.ts";
import type { Node, Script } from "../payload.ts";
import { classesOf, importNode } from "./modules.ts";
import { explorePacked, isPackable, refuseCircles } from "./packed.ts";
import { PlainData } from "./plain_data.ts";
import { numberScopes } from "./scopes.ts";
import { factsOf } from "./shipping.ts";
import { type AnyFunction, isNative, sourceOf } from "./texts.ts";

/** After so many milliseconds the event loop has a turn, for timers and signals. */
const TURN = 20;

/** The search of one capture. */
export class Explorer {
  /** When the event loop last had a turn. */
  #turned = performance.now();
  readonly #context: Context;
  readonly #plain: PlainData;
  readonly #instances: Instances;

  constructor(context: Context) {
    this.#context = context;
    this.#plain = new PlainData(context.findings);
    this.#instances = new Instances(context);
  }

  /** Finds everything that belongs to a value. */
  async explore(value: unknown, name: string): Promise<void> {
    const { findings } = this.#context;
    findings.see(value, undefined, name);
    for (let found; (found = findings.next());) {
      await this.#explore(found);
      const now = performance.now();
      if (now - this.#turned < TURN) continue;
      await new Promise((resolve) => setTimeout(resolve, 0));
      this.#turned = performance.now();
    }
  }

  /**
   * Adds the other classes that the modules export from which something is imported: what
   * is imported may make objects of them.
   */
  async exploreImports(): Promise<void> {
    const { findings, imports } = this.#context;
    for (const { file, binding, by } of imports.values()) {
      for (const [name, type] of await classesOf(file, binding)) {
        if (findings.has(type)) continue;
        const found = findings.settle(type, by, ` → ${name}`);
        found.node = () => importNode(file, { ...binding, name });
      }
    }
  }

  /** Finds out which functions have scopes in common, where that matters. */
  async exploreScopes(): Promise<void> {
    const { shipment, heap, snapshots, findings } = this.#context;
    await numberScopes(shipment.all(), heap, snapshots, (f, variable) => {
      refuse(
        this.#context,
        findings.find(f)!,
        `a function that assigns to "${variable}" with others, of which V8 does not tell ` +
          `whether they have the same variable,`,
        `hold it in an object that all of them use`,
      );
    });
  }

  /** Numbers what was found, and lays out the functions. After that, nodes can be made. */
  finish(): { found: Found[]; scripts: Script[] } {
    refuseCircles(this.#context);
    this.#instances.finish();
    const { findings, members, shipment, known } = this.#context;
    for (const [f, member] of members) {
      const known = findings.find(f);
      if (known) known.node = () => memberNode(this.#context, member);
    }
    this.#plain.finish();
    const isSent = (type: AnyFunction) =>
      shipment.get(type) !== undefined ||
      known.has(type) && factsOf(type) !== undefined;
    const found = findings.number((data) => this.#plain.nodeOf(data));
    return { found, scripts: shipment.layOut(isSent) };
  }

  /** The classes of which workers can make objects with `#private` fields. */
  restorable(): Set<unknown> {
    const { shipment, known } = this.#context;
    const isSent = (type: AnyFunction) =>
      shipment.get(type) || known.has(type) && factsOf(type);
    return new Set(
      shipment.all()
        .filter(({ f, restorable }) => restorable && classesAbove(f).every(isSent))
        .map(({ f }) => f),
    );
  }

  async #explore(found: Found): Promise<void> {
    // It may have been recorded as an import meanwhile.
    if (found.node) return;
    const { value } = found;
    const known = this.#context.known.get(value);
    if (known !== undefined) {
      found.node = () => ({ kind: "known", node: known });
      return;
    }
    const staying = this.#nameOfStaying(found);
    if (staying !== undefined) {
      found.node = () => ({ kind: "stays", name: staying });
      return;
    }
    const refusal = typeof value === "symbol" ? undefined : refusalOf(value);
    if (refusal) refuse(this.#context, found, refusal);
    if (value === this.#context.job) found.node = () => ({ kind: "job" });
    else if (typeof value === "symbol") found.node = () => symbolNode(value);
    else if (typeof value === "function") {
      await exploreFunction(this.#context, found, value);
    } else await this.#exploreObject(found, value);
  }

  /**
   * Why a stand-in takes the place of an object: the name of its class. A promise in an
   * object of a class may be that of the very map that captures the object.
   */
  #nameOfStaying({ value, from }: Found): string | undefined {
    if (typeof value === "symbol" || this.#context.roots.has(value)) return undefined;
    if (!types.isPromise(value)) return stayingName(value);
    const holder = from?.value;
    return typeof holder === "object" && !isPlainData(holder) ? "Promise" : undefined;
  }

  async #exploreObject(found: Found, object: object): Promise<void> {
    if (types.isModuleNamespaceObject(object)) {
      return await exploreNamespace(this.#context, found, object);
    }
    const isPlain = isPlainData(object);
    const children = isPlain ? [...childrenOf(object)] : [];
    const module = Object.getPrototypeOf(object) === Object.prototype
      ? nodeModule(
        this.#context,
        object,
        isPlain ? children.map(([, child]) => child) : valuesOf(object),
      )
      : undefined;
    if (module) {
      found.node = () => ({ kind: "builtin", ...module });
      return;
    }
    if (isPlain) return this.#plain.explore(found, object, children);
    const builtin = findGlobal(object);
    if (builtin) {
      found.node = () => ({ kind: "builtin", ...builtin });
      return;
    }
    const made = platformPart(object);
    if (made) {
      // Symbols are properties of the class itself.
      const standard = object instanceof DOMException ? ["stack"] : [];
      const own = membersOf(object, standard)
        .filter(([key]) => typeof key === "string");
      const { findings } = this.#context;
      const difference = added(own);
      seeMembers(findings, found, difference);
      const members = () => writeMembers(findings, object, difference);
      found.node = () => ({ kind: "platform", ...made, members: members() });
      return;
    }
    const f = Object.getOwnPropertyDescriptor(object, "constructor")?.value;
    if (typeof f === "function" && f.prototype === object) {
      const { findings } = this.#context;
      // The function, if it is sent, has this as its prototype.
      findings.see(f, found, " → constructor");
      found.node = () => ({
        kind: "prototype",
        of: findings.slot(f),
        members: { properties: [], sealed: false },
      });
      return;
    }
    if (isPackable(object)) return explorePacked(this.#context, found, object);
    const foreign = foreignClass(this.#context, object);
    if (foreign) refuse(this.#context, found, foreign);
    await this.#instances.explore(found, object);
  }
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

/** The user's classes that a class extends. */
function classesAbove(type: AnyFunction): AnyFunction[] {
  const found: AnyFunction[] = [];
  for (let at = Object.getPrototypeOf(type); typeof at === "function";) {
    if (!isNative(sourceOf(at))) found.push(at);
    at = Object.getPrototypeOf(at);
  }
  return found;
}
