/** The top of the page: how the run went, what went wrong, and its main figures. */

import { element, symbol } from "./elements.js";
import { bytes, firstLine, many, number, percent, time } from "./format.js";

export function heading({ name, startedAt, ending, silent }) {
  const how = ending?.how ?? (silent ? "connection lost" : "running");
  const kind = how === "finished" || how === "running" ? how : "bad";
  const when = new Date(startedAt).toLocaleString("en-GB", {
    dateStyle: "medium",
    timeStyle: "medium",
  });
  return element(
    "header",
    {},
    element("h1", {}, name),
    element("span", { class: `status ${kind}`, role: "status" }, how),
    element("span", { class: "faint" }, `began ${when}`),
  );
}

export function problems({ items, losses, lossCount, failures, ending }) {
  const found = element("div", { class: "problems" });
  if (items.failed > 0) {
    const list = failures.map(({ index, name, message, at }) => [
      `item ${index}`,
      ` at ${time(at)}: ${name}: ${firstLine(message)}`,
    ]);
    const title = `${number(items.failed)} ${
      items.failed === 1 ? "item" : "items"
    } failed`;
    found.append(problem("failed", title, list, items.failed));
  }
  if (lossCount > 0) {
    const list = losses.map(({ worker, cause, detail, at, items }) => [
      `worker ${worker}`,
      ` at ${time(at)}: ${cause}: ${detail}${
        items > 0 ? `, with ${many(items, "item")}` : ""
      }`,
    ]);
    const title = `${many(lossCount, "worker")} lost`;
    found.append(problem("lost", title, list, lossCount));
  }
  if (ending && ending.how !== "finished") {
    const text = ending.error ? ` ${firstLine(ending.error)}` : "";
    found.append(problem("ended", `The run ${ended(ending.how)}`, [["", text]], 1));
  }
  if (!found.hasChildNodes()) {
    found.append(
      element("div", { class: "fine" }, "✓ No item failed, no worker was lost"),
    );
  }
  return found;
}

function ended(how) {
  return {
    failed: "failed",
    aborted: "was aborted",
    "left early": "was left early",
  }[how];
}

function problem(kind, title, list, count) {
  const rows = list.slice(0, 3).map(([what, text]) => {
    const row = element("li", { title: what + text }, element("b", {}, what), text);
    return row;
  });
  if (count > rows.length) {
    rows.push(
      element(
        "li",
        { class: "faint" },
        `and ${number(count - rows.length)} more, below`,
      ),
    );
  }
  return element(
    "div",
    { class: `problem ${kind}` },
    element("h2", {}, ...(kind === "ended" ? [] : [symbol(kind, 18)]), title),
    element("ul", {}, ...rows),
  );
}

export function figures(record) {
  const { wall, items, peak, efficiency, ideal, budget, times, sent, received } =
    record;
  const waited = record.workers.filter((w) => w.asked !== undefined);
  const waits = waited.map((w) => (w.started ?? w.ready ?? w.lost ?? wall) - w.asked);
  const longest = Math.max(0, ...waits);
  const settled = items.done + items.failed;
  const all = items.all ? `of ${number(items.total)}` : "so far";
  const list = [
    ["Wall time", time(wall), `ideal on ${many(peak, "worker")}: ${time(ideal)}`],
    [
      "Items done",
      number(items.done),
      `${all}; ${number(items.failed)} failed, ${number(items.retried)} retried`,
    ],
    ["Parallel efficiency", percent(efficiency), "run time ÷ (workers × wall time)"],
    [
      "Workers",
      number(record.workerCount),
      `${number(peak)} at once, ${number(record.lossCount)} lost`,
    ],
    ["Run time", time(budget.work), `${time(times.sum / (times.count || 1))} an item`],
    ["Queue wait", time(longest), "longest, from request to start"],
    [
      "Transferred",
      bytes(sent + received),
      `${bytes(sent)} out, ${bytes(received)} back`,
    ],
  ];
  const tiles = list.map(([title, value, text]) =>
    element(
      "div",
      { class: "figure" },
      element("span", {}, title),
      element("b", {}, value),
      element("span", {}, text),
    )
  );
  const found = element("div", {}, element("div", { class: "figures" }, ...tiles));
  if (!record.ending && items.all) {
    const bar = element("div");
    bar.style.width = `${100 * settled / items.total}%`;
    found.append(element("div", { class: "progress" }, bar));
  }
  return found;
}
