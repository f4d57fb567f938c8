/**
 * Turns messages into frames and back. What does not follow `messages.ts` exactly is
 * refused with a {@linkcode ProtocolError}.
 *
 * @module
 */

import { ProtocolError } from "../errors.ts";
import {
  Body,
  groups,
  type Name,
  oneOf,
  refuse,
  time,
  whole,
  yesOrNo,
} from "./body.ts";
import {
  FAILURE_REASONS,
  type Frames,
  HEADER_SIZE,
  type Hello,
  type HostMessage,
  LOG_MODES,
  PROTOCOL_VERSION,
  TYPES,
  type WorkerMessage,
} from "./messages.ts";
import { CONSOLE_LEVELS } from "../common/own_console.ts";

/** The frames of a message. Its sequence numbers are zero: `link.ts` fills them in. */
export function encode(message: WorkerMessage | HostMessage): Frames {
  const header = new Uint8Array(HEADER_SIZE);
  header[0] = PROTOCOL_VERSION;
  header[1] = TYPES[message.type];
  return [header, ...bodyOf(message)];
}

function bodyOf(message: WorkerMessage | HostMessage): Frames {
  switch (message.type) {
    case "heartbeat":
    case "recall":
    case "leave":
      return [];
    case "hello":
      return [text(JSON.stringify(message.hello))];
    case "started":
      return [numbers([message.chunk])];
    case "restarting":
      return [text(message.why)];
    case "results": {
      const { elapsed, segments } = message;
      const all = segments.flatMap(({ chunk, from, count }) => [chunk, from, count]);
      return [numbers([elapsed, ...all]), ...message.list];
    }
    case "times": {
      const { buffer, byteOffset, byteLength } = message.times;
      return [new Uint8Array(buffer, byteOffset, byteLength)];
    }
    case "failed": {
      const { chunk, offset, exitStatus } = message;
      const reason = FAILURE_REASONS.indexOf(message.reason);
      return [numbers([chunk, offset, reason, exitStatus]), message.value];
    }
    case "returned":
      return [numbers(message.cuts.flatMap(({ chunk, from }) => [chunk, from]))];
    case "message":
      return [numbers([message.chunk]), message.value];
    case "output": {
      const all = message.prints.flatMap(({ chunk, offset, level, time, text }) => {
        return [chunk, offset, CONSOLE_LEVELS.indexOf(level), time, text.length];
      });
      return [numbers(all), text(message.prints.map(({ text }) => text).join(""))];
    }
    case "welcome":
      return [
        numbers([message.received, message.memory ? 1 : 0]),
        text(message.incarnation),
      ];
    case "refused":
      return [text(message.why)];
    case "code":
      return [numbers([message.code]), message.value];
    case "assign": {
      const { code, timeout, announce, measure, seed, chunks } = message;
      const logs = LOG_MODES.indexOf(message.logs);
      const flags = [announce ? 1 : 0, measure ? 1 : 0];
      const all = chunks.flatMap((c) => [c.chunk, c.first, c.count, c.attempt]);
      return [
        numbers([code, timeout, ...flags, logs, seed, ...all]),
        text(message.name),
        ...message.list,
      ];
    }
    case "forget":
      return [numbers(message.codes)];
    case "cancel":
      return [numbers(message.chunks)];
    case "terminate":
      return [numbers([message.chunk, message.grace])];
    default:
      return message satisfies never;
  }
}

/**
 * Reads a worker's message.
 *
 * @throws {ProtocolError} When the frames are not a message from a worker.
 */
export function decodeWorkerMessage(frames: Frames): WorkerMessage {
  const type = typeOf(frames);
  const body = new Body(type, frames);
  switch (type) {
    case "hello":
      return { type, hello: helloOf(body.text(0, 1)) };
    case "heartbeat":
      body.expect(0);
      return { type };
    case "restarting":
      return { type, why: body.text(0, 1) };
    case "started": {
      const [chunk] = body.numbers(1, 1);
      return { type, chunk: whole(chunk, type) };
    }
    case "results": {
      const [elapsed, ...rest] = body.numbers(2, 4, 3);
      const segments = groups(rest, 3).map(([chunk, from, count]) => ({
        chunk: whole(chunk, type),
        from: whole(from, type),
        count: whole(count, type, 1),
      }));
      return { type, elapsed: time(elapsed, type), segments, list: body.list(1) };
    }
    case "times": {
      const times = new Float64Array(body.numbers(1, 3, 3));
      for (let i = 0; i < times.length; i += 3) {
        whole(times[i], type);
        whole(times[i + 1], type);
        time(times[i + 2], type);
      }
      return { type, times };
    }
    case "failed": {
      const [chunk, offset, reason, exitStatus] = body.numbers(2, 4);
      return {
        type,
        chunk: whole(chunk, type),
        offset: whole(offset, type),
        reason: oneOf(FAILURE_REASONS, reason, type),
        exitStatus: whole(exitStatus, type),
        value: body.value(1),
      };
    }
    case "returned": {
      const cuts = groups(body.numbers(1, 2, 2), 2).map(([chunk, from]) => ({
        chunk: whole(chunk, type),
        from: whole(from, type),
      }));
      return { type, cuts };
    }
    case "message": {
      const [chunk] = body.numbers(2, 1);
      return { type, chunk: whole(chunk, type), value: body.value(1) };
    }
    case "output": {
      const all = groups(body.numbers(2, 5, 5), 5);
      const text = body.text(1, 2);
      let at = 0;
      const prints = all.map(([chunk, offset, level, when, length]) => ({
        chunk: whole(chunk, type),
        offset: whole(offset, type),
        level: oneOf(CONSOLE_LEVELS, level, type),
        time: time(when, type),
        text: text.slice(at, at += whole(length, type)),
      }));
      if (at !== text.length) throw refuse(type, "has text of another length");
      return { type, prints };
    }
    default:
      throw refuse(type, "is not a message from a worker");
  }
}

