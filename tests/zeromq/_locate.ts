/**
 * Prints what a user sees whose machine has no libzmq: name, code and message.
 *
 * Argument: none to look for libzmq, or the path to open.
 *
 * @module
 */

import { ZeromqError } from "../../src/errors.ts";
import { openLibzmq } from "../../src/zeromq/libzmq.ts";
import { locateLibzmq } from "../../src/zeromq/locate.ts";

try {
  const path = await locateLibzmq(Deno.args[0]);
  openLibzmq(path);
  console.log(JSON.stringify({ path }));
} catch (error) {
  const { name, message, cause } = error as Error;
  const code = error instanceof ZeromqError ? error.code : undefined;
  console.log(JSON.stringify({ name, code, message, caused: cause !== undefined }));
}
