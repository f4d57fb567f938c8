/** @jsx h */
/** @jsxRuntime classic */
/** @jsxFrag Fragment */
/** JSX, where a pragma says what becomes of it. */

import { same } from "./_cases.ts";

interface Element {
  tag: string;
  props: Record<string, unknown> | null;
  children: unknown[];
}

/** Makes an element. */
function h(
  tag: string | ((props: never) => Element),
  props: Record<string, unknown> | null,
  ...children: unknown[]
): Element {
  return typeof tag === "function" ? tag(props as never) : { tag, props, children };
}

const Fragment = (_: { children?: unknown }): Element => h("fragment", null);

declare global {
  namespace JSX {
    interface IntrinsicElements {
      [name: string]: Record<string, unknown>;
    }
  }
}

same("JSX travels", [
  ["Elements, components and fragments", () => {
    const Hello = ({ name }: { name: string }): Element => <b>hello {name}</b>;
    return (name: string) => (
      <>
        <p class="a" data-x={1}>{name}</p>
        <Hello name={name} />
      </>
    );
  }, "you"],
]);