/**
 * Reads a message of the host.
 *
 * @throws {ProtocolError} When the frames are not a message from the host.
 */
export function decodeHostMessage(frames: Frames): HostMessage {
  const type = typeOf(frames);
  const body = new Body(type, frames);
  switch (type) {
    case "heartbeat":
    case "recall":
    case "leave":
      body.expect(0);
      return { type };
    case "welcome": {
      const [received, memory] = body.numbers(2, 2);
      return {
        type,
        received: whole(received, type),
        memory: yesOrNo(memory, type),
        incarnation: body.text(1, 2),
      };
    }
    case "refused":
      return { type, why: body.text(0, 1) };
    case "code": {
      const [code] = body.numbers(2, 1);
      return { type, code: whole(code, type), value: body.value(1) };
    }
    case "assign": {
      const [code, timeout, announce, measure, logs, seed, ...rest] = body
        .numbers(3, 10, 4);
      const chunks = groups(rest, 4).map(([chunk, first, count, attempt]) => ({
        chunk: whole(chunk, type),
        first: whole(first, type),
        count: whole(count, type, 1),
        attempt: whole(attempt, type, 1),
      }));
      return {
        type,
        code: whole(code, type),
        timeout: time(timeout, type),
        announce: yesOrNo(announce, type),
        measure: yesOrNo(measure, type),
        logs: oneOf(LOG_MODES, logs, type),
        seed: whole(seed, type),
        chunks,
        name: body.text(1, 3),
        list: body.list(2),
      };
    }
    case "forget":
      return { type, codes: body.numbers(1, 1, 1).map((code) => whole(code, type)) };
    case "cancel":
      return { type, chunks: body.numbers(1, 1, 1).map((chunk) => whole(chunk, type)) };
    case "terminate": {
      const [chunk, grace] = body.numbers(1, 2);
      return { type, chunk: whole(chunk, type), grace: time(grace, type) };
    }
    case "message": {
      const [chunk] = body.numbers(2, 1);
      return { type, chunk: whole(chunk, type), value: body.value(1) };
    }
    default:
      throw refuse(type, "is not a message from the host");
  }
}

/** The longest name that is accepted, in characters. Linux allows machines 64. */
const LONGEST_NAME = 256;

const NAMES = new Map<number, Name>(
  Object.entries(TYPES).map(([name, number]) => [number, name as Name]),
);

/**
 * The type of a message, by its header.
 *
 * @throws {ProtocolError} When the header is not one of this version of the protocol.
 */
export function typeOf(frames: Frames): Name {
  const header = frames[0];
  if (header === undefined || header.length !== HEADER_SIZE) {
    throw new ProtocolError(
      `A message must begin with a header of ${HEADER_SIZE} bytes, not ` +
        `${header?.length ?? 0}`,
    );
  }
  if (header[0] !== PROTOCOL_VERSION) {
    throw new ProtocolError(
      `The other side speaks version ${header[0]} of the protocol, this one version ` +
        `${PROTOCOL_VERSION}: run the same version of the library on both`,
    );
  }
  const type = NAMES.get(header[1]!);
  if (type === undefined) throw new ProtocolError(`Unknown message type ${header[1]}`);
  return type;
}

function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

function numbers(values: number[]): Uint8Array {
  return new Uint8Array(new Float64Array(values).buffer);
}

function helloOf(json: string): Hello {
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch {
    throw refuse("hello", "is not JSON");
  }
  const { worker, pid, host, incarnation, received, memory } =
    parsed as Record<string, unknown> ??
      {};
  if (
    typeof worker !== "string" || typeof host !== "string" ||
    typeof incarnation !== "string" || typeof pid !== "number" ||
    typeof received !== "number" ||
    memory !== undefined && typeof memory !== "number"
  ) throw refuse("hello", "lacks worker, pid, host, incarnation or received");
  if (Math.max(worker.length, host.length, incarnation.length) > LONGEST_NAME) {
    throw refuse("hello", `has a name of more than ${LONGEST_NAME} characters`);
  }
  return {
    worker,
    pid: whole(pid, "hello"),
    host,
    incarnation,
    received: whole(received, "hello"),
    ...(memory !== undefined && { memory: whole(memory, "hello") }),
  };
}
