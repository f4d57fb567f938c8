/**
 * The npm packages that a user would take instead, each with two workers, under Node.js
 * or Deno: `peers.mjs NAME [once]`.
 */

import process from "node:process";
import { fileURLToPath } from "node:url";
import { serve } from "../serve.mjs";

const WORKERS = 2;
/** What a user of a package without chunks of its own would do by hand. */
const HAND_MADE_CHUNK = 10_000;
/** How many calls a user would have under way, for workers never to wait. */
const DEPTH = 100;

const pools = {
  "piscina": piscina,
  "tinypool, threads": () => tinypool("worker_threads"),
  "tinypool, processes": () => tinypool("child_process"),
  "workerpool, threads": () => workerpool("thread"),
  "workerpool, processes": () => workerpool("process"),
  "poolifier, threads": () => poolifier("FixedThreadPool"),
  "poolifier, processes": () => poolifier("FixedClusterPool"),
};

async function piscina() {
  const { Piscina } = await import("piscina");
  const threads = new Piscina({
    filename: script("functions.mjs"),
    minThreads: WORKERS,
    maxThreads: WORKERS,
  });
  return {
    call: (name, item) => threads.run(item, { name }),
    close: () => threads.destroy(),
  };
}

async function tinypool(runtime) {
  const { Tinypool } = await import("tinypool");
  const pool = new Tinypool({
    filename: script("functions.mjs"),
    runtime,
    minThreads: WORKERS,
    maxThreads: WORKERS,
    serialization: "advanced",
  });
  return {
    call: (name, item) => pool.run(item, { name }),
    close: () => pool.destroy(),
  };
}

async function workerpool(workerType) {
  const { default: { pool } } = await import("workerpool");
  const workers = pool(script("workerpool_worker.mjs"), {
    minWorkers: WORKERS,
    maxWorkers: WORKERS,
    workerType,
    forkOpts: { serialization: "advanced" },
  });
  return {
    call: (name, item) => workers.exec(name, [item]),
    close: () => workers.terminate(),
  };
}

async function poolifier(kind) {
  const { [kind]: Pool } = await import("poolifier");
  const pool = new Pool(WORKERS, script("poolifier_worker.mjs"), {
    settings: { serialization: "advanced" },
  });
  return {
    call: (name, item) => pool.execute(item, name),
    close: () => pool.destroy(),
  };
}

function script(name) {
  return fileURLToPath(new URL(name, import.meta.url));
}

/** What these packages leave to their users. */
async function map(call, name, items, oneByOne) {
  if (oneByOne) return await mapDeep(call, name, items);
  if (items.length <= HAND_MADE_CHUNK) {
    return await Promise.all(items.map((item) => call(name, item)));
  }
  const chunks = [];
  for (let i = 0; i < items.length; i += HAND_MADE_CHUNK) {
    chunks.push(items.slice(i, i + HAND_MADE_CHUNK));
  }
  return (await Promise.all(chunks.map((chunk) => call(`${name}s`, chunk)))).flat();
}

async function mapDeep(call, name, items) {
  const results = new Array(items.length);
  let next = 0;
  const one = async () => {
    for (let i; (i = next++) < items.length;) results[i] = await call(name, items[i]);
  };
  await Promise.all(Array.from({ length: DEPTH }, one));
  return results;
}

const [name, once] = process.argv.slice(2);
const { call, close } = await pools[name]();
const pool = { map: (...task) => map(call, ...task), close };
if (once) {
  console.log(await pool.map("square", [1, 2, 3, 4, 5], false));
  await pool.close();
} else {
  await serve(pool);
}
