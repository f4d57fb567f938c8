/** Building blocks of the page: elements, tables and symbols. */

export function element(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

export function svg(name, attributes = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  return filled(made, attributes, children);
}

function filled(made, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** A table. A `#` at the end of a column's name means that it has numbers. */
export function table(head, rows) {
  const kinds = head.map((name) => name.endsWith("#") ? "number" : "text");
  const names = head.map((name, i) =>
    element("th", { scope: "col", class: kinds[i] }, name.replace("#", ""))
  );
  const body = rows.map((cells) =>
    element(
      "tr",
      {},
      ...cells.map((cell, i) => element("td", { class: kinds[i] }, cell)),
    )
  );
  return element(
    "table",
    {},
    element("thead", {}, element("tr", {}, ...names)),
    element("tbody", {}, ...body),
  );
}

export function details(id, summary, text) {
  if (!text) return summary;
  return element(
    "details",
    { id },
    element("summary", {}, summary),
    element("pre", {}, text),
  );
}

export function meter(part) {
  const root = svg("svg", { width: 120, height: 10, "aria-hidden": "true" });
  const width = Math.max(1, 120 * part);
  root.append(svg("rect", { width, height: 10, fill: "var(--work)" }));
  return root;
}

export function symbol(kind, size) {
  const root = svg("svg", {
    width: size,
    height: size,
    viewBox: "0 0 16 16",
    "aria-hidden": "true",
  });
  const rect = (y, height, fill) => svg("rect", { x: 0, y, width: 16, height, fill });
  const hatch = (color) =>
    svg("path", {
      d: "M0 6L6 0M0 12L12 0M0 16L16 0M4 16L16 4M10 16L16 10",
      stroke: `var(--${color})`,
      "stroke-width": 1.8,
    });
  const parts = {
    work: () => [rect(1, 14, "var(--work)")],
    failed: () => [
      svg("circle", { cx: 8, cy: 8, r: 7.5, fill: "var(--failed)" }),
      svg("path", {
        d: "M5 5L11 11M11 5L5 11",
        stroke: "var(--card)",
        "stroke-width": 2,
      }),
    ],
    threw: () => [rect(1, 14, "var(--failed)")],
    lost: () => [svg("path", { d: "M8 0L16 8L8 16L0 8Z", fill: "var(--lost)" })],
    wasted: () => [rect(0, 16, "var(--track)"), hatch("lost")],
    cancelled: () => [hatch("cancelled")],
    idle: () => [rect(1, 14, "var(--track)")],
    starting: () => [hatch("wait")],
    queued: () =>
      [1, 7, 13].map((x) =>
        svg("rect", { x, y: 7, width: 2.5, height: 2.5, fill: "var(--wait)" })
      ),
  };
  root.append(...parts[kind]());
  return root;
}

export function fillOf(kind) {
  const hatch = (color) =>
    `repeating-linear-gradient(135deg, var(--${color}) 0 2px, transparent 2px 5px), var(--track)`;
  return {
    work: "var(--work)",
    wasted: hatch("lost"),
    idle: "var(--track)",
    starting: hatch("wait"),
    queued:
      "radial-gradient(circle, var(--wait) 1.2px, transparent 1.5px) 0 0 / 5px 5px",
  }[kind];
}
