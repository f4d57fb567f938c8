/**
 * A router in a process of its own: prints the endpoint that it listens at, and sends
 * back what it gets.
 *
 * Arguments: libzmq, endpoint.
 *
 * @module
 */

import { openLibzmq } from "../../src/zeromq/libzmq.ts";
import { ZmqContext } from "../../src/zeromq/socket.ts";

// Nothing may outlive the test by more than this, even when the test is killed.
Deno.unrefTimer(setTimeout(() => Deno.exit(9), 120_000));

const [library, endpoint] = Deno.args;
await using context = new ZmqContext(openLibzmq(library!));
const socket = context.socket("ROUTER");
console.log(socket.bind(endpoint!));
for await (const message of socket) socket.send(message);
