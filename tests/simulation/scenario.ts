/**
 * What one simulation is about, all of it drawn from its seed: which runs of which items,
 * and what will go wrong how often.
 *
 * @module
 */

import type { CoreSettings, RunSettings } from "../../src/core/events.ts";
import type { Flow } from "../../src/protocol/link.ts";
import { Random } from "./prng.ts";

/**
 * What becomes of an item: it has a result; it ends its worker's process, each time; it
 * throws, each time or the first times; it never ends; it never ends and its worker
 * cannot end it; it exits; its thread crashes under it; its result cannot travel; it has
 * its process start anew and leaves no trace of why.
 */
export type Kind =
  | "good"
  | "poison"
  | "throws"
  | "flaky"
  | "hangs"
  | "stuck"
  | "exits"
  | "crashes"
  | "unserializable"
  | "vanishes";

/** One item, as the workers know it. */
export interface Item {
  run: number;
  index: number;
  /** Its argument: no other item of the simulation has the same. */
  payload: number;
  kind: Kind;
  /** How long it takes, in milliseconds. */
  work: number;
  /** How much larger it makes a message that carries it, or its result, in bytes. */
  size: number;
  /** How often a flaky one still throws. */
  throwsLeft: number;
  /** How often its throws are worth another try, in the eyes of its user. */
  worth: number;
  /** Comes to an end by itself when it is asked to. */
  obedient: boolean;
}

/** One run, and what its user does with it. */
export interface RunPlan {
  settings: RunSettings;
  items: Item[];
  /** Its items come when they are asked for. */
  lazy: boolean;
  startAt: number;
  /** How long until its code, and with it its items, can be sent. */
  opensAfter: number;
  /** After how long it is cancelled. */
  cancelAfter: number;
  /** After how long it is terminated, and with which grace. */
  terminateAfter: number;
  grace: number;
}

/** What goes wrong: probabilities, and times between two such events in milliseconds. */
export interface Faults {
  /** Workers are killed. */
  killEvery: number;
  /** A worker that is killed is started again by the cluster, under the same name. */
  rerun: number;
  /** Workers restart for no reason that anyone knows. */
  restartEvery: number;
  /** Workers hand back what waits with them, and nobody has asked for it. */
  handBackEvery: number;
  /** Workers stop for a while, or for good. */
  freezeEvery: number;
  /** Connections are cut. */
  cutEvery: number;
  /** Connections are cut right after a piece of a large message is sent. */
  cutAtPiece: number;
  /** The host is not told that a connection was cut. */
  unnoticed: number;
  /** A message that is outside the sequence comes twice. */
  repeat: number;
  /** Any message comes late, out of order or twice. */
  disorder: number;
  /** Workers say nonsense. */
  babbleEvery: number;
  /** A worker is much slower than others. */
  slow: number;
  /** The host does nothing for a while. */
  busyEvery: number;
  /** A worker cannot be started. */
  refuseStart: number;
  /** A worker waits in the queue for ever. */
  neverStart: number;
  /** A worker starts later than anyone waits. */
  lateStart: number;
  /** A worker ends before it says hello. */
  dieEarly: number;
  /** A worker never says hello. */
  muteStart: number;
  /** The scheduler does not see a worker end until it is told to stop it. */
  unseenEnd: number;
  /** The scheduler says of workers that they have ended, and they live on. */
  toldWronglyEvery: number;
}

/** All that is drawn at the beginning. */
export interface Scenario {
  seed: number;
  /** For what is drawn on the way. */
  random: Random;
  settings: CoreSettings;
  runs: RunPlan[];
  faults: Faults;
  /** From when on no connection is cut: nothing must hang on the next one. */
  calmFrom: number;
  items: Map<number, Item>;
  /** When the dispatcher is closed though runs are under way. */
  closeAt: number;
  /** Workers see the host's end by themselves, and so do not give it up. */
  watched: boolean;
  /** How much travels at once. */
  flow: Flow;
  /** How large a code is, in bytes. */
  codeSize: number;
  /** How many bytes each connection carries in a millisecond, each way. */
  rate: number;
  /** The host asks for what is missing at each message that comes after the gap. */
  asksOften: boolean;
  /** How long a worker's job may run. */
  lifetime: number;
}

const NO_FAULTS: Faults = {
  killEvery: Infinity,
  rerun: 0,
  restartEvery: Infinity,
  handBackEvery: Infinity,
  freezeEvery: Infinity,
  cutEvery: Infinity,
  cutAtPiece: 0,
  unnoticed: 0,
  repeat: 0,
  disorder: 0,
  babbleEvery: Infinity,
  slow: 0,
  busyEvery: Infinity,
  refuseStart: 0,
  neverStart: 0,
  lateStart: 0,
  dieEarly: 0,
  muteStart: 0,
  unseenEnd: 0,
  toldWronglyEvery: Infinity,
};

