/**
 * Whether our code in the thread still works, in surroundings that are not as they were.
 *
 * @module
 */

import { deserializeList, serializeList } from "../../protocol/lists.ts";
import { Channel, channelMemory } from "../between/channel.ts";
import { SharedValues } from "../between/shared_values.ts";

/** Tries what every item needs: messages both ways, arguments and results. */
export function worksStill(): boolean {
  try {
    return messagesCome() && valuesReturn();
  } catch {
    return false;
  }
}

interface Probe {
  type: string;
  names: string[];
  bytes: Uint8Array;
  numbers: Float64Array;
}

function messagesCome(): boolean {
  const memory = channelMemory();
  const nobody = { postMessage: () => {} };
  const came: Probe[] = [];
  const take = (message: Probe) => came.push(message);
  const here = new Channel<Probe, Probe>(nobody, memory, "thread", take);
  const there = new Channel<Probe, Probe>(nobody, memory, "loop", take);
  const probe: Probe = {
    type: "probe",
    names: ["a", "b"],
    bytes: new Uint8Array([1, 2, 3]),
    numbers: new Float64Array([0.5, 2]),
  };
  here.send(probe);
  there.poll();
  there.send(probe);
  here.poll();
  for (let i = 0; i < 2; i++) {
    const message = came.shift();
    if (message?.type !== "probe" || message.names[1] !== "b") return false;
    if (message.bytes[2] !== 3 || message.numbers[1] !== 2) return false;
  }
  return came.length === 0;
}

function valuesReturn(): boolean {
  const value = { text: "a", list: [1, [2]], map: new Map([["b", 3]]) };
  const isSame = (other: unknown) => {
    const { text, list, map } = other as typeof value;
    return text === "a" && list.length === 2 && list[0] === 1 &&
      (list[1] as number[])[0] === 2 && map.get("b") === 3;
  };
  const values = new SharedValues(new SharedArrayBuffer(SharedValues.SIZE), 0);
  if (!values.write(value) || !isSame(values.read(0, 1)[0])) return false;
  const list = deserializeList(serializeList([value, new Uint8Array([4])]));
  const [numbers] = [deserializeList(serializeList([1.5, 2.5]))];
  return isSame(list[0]) && (list[1] as Uint8Array)[0] === 4 && numbers[1] === 2.5;
}
