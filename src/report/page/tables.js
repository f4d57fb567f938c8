/** The tables of the page, and the notes below them. */

import { details, element, meter, symbol, table } from "./elements.js";
import { firstLine, many, number, percent, ratio, time } from "./format.js";

export function failures({ failures, causes, items }) {
  if (items.failed === 0) return [];
  const listed = failures.map((
    { index, name, message, stack, worker, host, at },
    i,
  ) => [
    element("span", {}, symbol("failed", 14), ` ${index}`),
    details(
      `failure-${i}`,
      `${name}: ${firstLine(message)}`,
      [
        ...(message.includes("\n") ? [message] : []),
        stack,
      ].filter(Boolean).join("\n"),
    ),
    placed(worker, host),
    time(at),
  ]);
  const counts = causes.map(([name, count]) => `${name} ${number(count)}×`).join(" · ");
  // If the whole run failed, the problems at the top say why.
  const list = listed.length === 0 ? [] : [
    element(
      "div",
      { class: "scroll" },
      table(["item", "error", "worker", "at#"], listed),
    ),
    ...rest(items.failed, listed.length),
  ];
  return [element(
    "section",
    { id: "failures" },
    element("h2", {}, "Failures"),
    element("p", { class: "note" }, counts),
    ...list,
  )];
}

export function losses({ losses, lossCount }) {
  if (lossCount === 0) return [];
  const listed = losses.map((
    { worker, host, pid, cause, detail, at, items, wasted },
  ) => [
    element("span", {}, symbol("lost", 14), ` ${worker}`),
    element("span", {}, element("b", {}, cause), `: ${detail}`),
    pid === undefined ? "" : `${host}, pid ${pid}`,
    number(items),
    time(wasted),
    time(at),
  ]);
  const head = ["worker", "cause", "process", "items with it#", "at work for#", "at#"];
  return [element(
    "section",
    { id: "losses" },
    element("h2", {}, "Lost workers"),
    element("p", { class: "note" }, "What was with them is run again elsewhere."),
    element("div", { class: "scroll" }, table(head, listed)),
    ...rest(lossCount, listed.length),
  )];
}

export function slowest({ slowest, times }) {
  if (slowest.length === 0) return [];
  const most = slowest[0].elapsed;
  const rows = slowest.map(({ index, elapsed, worker, at }) => [
    `${index}`,
    time(elapsed),
    meter(elapsed / most),
    times.median > 0 ? `${ratio(elapsed / times.median)} × the median` : "",
    worker,
    time(Math.max(0, at)),
  ]);
  return [element(
    "section",
    {},
    element("h2", {}, "Slowest items"),
    element(
      "div",
      { class: "scroll" },
      table(["item#", "ran#", "", "", "worker", "began at#"], rows),
    ),
  )];
}

export function workers({ workers, workerCount, wall }) {
  const rows = workers.map((w) => {
    const end = w.lost ?? wall;
    const present = w.ready === undefined ? 0 : Math.max(end - w.ready, 1e-3);
    const wait = w.asked === undefined
      ? "was there"
      : time((w.started ?? w.ready ?? end) - w.asked);
    return [
      w.lost === undefined
        ? w.worker
        : element("span", {}, symbol("lost", 14), ` ${w.worker}`),
      w.pid === undefined ? "" : `${w.host}, pid ${w.pid}`,
      number(w.tries),
      time(w.work),
      present > 0 ? percent(Math.min(1, w.work / present)) : "",
      wait,
      w.ready === undefined ? "never" : time(w.ready),
      w.lost === undefined ? "" : `${w.cause} at ${time(w.lost)}`,
    ];
  });
  const head = [
    "worker",
    "process",
    "runs#",
    "run time#",
    "of its time#",
    "queue wait#",
    "ready at#",
    "lost",
  ];
  const content = element("div", { class: "scroll" }, table(head, rows));
  return element(
    "section",
    {},
    element("h2", {}, "Workers"),
    content,
    ...rest(workerCount, workers.length),
  );
}

export function notes({ resolution, times }) {
  const list = [
    "Times are by the clock of the program that ran the map; a bar ends when its result " +
    "came there.",
    ...(resolution > 0
      ? [
        `The chart merges what is shorter than ${time(resolution)} together with its ` +
        `neighbours; figures are of all ${
          many(times.count, "run")
        }, and percentiles are exact to 2 %.`,
      ]
      : []),
  ];
  return element("p", { class: "note" }, list.join(" "));
}

function rest(count, listed) {
  if (count <= listed) return [];
  const text = `The first ${number(listed)} of ${number(count)} are listed.`;
  return [element("p", { class: "note" }, text)];
}

function placed(worker, host) {
  if (worker === undefined) return "";
  return host === undefined ? worker : `${worker} on ${host}`;
}
