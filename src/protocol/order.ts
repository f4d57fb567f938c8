/**
 * Which messages may overtake each other. A large message takes time, and others that
 * have nothing to do with it must not wait for it. So a message waits only for those
 * before it that share a subject with it.
 *
 * | message | subjects |
 * |---|---|
 * | `code` | the code, and the one that it adds to |
 * | `assign` | its code, its chunks, and "assignments": they run in the order in which they come |
 * | `message` | the chunk |
 * | `started`, `results`, `times`, `failed`, `returned`, `output` | the chunks that they name |
 * | `restarting` | all that was said before |
 * | `cancel`, `terminate`, `recall`, `forget` | none: what they make pointless is withdrawn |
 * | outside the sequence | none |
 *
 * @module
 */

import { mainOf } from "./added_code.ts";
import type { HostMessage, WorkerMessage } from "./messages.ts";

/** The subject that all assignments share, so that they keep their order. */
const ASSIGNMENTS = "assignments";

/** What a message is about; `undefined` if it is about all messages before it. */
export function subjectsOf(
  message: HostMessage | WorkerMessage,
): readonly string[] | undefined {
  switch (message.type) {
    case "restarting":
      return undefined;
    case "code": {
      const main = mainOf(message.value)?.main;
      const codes = main === undefined ? [message.code] : [message.code, main];
      return codes.map(codeSubject);
    }
    case "assign":
      return [
        ASSIGNMENTS,
        codeSubject(message.code),
        ...chunksOf(message).map(chunkSubject),
      ];
    default:
      return chunksOf(message).map(chunkSubject);
  }
}

/** The chunks that an assignment or a report is about. */
export function chunksOf(message: HostMessage | WorkerMessage): number[] {
  switch (message.type) {
    case "assign":
      return message.chunks.map(({ chunk }) => chunk);
    case "results":
      return [...new Set(message.segments.map(({ chunk }) => chunk))];
    case "times":
      return [...new Set(message.times.filter((_, i) => i % 3 === 0))];
    case "returned":
      return [...new Set(message.cuts.map(({ chunk }) => chunk))];
    case "output":
      return [...new Set(message.prints.map(({ chunk }) => chunk))];
    case "message":
    case "started":
    case "failed":
      return [message.chunk];
    default:
      return [];
  }
}

function codeSubject(code: number): string {
  return `code ${code}`;
}

function chunkSubject(chunk: number): string {
  return `chunk ${chunk}`;
}
