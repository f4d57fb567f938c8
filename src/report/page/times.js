/** Where time went: how long items ran, and what the workers did with their time. */

import { element, fillOf, svg, symbol, table } from "./elements.js";
import { countTicks, many, number, percent, short, time, timeTicks } from "./format.js";

export function histogram({ times }) {
  const { bins, count, least, median, p95, p99, most } = times;
  const found = element("section", {}, element("h2", {}, "How long items ran"));
  if (count === 0) {
    found.append(element("p", { class: "faint" }, "No item has come to an end."));
    return found;
  }
  const [width, height, left, right, top, bottom] = [560, 230, 44, 12, 34, 26];
  const [low, high] = [Math.log(bins[0][0]), Math.log(bins.at(-1)[1])];
  const x = (t) =>
    left + (Math.log(Math.max(t, 1e-9)) - low) / (high - low) * (width - left - right);
  const tallest = Math.max(...bins.map(([, , n]) => n));
  const y = (n) => height - bottom - n / tallest * (height - top - bottom);
  const root = svg("svg", {
    class: "histogram",
    viewBox: `0 0 ${width} ${height}`,
    role: "img",
    "aria-label": `Run times of ${many(count, "try", "tries")}: median ${time(median)}`,
  });
  for (const n of countTicks(tallest)) {
    root.append(
      svg("line", { class: "axis", x1: left, x2: width - right, y1: y(n), y2: y(n) }),
      svg("text", { x: left - 6, y: y(n) + 4, "text-anchor": "end" }, short(n)),
    );
  }
  for (const [from, to, n] of bins) {
    if (n === 0) continue;
    // Even a few items must be visible.
    const tall = Math.max(2, height - bottom - y(n));
    const bin = svg("rect", {
      class: "bin",
      x: x(from) + 0.5,
      width: Math.max(1, x(to) - x(from) - 1),
      y: height - bottom - tall,
      height: tall,
    });
    bin.append(svg("title", {}, `${time(from)} to ${time(to)}: ${number(n)}`));
    root.append(bin);
  }
  let before = -Infinity;
  for (const t of timeTicks(bins[0][0], bins.at(-1)[1])) {
    if (x(t) - before < 46 || x(t) > width - right - 14) continue;
    before = x(t);
    root.append(
      svg("text", { x: x(t), y: height - 8, "text-anchor": "middle" }, time(t)),
      svg("line", {
        class: "axis",
        x1: x(t),
        x2: x(t),
        y1: height - bottom,
        y2: height - bottom + 4,
      }),
    );
  }
  [["median", median], ["99 %", p99]].forEach(([name, t], i) => {
    const at = x(t);
    const anchor = at > width - 110 ? "end" : "start";
    root.append(
      svg("line", { class: "at", x1: at, x2: at, y1: 6 + 15 * i, y2: height - bottom }),
      svg("text", {
        class: "name",
        x: at + (anchor === "end" ? -5 : 5),
        y: 14 + 15 * i,
        "text-anchor": anchor,
      }, `${name} ${time(t)}`),
    );
  });
  const figures = [["shortest", least], ["median", median], ["95 %", p95], [
    "99 %",
    p99,
  ], ["longest", most]].map(([name, t]) => `${name} ${time(t)}`);
  found.append(
    root,
    element(
      "p",
      { class: "note" },
      `${figures.join(" · ")}. Times on a logarithmic scale.`,
    ),
  );
  return found;
}

export function budget({ budget, efficiency, ideal, wall, peak, times }) {
  const total = Object.values(budget).reduce((sum, part) => sum + part, 0) || 1;
  const kinds = [
    ["work", "running items"],
    ["wasted", "runs that were lost, cancelled or tried again"],
    ["idle", "idle"],
    ["starting", "starting"],
    ["queued", "in the queue"],
  ];
  const bar = element("div", { class: "budget", "aria-hidden": "true" });
  const rows = kinds.map(([kind, name]) => {
    const part = element("div", { title: `${name}: ${time(budget[kind])}` });
    part.style.flexGrow = budget[kind] / total;
    part.style.background = fillOf(kind);
    if (budget[kind] > 0) bar.append(part);
    return [
      element("span", {}, symbol(kind, 14), ` ${name}`),
      time(budget[kind]),
      percent(budget[kind] / total),
    ];
  });
  const bound = times.most > budget.work / (peak || 1)
    ? " It cannot be shorter than its longest item."
    : "";
  return element(
    "section",
    {},
    element("h2", {}, "Where the workers’ time went"),
    bar,
    table(["", "time#", "share#"], rows),
    element(
      "p",
      { class: "note" },
      `${many(peak, "worker")} that ${
        peak === 1 ? "is" : "are"
      } never idle would take ` +
        `${time(ideal)}; the run took ${time(wall)}.${bound} ` +
        `Efficiency: ${percent(efficiency)}.`,
    ),
  );
}
