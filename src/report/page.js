/**
 * Draws a run in the browser, from the record in the page, or as it is told while the run
 * goes on. Everything that comes from outside becomes text, never markup.
 */

const page = document.getElementById("page");
const tip = element("div", { class: "tip", role: "tooltip", hidden: "" });
document.body.append(tip);

/** What became of a stretch of time, as `record.ts` numbers it. */
const RUN = 0;
const LOST = 1;
const CANCELLED = 2;
const RUNNING = 3;

/** The record that is shown. */
let shown = JSON.parse(document.getElementById("record").textContent);

/** Where things are in the chart as it was drawn last. */
let layout;

addEventListener("resize", drawChart);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawChart);
if (shown) show();
else watch();

/** Is told by the program, until the run is over. */
function watch() {
  page.append(element("p", {}, "Waiting for the run …"));
  const events = new EventSource("events");
  events.onmessage = ({ data }) => {
    shown = JSON.parse(data);
    document.title = `${shown.name} – run`;
    if (shown.ending) events.close();
    show();
  };
  // The program is gone, and with it the page's source: what is shown stays.
  events.onerror = () => {
    events.close();
    if (shown && !shown.ending) shown.silent = true;
    if (shown) show();
    else page.replaceChildren(element("p", {}, "The program does not answer."));
  };
}

function show() {
  const open = new Set(
    [...document.querySelectorAll("details[open]")].map((d) => d.id),
  );
  const scrolled = page.querySelector(".chart")?.scrollTop ?? 0;
  page.replaceChildren(
    heading(shown),
    problems(shown),
    figures(shown),
    chart(shown),
    element(
      "div",
      { class: "columns" },
      histogram(shown),
      budget(shown),
    ),
    ...failures(shown),
    ...losses(shown),
    ...slowest(shown),
    workers(shown),
    notes(shown),
  );
  for (const details of page.querySelectorAll("details")) {
    details.open = open.has(details.id);
  }
  page.querySelector(".chart").scrollTop = scrolled;
  page.dataset.done = shown.items.done;
  page.dataset.ended = shown.ending?.how ?? "";
  drawChart();
}

// The parts of the page.