/** What one seed is about. */
export function draw(seed: number): Scenario {
  const random = new Random(seed);
  // Mostly small ones: they are fast, and what they find can be understood.
  const drawn = random.next();
  const size = drawn < 0.7 ? "small" : drawn < 0.97 ? "medium" : "large";
  const most = { small: 8, medium: 30, large: 300 }[size];
  const runs: RunPlan[] = [];
  const count = random.int(1, size === "small" ? 2 : 4);
  const trouble = random.pick([0, 0.1, 0.1, 0.5]);
  const items = new Map<number, Item>();
  for (let id = 1; id <= count; id++) {
    const run = drawRun(random, id, most, trouble);
    runs.push(run);
    for (const item of run.items) items.set(item.payload, item);
  }
  const faults = drawFaults(random);
  // Without order, all that is under way is sent again and again: it must not be much.
  const orderly = faults.disorder === 0;
  const flow = {
    small: random.int(40, 200),
    piece: orderly ? random.int(40, 400) : random.int(1000, 2000),
    window: random.int(200, 2000),
    most: random.int(2000, 4000),
  };
  // A window takes so long.
  const slow = orderly && random.chance(0.5);
  const rate = slow ? Math.max(20, flow.window / random.between(1, 200)) : Infinity;
  return {
    seed,
    random,
    settings: {
      workers: random.int(1, size === "small" ? 3 : 8),
      queueTimeout: random.between(2000, 10_000),
      startTimeout: random.between(1000, 4000),
      loadTimeout: random.between(100, 2000),
      silenceTimeout: random.between(1500, 3000),
      reconnectGrace: random.between(500, 4000),
    },
    runs,
    faults,
    calmFrom: random.chance(0.5) ? random.between(500, 5000) : Infinity,
    items,
    closeAt: random.chance(0.05) ? random.between(0, 5000) : Infinity,
    watched: random.chance(0.3),
    flow,
    codeSize: random.chance(0.7) ? 1 : random.int(1, 5000),
    rate,
    // Without order, each answer would bring forth more questions.
    asksOften: orderly && random.chance(0.5),
    lifetime: drawLifetime(seed),
  };
}

/** Drawn apart from all else, so that most stories are what they were without it. */
function drawLifetime(seed: number): number {
  const random = new Random(-seed);
  return random.chance(0.2) ? random.between(1000, 6000) : Infinity;
}

function drawFaults(random: Random): Faults {
  const faults = { ...NO_FAULTS };
  // One kind of fault alone, several at once, or none at all.
  const share = random.pick([0, 0.1, 0.1, 0.3, 0.6]);
  const often = random.pick([300, 1000, 3000]);
  for (const name of Object.keys(faults) as (keyof Faults)[]) {
    if (!random.chance(share)) continue;
    faults[name] = name.endsWith("Every")
      ? random.between(0.5, 2) * often
      : random.between(0.05, 0.5);
  }
  if (random.chance(0.02)) faults.refuseStart = 1;
  if (random.chance(0.02)) faults.neverStart = 1;
  if (random.chance(0.02)) faults.dieEarly = 1;
  return faults;
}

const TROUBLE: Kind[] = [
  "poison",
  "poison",
  "throws",
  "flaky",
  "flaky",
  "hangs",
  "stuck",
  "exits",
  "crashes",
  "unserializable",
  "vanishes",
];

function drawRun(random: Random, id: number, most: number, trouble: number): RunPlan {
  const exclusive = random.chance(0.25);
  const lazy = !exclusive && random.chance(0.4);
  const count = exclusive ? 1 : random.int(0, most);
  const terminateAfter = exclusive && random.chance(0.4)
    ? random.between(0, 2000)
    : Infinity;
  const cancelAfter = random.chance(0.15) ? random.between(0, 3000) : Infinity;
  const timeout = random.chance(0.5) ? random.between(50, 1000) : 0;
  const pace = random.pick([0.01, 1, 1, 10, 100, 400]);
  const bulk = random.pick([0, 0, 0.1, 1]);
  // What never ends must be ended: by its timeout or by its user.
  const ends = timeout > 0 || terminateAfter < Infinity || cancelAfter < Infinity;
  const items = Array.from({ length: count }, (_, index): Item => {
    let kind: Kind = random.chance(trouble) ? random.pick(TROUBLE) : "good";
    if ((kind === "hangs" || kind === "stuck") && !ends) kind = "poison";
    return {
      run: id,
      index,
      payload: 1000 * id + index,
      kind,
      work: random.wait(pace),
      size: random.chance(bulk) ? random.int(0, random.pick([100, 1000, 5000])) : 0,
      throwsLeft: random.int(1, 3),
      worth: random.chance(0.8) ? Infinity : random.int(0, 1),
      obedient: random.chance(0.5),
    };
  });
  const expected = random.chance(0.5) ? random.int(0, 10) : 0;
  return {
    settings: {
      id,
      retries: random.int(0, 3),
      retryErrors: random.pick([0, 0, 1, 3]),
      retryDelay: random.pick([0, 0, 30, 1000]),
      retryFactor: random.pick([1, 2]),
      timeout,
      chunkSize: random.chance(0.6) ? "auto" : random.int(1, 20),
      expected: count === 0 && !lazy ? 0 : expected,
      exclusive,
    },
    items,
    lazy,
    startAt: random.chance(0.7) ? random.between(0, 100) : random.between(0, 8000),
    opensAfter: random.chance(0.8) ? 0 : random.between(0, 1000),
    cancelAfter,
    terminateAfter,
    grace: random.chance(0.3) ? 0 : random.between(0, 1000),
  };
}
