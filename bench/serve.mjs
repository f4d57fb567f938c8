/**
 * A contender's side of the conversation with `run.ts`: a task comes in as one line of
 * JSON, how long it took goes out as another. It runs under Deno and under Node.js.
 */

import process from "node:process";
import { createInterface } from "node:readline";

const ITEMS_PER_MB = 131_072;

/** Does tasks until there are no more. */
export async function serve(pool) {
  say({});
  for await (const line of createInterface({ input: process.stdin })) {
    const task = JSON.parse(line);
    try {
      say({ ms: await measure(pool, task) });
    } catch (error) {
      say({ error: String(error) });
    }
  }
  await pool.close();
}

async function measure(pool, task) {
  const items = itemsOf(task);
  const repeat = task.repeat ?? 1;
  let results;
  const began = performance.now();
  for (let i = 0; i < repeat; i++) {
    results = await pool.map(task.do, items, task.oneByOne ?? false);
  }
  const took = performance.now() - began;
  check(task, items, results);
  return took / repeat;
}

function itemsOf({ do: name, items }) {
  switch (name) {
    case "square":
      return Array.from({ length: items }, (_, i) => i);
    case "record":
      return Array.from({ length: items }, (_, i) => {
        return { id: i, name: `sample ${i}`, x: i / 8, y: -i, good: i % 3 === 0 };
      });
    case "line":
      return Array.from({ length: items }, (_, i) => `${i},sample ${i},${i / 8},${-i}`);
    case "length":
      return Array.from({ length: items }, () => new Float64Array(ITEMS_PER_MB));
    case "array":
      return Array.from({ length: items }, () => ITEMS_PER_MB);
    default:
      return items.flatMap(([count, each]) => Array(count).fill(each));
  }
}

/** Whoever is fast and wrong has not won. */
function check({ do: name }, items, results) {
  const right = {
    square: (result, i) => result === i * i,
    record: (result, i) => isTurned(result, items[i]),
    line: (result, i) => result === items[i].length,
    length: (result) => result === ITEMS_PER_MB,
    array: (result) => result instanceof Float64Array && result.length === ITEMS_PER_MB,
    sleep: (result, i) => result === items[i],
  }[name];
  if (results.length !== items.length || !results.every(right)) {
    throw new Error("the results are wrong");
  }
}

function isTurned({ id, name, x, y, good }, of) {
  return id === of.id && name === of.name && x === of.y && y === of.x &&
    good === !of.good;
}

function say(message) {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}
