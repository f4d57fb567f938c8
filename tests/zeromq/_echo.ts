/**
 * A peer in a process of its own: a DEALER that says hello, sends back what it gets, and
 * says "again" whenever it lost its router.
 *
 * Arguments: libzmq, endpoint, identity.
 *
 * @module
 */

import { openLibzmq } from "../../src/zeromq/libzmq.ts";
import { ZmqContext } from "../../src/zeromq/socket.ts";

// Nothing may outlive the test by more than this, even when the test is killed.
Deno.unrefTimer(setTimeout(() => Deno.exit(9), 120_000));

const [library, endpoint, identity] = Deno.args;
const bytes = (text: string) => new TextEncoder().encode(text);
await using context = new ZmqContext(openLibzmq(library!));
const socket = context.socket("DEALER", {
  routingId: bytes(identity!),
  hiccupMessage: bytes("hiccup"),
});
socket.connect(endpoint!);
socket.send([bytes("hello")]);
for await (const message of socket) {
  const hiccup = new TextDecoder().decode(message[0]) === "hiccup";
  socket.send(hiccup ? [bytes("again")] : message);
}
