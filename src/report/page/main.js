/**
 * Draws a run in the browser: from the record in the page, or, while the run goes on, from
 * the records that the program sends. All data becomes text, never markup.
 */

import { chart, drawChart } from "./chart.js";
import { element } from "./elements.js";
import { figures, heading, problems } from "./overview.js";
import { failures, losses, notes, slowest, workers } from "./tables.js";
import { budget, histogram } from "./times.js";

const page = document.getElementById("page");

/** The record that is shown. */
let shown = JSON.parse(document.getElementById("record").textContent);

addEventListener("resize", redraw);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
if (shown) show();
else watch();

/** Gets records from the program, until the run is over. */
function watch() {
  page.append(element("p", {}, "Waiting for the run …"));
  const events = new EventSource("events");
  events.onmessage = ({ data }) => {
    shown = JSON.parse(data);
    document.title = `${shown.name} – run`;
    if (shown.ending) events.close();
    show();
  };
  // The program is gone. What is shown stays.
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
  redraw();
}

function redraw() {
  if (shown) drawChart(shown);
}
