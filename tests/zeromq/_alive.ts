/**
 * Waits for one message, answers it and ends. Whether the wait itself keeps the program
 * alive is the test's choice. A ZapHandler, which waits all the time, never does.
 *
 * Arguments: libzmq, endpoint, what to do before the wait and during it: `unref`,
 * `ref`, `close` or `nothing`.
 *
 * @module
 */

import { curveKeys, openLibzmq } from "../../src/zeromq/libzmq.ts";
import { ZmqContext } from "../../src/zeromq/socket.ts";
import { ZapHandler } from "../../src/zeromq/zap.ts";

// Nothing may outlive the test by more than this, even when the test is killed.
Deno.unrefTimer(setTimeout(() => Deno.exit(9), 120_000));

const [library, endpoint, before, during] = Deno.args;
const zmq = openLibzmq(library!);
const context = new ZmqContext(zmq);
const handler = new ZapHandler(zmq, context, curveKeys(zmq).publicKey);
handler.unref();
const socket = context.socket("DEALER");
const choose = (what: string) => {
  if (what === "ref") socket.ref();
  if (what === "unref") socket.unref();
  if (what === "close") void context.close().then(() => console.log("closed"));
};
socket.connect(endpoint!);
choose(before!);
const waiting = socket.receive();
choose(during!);
waiting.then(async (message) => {
  if (!message) return;
  console.log("answered");
  socket.send(message);
  await context.close();
});
if (during !== "close") socket.send([new TextEncoder().encode("waiting")]);
