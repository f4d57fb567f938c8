/** A thread that begins items as fast as it is given them, and notes which it began. */

import { RunningItem } from "../../src/worker/between/running_item.ts";

interface Start {
  memory: SharedArrayBuffer;
  /** How many items were given so far, and how many of them were looked at. */
  given: Int32Array;
  /** How often each item was begun. */
  begun: Int32Array;
}

const port = self as unknown as {
  postMessage(message: string): void;
  onmessage: (event: MessageEvent<Start>) => void;
};

port.onmessage = ({ data: { memory, given, begun } }) => {
  const running = new RunningItem(memory);
  port.postMessage("ready");
  for (let i = 0; i < begun.length; i++) {
    while (Atomics.load(given, 0) <= i) Atomics.wait(given, 0, i, 1);
    Atomics.store(given, 1, i);
    if (!running.begin(0)) continue;
    begun[i]!++;
    // Some take longer, so that the other side has its turn on any machine.
    if (i % 97 === 0) Atomics.wait(given, 1, i, 0.1);
  }
  port.postMessage("done");
};
