/** The chart: what each worker did when, on a canvas. */

import { element, symbol } from "./elements.js";
import { evenTicks, firstLine, many, number, time } from "./format.js";

/** The kinds of bars, as `record.ts` numbers them. */
const RUN = 0;
const LOST = 1;
const CANCELLED = 2;
const RUNNING = 3;

/** The record that was drawn last, and where things are in the chart. */
let layout;

const tip = element("div", { class: "tip", role: "tooltip", hidden: "" });
document.body.append(tip);

export function chart(record) {
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

/** Draws a record into the chart that is on the page. */
export function drawChart(record) {
  const canvas = document.querySelector(".chart canvas");
  const { workers, wall, failures } = record;
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
  layout = { record, left, top, row, x, most, width, right };

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

/** The colours of the page, and hatched patterns in these colours. */
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
      // A dotted line, because there is no process yet.
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

/** Draws bars that are wide enough; of the others, the share of work in each pixel. */
function drawRuns(g, color, x, y, height, bars) {
  const columns = new Map();
  g.fillStyle = color;
  for (const [from, to, busy, tries, , kind] of bars) {
    const [start, end] = [x(from), x(to)];
    const part = to > from ? Math.min(1, busy / (to - from)) : 1;
    if (kind === RUNNING || kind === RUN && end - start >= 3) {
      g.globalAlpha = kind === RUNNING ? 0.55 : tries > 1 ? shade(part) : 1;
      // A line between bars, if there is room for it.
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

/** How strong a colour is if only a part of the time was work. */
function shade(part) {
  return 0.3 + 0.7 * part;
}

/** Marks where a worker was lost: a line, a diamond, and the cause if there is room. */
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

/** Draws a disc with a cross for a failure, or a diamond for a loss. */
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
  const { record, left, top, row, x, most, width, right } = layout;
  const box = canvas.getBoundingClientRect();
  const [px, py] = [event.clientX - box.left, event.clientY - box.top];
  const worker = record.workers[Math.floor((py - top) / row)];
  const at = (px - left) / (width - left - right) * most;
  tip.hidden = !worker || at < 0 || at > most;
  if (tip.hidden) return;
  const slack = most / (width - left - right) * 3;
  const lines = [`worker ${worker.worker}, ${time(at)}`, ...doing(worker, at, slack)];
  for (const failure of record.failures) {
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
