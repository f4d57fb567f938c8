/** A thread that says again whatever it is told. */

import {
  Channel,
  type ChannelMemory,
  type Posted,
} from "../../src/worker/between/channel.ts";

interface Message {
  number: number;
  bytes: Uint8Array;
}

const port = self as unknown as {
  postMessage(message: unknown, transfer: ArrayBuffer[]): void;
  onmessage: (event: MessageEvent) => void;
};

port.onmessage = ({ data: memory }: MessageEvent<ChannelMemory>) => {
  const channel: Channel<Message, Message> = new Channel(
    port,
    memory,
    "thread",
    (message) => channel.send(message),
  );
  port.onmessage = ({ data }: MessageEvent<Posted<Message>>) => channel.arrived(data);
  void channel.listen();
};
