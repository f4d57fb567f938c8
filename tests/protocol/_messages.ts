/**
 * Messages of every type, as fast-check makes them up.
 *
 * @module
 */

import * as fc from "npm:fast-check@^4.3.0";
import {
  FAILURE_REASONS,
  type HostMessage,
  LOG_MODES,
  type WorkerMessage,
} from "../../src/protocol/messages.ts";
import { CONSOLE_LEVELS } from "../../src/common/own_console.ts";

const whole = fc.maxSafeNat();
const positive = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
const time = fc.double({ min: 0, noNaN: true, noDefaultInfinity: true })
  .map((value) => value === 0 ? 0 : value);
const value = fc.uint8Array({ maxLength: 20 });
const list = fc.array(value, { minLength: 1, maxLength: 3 });
const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 20 }),
  fc.constantFrom("", "\ufeffwith a byte order mark", "日本語", "\0"),
);

const type = <T extends string>(name: T) => fc.constant(name);

/** Anything that a worker may say. */
export const workerMessages: fc.Arbitrary<WorkerMessage> = fc.oneof(
  fc.record({
    type: type("hello"),
    hello: fc.record(
      {
        worker: text,
        pid: whole,
        host: text,
        incarnation: text,
        received: whole,
        memory: whole,
      },
      { requiredKeys: ["worker", "pid", "host", "incarnation", "received"] },
    ),
  }),
  fc.record({ type: type("heartbeat") }),
  fc.record({ type: type("started"), chunk: whole }),
  fc.record({
    type: type("results"),
    elapsed: time,
    segments: fc.array(fc.record({ chunk: whole, from: whole, count: positive }), {
      minLength: 1,
      maxLength: 5,
    }),
    list,
  }),
  fc.record({
    type: type("times"),
    times: fc.array(fc.tuple(whole, whole, time), { minLength: 1, maxLength: 5 })
      .map((times) => new Float64Array(times.flat())),
  }),
  fc.record({
    type: type("failed"),
    chunk: whole,
    offset: whole,
    reason: fc.constantFrom(...FAILURE_REASONS),
    exitStatus: whole,
    value,
  }),
  fc.record({
    type: type("returned"),
    cuts: fc.array(fc.record({ chunk: whole, from: whole }), { minLength: 1 }),
  }),
  fc.record({ type: type("message"), chunk: whole, value }),
  fc.record({
    type: type("output"),
    prints: fc.array(
      fc.record({
        chunk: whole,
        offset: whole,
        level: fc.constantFrom(...CONSOLE_LEVELS),
        time,
        text,
      }),
      { minLength: 1, maxLength: 5 },
    ),
  }),
  fc.record({ type: type("restarting"), why: fc.string() }),
);

/** Anything that the host may say. */
export const hostMessages: fc.Arbitrary<HostMessage> = fc.oneof(
  fc.record({
    type: type("welcome"),
    received: whole,
    memory: fc.boolean(),
    incarnation: fc.string({ unit: "grapheme" }),
  }),
  fc.record({ type: type("refused"), why: text }),
  fc.record({ type: type("heartbeat") }),
  fc.record({ type: type("code"), code: whole, value }),
  fc.record({
    type: type("assign"),
    code: whole,
    timeout: time,
    announce: fc.boolean(),
    measure: fc.boolean(),
    logs: fc.constantFrom(...LOG_MODES),
    seed: whole,
    chunks: fc.array(
      fc.record({ chunk: whole, first: whole, count: positive, attempt: positive }),
      { minLength: 1, maxLength: 5 },
    ),
    name: text,
    list,
  }),
  fc.record({
    type: type("forget"),
    codes: fc.array(whole, { minLength: 1, maxLength: 5 }),
  }),
  fc.record({ type: type("recall") }),
  fc.record({
    type: type("cancel"),
    chunks: fc.array(whole, { minLength: 1, maxLength: 5 }),
  }),
  fc.record({ type: type("terminate"), chunk: whole, grace: time }),
  fc.record({ type: type("message"), chunk: whole, value }),
  fc.record({ type: type("leave") }),
);
