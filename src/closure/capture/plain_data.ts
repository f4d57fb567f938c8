/**
 * Plain data, which structured clone preserves. Data that holds something with a node must be
 * written property by property; so must views that share a buffer.
 *
 * @module
 */

import type { Findings, Found } from "./found.ts";
import { added, membersOf, writeMembers } from "./members.ts";
import { outlineOf } from "./objects.ts";
import type { Node, Slot } from "../payload.ts";

/** The plain data of one capture. */
export class PlainData {
  readonly #findings: Findings;
  /** Views, by the buffers that they show. */
  readonly #views = new Map<unknown, Found[]>();

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  /**
   * Records the values in plain data.
   *
   * @param children The values, each with the step that leads there.
   */
  explore(found: Found, object: object, children: [string, unknown][]): void {
    if (ArrayBuffer.isView(object)) {
      const views = this.#views.get(object.buffer);
      if (views) views.push(found);
      else this.#views.set(object.buffer, [found]);
    }
    for (const [step, child] of children) this.#findings.see(child, found, step);
  }

  /** Makes nodes of views that share their buffer, after everything is found. */
  finish(): void {
    for (const [buffer, views] of this.#views) {
      if (views.length === 1 && !this.#findings.has(buffer)) continue;
      for (const view of views) {
        view.node = () => this.#viewNode(view.value as ArrayBufferView);
      }
    }
  }

  /** A node of plain data that holds a value with a node. */
  nodeOf(object: object): () => Node {
    const { shell, standard } = outlineOf(object);
    const own = added(membersOf(object, standard));
    return () => ({
      kind: "object",
      shell: shell((value) => this.#findings.slot(value)),
      prototype: usual(object),
      privates: [],
      members: writeMembers(this.#findings, object, own),
    });
  }

  /** A node of a view that shares its buffer. Other views are cloned with their part only. */
  #viewNode(view: ArrayBufferView): Node {
    const { buffer, byteOffset } = view;
    const length = "length" in view ? view.length as number : view.byteLength;
    const type = view.constructor.name;
    return {
      kind: "object",
      shell: {
        kind: "view",
        type,
        buffer: this.#findings.slot(buffer),
        byteOffset,
        length,
      },
      prototype: { value: undefined },
      privates: [],
      members: { properties: [], sealed: false },
    };
  }
}

/** The prototype of plain data: `null`, or `undefined` for the usual one. */
function usual(object: object): Slot {
  return {
    value: undefined,
    ...(Object.getPrototypeOf(object) === null && { value: null }),
  };
}