function heading({ name, startedAt, ending, silent }) {
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

function problems({ items, losses, lossCount, failures, ending }) {
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

function figures(record) {
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

function chart(record) {
  const { items, lossCount } = record;
  const entries = [
    ["work", "running", true],
    [
      "threw",
      "failed run",
      record.workers.some(({ bars }) => bars.some((b) => b[4] > 0)),
    ],
    ["failed", "failed item", items.failed > 0],
    ["lost", "lost worker", lossCount > 0],
    ["wasted", "work lost", has(record, LOST)],
    ["cancelled", "cancelled", has(record, CANCELLED)],
    ["idle", "idle", true],
    ["starting", "starting", true],
    ["queued", "in the queue", true],
  ].filter(([, , there]) => there);
  const legend = entries.map(([kind, name]) =>
    element("li", {}, symbol(kind, 14), name)
  );
  const text = `A bar for each of ${many(record.workers.length, "worker")}, from 0 to ${
    time(record.wall)
  }: the table of workers below says the same in figures.`;
  const canvas = element("canvas", { role: "img", "aria-label": text });
  canvas.addEventListener("mousemove", (event) => hover(canvas, event));
  canvas.addEventListener("mouseleave", () => tip.hidden = true);
  return element(
    "section",
    {},
    element("h2", {}, "What each worker did when"),
    element("ul", { class: "legend" }, ...legend),
    element("div", { class: "chart" }, canvas),
  );
}

function has({ workers }, kind) {
  return workers.some(({ bars }) => bars.some((bar) => bar[5] === kind));
}

function histogram({ times }) {
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
    // However few there are, they are to be seen.
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

function budget({ budget, efficiency, ideal, wall, peak, times }) {
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

function failures({ failures, causes, items }) {
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
  // Where the whole run failed, the end of it says why.
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

function losses({ losses, lossCount }) {
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

function slowest({ slowest, times }) {
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

function workers({ workers, workerCount, wall }) {
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

function notes({ resolution, times }) {
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

// The chart.

function drawChart() {
  const canvas = page.querySelector("canvas");
  if (!canvas || !shown) return;
  const { workers, wall, failures } = shown;
  const width = canvas.clientWidth;
  const row = workers.length <= 6
    ? 34
    : workers.length <= 16
    ? 24
    : workers.length <= 40
    ? 14
    : workers.length <= 150
    ? 7
    : 4;
  const [left, right, top, bottom] = [86, 14, 10, 30];
  const height = top + Math.max(1, workers.length) * row + bottom;
  const scale = devicePixelRatio || 1;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  canvas.style.height = `${height}px`;
  const g = canvas.getContext("2d");
  g.scale(scale, scale);
  g.font = `12px ${getComputedStyle(document.body).fontFamily}`;
  const ink = inks(g);
  const most = wall || 1;
  const x = (t) => left + t / most * (width - left - right);
  const pad = row >= 14 ? 3 : row >= 7 ? 1 : 0.5;
  const box = (i) => ({ y: top + i * row + pad, height: row - 2 * pad });
  layout = { left, top, row, x, most, width, right };

  drawTicks(g, ink, x, most, top, height - bottom, width - right);
  const every = Math.ceil(13 / row);
  workers.forEach((worker, i) => {
    const { y, height } = box(i);
    if (i % every === 0) {
      g.fillStyle = ink("faint");
      g.textAlign = "right";
      g.textBaseline = "middle";
      g.fillText(`worker ${worker.worker}`, left - 8, y + height / 2, left - 12);
    }
    drawLane(g, ink, x, y, height, worker, wall);
  });
  const rows = new Map(workers.map(({ worker }, i) => [worker, i]));
  for (const { worker, at } of failures) {
    const i = rows.get(worker);
    if (i === undefined) continue;
    const { y, height } = box(i);
    mark(g, ink, "failed", x(Math.min(at, most)), y + height / 2, markSize(height));
  }
  workers.forEach(({ lost, cause }, i) => {
    if (lost === undefined) return;
    const { y, height } = box(i);
    drawLoss(g, ink, x(lost), y, height, cause, width - right);
  });
}

/** The colours of the page, and patterns of them. */
function inks(g) {
  const scratch = document.createElement("span");
  document.body.append(scratch);
  const colors = {};
  for (
    const name of [
      "ink",
      "faint",
      "line",
      "track",
      "card",
      "work",
      "failed",
      "lost",
      "cancelled",
      "wait",
    ]
  ) {
    scratch.style.color = `var(--${name})`;
    colors[name] = getComputedStyle(scratch).color;
  }
  scratch.remove();
  const hatched = (color) => {
    const tile = document.createElement("canvas");
    tile.width = tile.height = 6;
    const t = tile.getContext("2d");
    t.strokeStyle = color;
    t.lineWidth = 2;
    t.beginPath();
    for (const shift of [-6, 0, 6]) {
      t.moveTo(shift - 1, 7);
      t.lineTo(shift + 7, -1);
    }
    t.stroke();
    return g.createPattern(tile, "repeat");
  };
  return (name) => name.startsWith("/") ? hatched(colors[name.slice(1)]) : colors[name];
}

function drawTicks(g, ink, x, most, top, bottom, right) {
  g.textAlign = "center";
  g.textBaseline = "top";
  for (const t of evenTicks(most, (right - x(0)) / 90)) {
    g.fillStyle = ink("line");
    g.fillRect(Math.round(x(t)), top, 1, bottom - top + 4);
    g.fillStyle = ink("faint");
    if (x(t) < right - 12) g.fillText(time(t), x(t), bottom + 8);
  }
}

function drawLane(g, ink, x, y, height, worker, wall) {
  const { asked, started, ready, lost, bars } = worker;
  const end = lost ?? wall;
  const rect = (from, to, fill, inset = 0) => {
    g.fillStyle = fill;
    const h = height - 2 * inset;
    g.fillRect(x(from), y + inset, Math.max(0.6, x(to) - x(from)), h);
  };
  const thin = height * 0.3;
  if (asked !== undefined) {
    const until = started ?? ready ?? end;
    if (until > asked) {
      g.fillStyle = ink("wait");
      // A dotted line: nothing is there yet.
      for (let at = x(asked); at < x(until) - 1; at += 5) {
        g.fillRect(at, y + height / 2 - 1, 2, 2);
      }
    }
    if (started !== undefined) rect(started, ready ?? end, ink("/wait"), thin);
  }
  if (ready !== undefined) rect(ready, end, ink("track"));
  const hatch = ink("/lost");
  for (const [from, to, , , , kind] of bars) {
    if (kind === LOST) rect(from, to, hatch);
    else if (kind === CANCELLED) rect(from, to, ink("/cancelled"));
  }
  drawRuns(g, ink("work"), x, y, height, bars);
  for (const [from, to, , tries, failed] of bars) {
    if (failed === 0) continue;
    const tall = Math.max(1.5, height * failed / tries);
    g.fillStyle = ink("failed");
    g.fillRect(x(from), y + height - tall, Math.max(1, x(to) - x(from)), tall);
  }
}

/** Bars that can be told apart; of all others, how much of each pixel's time was work. */
function drawRuns(g, color, x, y, height, bars) {
  const columns = new Map();
  g.fillStyle = color;
  for (const [from, to, busy, tries, , kind] of bars) {
    const [start, end] = [x(from), x(to)];
    const part = to > from ? Math.min(1, busy / (to - from)) : 1;
    if (kind === RUNNING || kind === RUN && end - start >= 3) {
      g.globalAlpha = kind === RUNNING ? 0.55 : tries > 1 ? shade(part) : 1;
      // A line between bars, where there is room for one.
      g.fillRect(start, y, end - start - (end - start > 10 ? 1 : 0), height);
    } else if (kind === RUN) {
      for (let column = Math.floor(start); column <= end; column++) {
        const covered = Math.min(end, column + 1) - Math.max(start, column);
        columns.set(column, (columns.get(column) ?? 0) + covered * part);
      }
    }
  }
  for (const [column, part] of columns) {
    g.globalAlpha = shade(Math.min(1, part));
    g.fillRect(column, y, 1, height);
  }
  g.globalAlpha = 1;
}

/** How strong a colour is where only a part of the time was work. */
function shade(part) {
  return 0.3 + 0.7 * part;
}

/** Where a worker was lost: a line, a diamond, and why if there is room. */
function drawLoss(g, ink, at, y, height, cause, right) {
  g.fillStyle = ink("lost");
  g.fillRect(at - 1, y - 1, 2, height + 2);
  const size = markSize(height);
  mark(g, ink, "lost", at, y + height / 2, size);
  if (height < 9) return;
  const text = `lost: ${cause}`;
  const wide = g.measureText(text).width;
  if (at + size + 6 + wide > right) return;
  g.textAlign = "left";
  g.textBaseline = "middle";
  g.fillText(text, at + size + 5, y + height / 2);
}

function markSize(height) {
  return Math.max(5, Math.min(8, height * 0.36));
}

/** A cross in a disc for a failure, a diamond for a loss: shapes as well as colours. */
function mark(g, ink, kind, x, y, size) {
  g.lineWidth = 2;
  g.strokeStyle = ink("card");
  g.fillStyle = ink(kind);
  g.beginPath();
  if (kind === "lost") {
    g.moveTo(x, y - size * 1.2);
    g.lineTo(x + size * 1.2, y);
    g.lineTo(x, y + size * 1.2);
    g.lineTo(x - size * 1.2, y);
    g.closePath();
  } else g.arc(x, y, size, 0, 7);
  g.fill();
  g.stroke();
  if (kind === "lost") return;
  const arm = size * 0.42;
  g.beginPath();
  g.moveTo(x - arm, y - arm);
  g.lineTo(x + arm, y + arm);
  g.moveTo(x + arm, y - arm);
  g.lineTo(x - arm, y + arm);
  g.stroke();
}

function hover(canvas, event) {
  const { left, top, row, x, most, width, right } = layout;
  const box = canvas.getBoundingClientRect();
  const [px, py] = [event.clientX - box.left, event.clientY - box.top];
  const worker = shown.workers[Math.floor((py - top) / row)];
  const at = (px - left) / (width - left - right) * most;
  tip.hidden = !worker || at < 0 || at > most;
  if (tip.hidden) return;
  const slack = most / (width - left - right) * 3;
  const lines = [`worker ${worker.worker}, ${time(at)}`, ...doing(worker, at, slack)];
  for (const failure of shown.failures) {
    if (failure.worker !== worker.worker || Math.abs(x(failure.at) - px) > 8) continue;
    lines.push(
      `✕ item ${failure.index}: ${failure.name}: ${firstLine(failure.message)}`,
    );
  }
  if (worker.lost !== undefined && Math.abs(x(worker.lost) - px) < 9) {
    lines.push(`◆ lost: ${worker.cause}`);
  }
  tip.textContent = lines.join("\n");
  tip.style.left = `${Math.min(event.clientX + 14, innerWidth - 370)}px`;
  tip.style.top = `${event.clientY + 16}px`;
}

function doing(worker, at, slack) {
  const { bars, asked, started, ready, lost } = worker;
  const bar = bars.find(([from, to]) => from <= at && at <= to) ??
    bars.find(([from, to]) => from - slack <= at && at <= to + slack);
  if (bar) {
    const [from, to, busy, tries, failed, kind] = bar;
    const what = ["", "lost", "cancelled", "running"][kind];
    const span = `${time(from)} – ${time(to)}`;
    if (kind !== RUN) return [`${what} ${span} (${time(to - from)})`];
    const bad = failed > 0 ? `, ${number(failed)} failed` : "";
    return [`${many(tries, "run")}${bad}: ${span} (${time(busy)} of work)`];
  }
  if (lost !== undefined && at > lost) return ["gone"];
  if (ready !== undefined && at >= ready) return ["idle"];
  if (started !== undefined && at >= started) return ["starting"];
  return asked !== undefined && at >= asked ? ["in the queue"] : [];
}

// Symbols, which mean the same wherever they stand.

function fillOf(kind) {
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

function symbol(kind, size) {
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

// Building blocks.

function element(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

function svg(name, attributes = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  return filled(made, attributes, children);
}

function filled(made, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** A table; a `#` at the end of a column's name says that it has numbers. */
function table(head, rows) {
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

function details(id, summary, text) {
  if (!text) return summary;
  return element(
    "details",
    { id },
    element("summary", {}, summary),
    element("pre", {}, text),
  );
}

function meter(part) {
  const root = svg("svg", { width: 120, height: 10, "aria-hidden": "true" });
  const width = Math.max(1, 120 * part);
  root.append(svg("rect", { width, height: 10, fill: "var(--work)" }));
  return root;
}

function placed(worker, host) {
  if (worker === undefined) return "";
  return host === undefined ? worker : `${worker} on ${host}`;
}

function firstLine(text) {
  return text.split("\n", 1)[0];
}

// Numbers as people read them.

function number(value) {
  return value.toLocaleString("en");
}

function many(count, one, more = `${one}s`) {
  return `${number(count)} ${count === 1 ? one : more}`;
}

function percent(part) {
  const value = 100 * part;
  return `${value > 0 && value < 9.95 ? value.toFixed(1) : Math.round(value)} %`;
}

function ratio(value) {
  return value < 10 ? value.toFixed(1) : number(Math.round(value));
}

/** Three digits. */
function digits(value) {
  return value >= 100 ? `${Math.round(value)}` : `${Number(value.toPrecision(3))}`;
}

/** A time in milliseconds. */
function time(ms) {
  if (ms === 0) return "0 s";
  if (ms < 0.9995) return `${digits(ms * 1000)} µs`;
  if (ms < 999.5) return `${digits(ms)} ms`;
  if (ms < 99_950) return `${digits(ms / 1000)} s`;
  const seconds = Math.round(ms / 1000);
  const [h, m, s] = [
    Math.floor(seconds / 3600),
    Math.floor(seconds / 60) % 60,
    seconds % 60,
  ];
  const two = (value) => `${value}`.padStart(2, "0");
  return h > 0 ? `${number(h)} h ${two(m)} min` : `${m} min ${two(s)} s`;
}

function bytes(count) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let i = 0;
  for (; count >= 999.5 && i < units.length - 1; i++) count /= 1000;
  return `${digits(count)} ${units[i]}`;
}

function short(value) {
  return Intl.NumberFormat("en", { notation: "compact" }).format(value);
}

/** Round steps from 0 to a time, so many at most. */
function evenTicks(most, count) {
  const [second, minute, hour] = [1000, 60_000, 3_600_000];
  const steps = [
    ...[15, 30].map((n) => n * second),
    ...[1, 2, 5, 10, 15, 30].map((n) => n * minute),
    ...[1, 2, 3, 6, 12].map((n) => n * hour),
  ];
  const raw = most / Math.max(1, Math.min(12, count));
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = raw < 10 * second
    ? [1, 2, 5, 10].map((n) => n * power).find((step) => step >= raw)
    : steps.find((step) => step >= raw) ?? Math.ceil(raw / (24 * hour)) * 24 * hour;
  return Array.from({ length: Math.floor(most / step) + 1 }, (_, i) => i * step);
}

/** Round times within a range, for a logarithmic scale. */
function timeTicks(from, to) {
  const ticks = [];
  const fine = to / from < 30;
  const factors = fine
    ? [1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9]
    : to / from < 1e4
    ? [1, 3]
    : [1];
  for (let power = Math.floor(Math.log10(from)); 10 ** power <= to; power++) {
    for (const factor of factors) {
      const t = factor * 10 ** power;
      if (t >= from && t <= to) ticks.push(t);
    }
  }
  return ticks;
}

function countTicks(most) {
  const power = 10 ** Math.floor(Math.log10(most));
  const step = [0.2, 0.5, 1, 2].map((n) => n * power).find((step) => most / step <= 5);
  const whole = Math.max(1, step);
  return Array.from({ length: Math.floor(most / whole) + 1 }, (_, i) => i * whole);
}
