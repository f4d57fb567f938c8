/**
 * What the tests of `src/zeromq/` share: tests that bound their own time, and
 * children that never outlive their test.
 *
 * @module
 */

import { Child, type ChildOptions } from "../fixtures/child.ts";
import type { TestOptions } from "../fixtures/ground.ts";
import { bytes, next, texts, zmq } from "../fixtures/libzmq.ts";
import { bounded } from "../fixtures/tools.ts";
import { ZmqContext, type ZmqSocket } from "../../src/zeromq/socket.ts";

/** The same with some functions in place of others. */
export function zmqWith(own: Partial<typeof zmq>): typeof zmq {
  return Object.assign(Object.create(zmq), own);
}

/**
 * A test that leaves nothing behind and ends in any case: what waits for an event that
 * never comes fails with a sentence, and does not hang the run.
 */
export function test(
  name: string,
  fn: (context: ZmqContext) => Promise<void> | void,
  { seconds = 60, ignore = false }: TestOptions = {},
): void {
  Deno.test({
    name,
    ignore,
    sanitizeOps: true,
    sanitizeResources: true,
    sanitizeExit: true,
    async fn() {
      const context = new ZmqContext(zmq);
      try {
        await bounded(Promise.resolve(fn(context)), seconds);
      } finally {
        await bounded(context.close(), seconds);
      }
    },
  });
}

/** Sends text and waits for one answer. */
export async function ask(socket: ZmqSocket, ...frames: string[]): Promise<string[]> {
  socket.send(frames.map(bytes));
  return texts(await next(socket));
}

/**
 * A program of this folder in a process of its own, which ends with its `using` block.
 *
 * @param program A file of this folder, such as `"_echo.ts"`.
 * @param args Its arguments.
 */
export function started(
  program: string,
  args?: string[],
  options?: ChildOptions,
): Child {
  return new Child(`${import.meta.dirname}/${program}`, args, options);
}
