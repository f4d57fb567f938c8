/**
 * Plain data, which structured clone keeps; but what holds something special has to be
 * written property by property, and so has a buffer that several views show.
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
   * Notes what plain data holds.
   *
   * @param children What it holds, each with the step that leads there.
   */
  explore(found: Found, object: object, children: [string, unknown][]): void {
    if (ArrayBuffer.isView(object)) {
      const views = this.#views.get(object.buffer);
      if (views) views.push(found);
      else this.#views.set(object.buffer, [found]);
    }
    for (const [step, child] of children) this.#findings.see(child, found, step);
  }

  /** Makes views special whose buffer something else holds, when all is found. */
  finish(): void {
    for (const [buffer, views] of this.#views) {
      if (views.length === 1 && !this.#findings.has(buffer)) continue;
      for (const view of views) {
        view.node = () => this.#viewNode(view.value as ArrayBufferView);
      }
    }
  }

  /** Plain data that holds something special is written property by property. */
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

  /** A view is cloned with what it shows only, unless another one shows it, too. */
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

/** The prototype that the shell of plain data has in any case. */
function usual(object: object): Slot {
  return {
    value: undefined,
    ...(Object.getPrototypeOf(object) === null && { value: null }),
  };
}
