/**
 * Decides who may connect, by answering libzmq's authentication requests. Source: ZAP 1.0,
 * https://rfc.zeromq.org/spec/27/
 *
 * @module
 */

import { ZeromqError } from "../errors.ts";
import { decodeKey, type Libzmq } from "./libzmq.ts";
import type { ZmqContext, ZmqSocket } from "./socket.ts";

const ENDPOINT = "inproc://zeromq.zap.01";

/** Admits only peers with one client key to the sockets of one context. */
export class ZapHandler implements AsyncDisposable {
  readonly #socket: ZmqSocket;
  readonly #allowed: Uint8Array;
  readonly #serving: Promise<void>;
  #refused = 0;

  /**
   * @param zmq An open libzmq.
   * @param context The context whose sockets are guarded. It may have only one handler.
   * @param clientKey The public key that is admitted, as Z85 text.
   */
  constructor(zmq: Libzmq, context: ZmqContext, clientKey: string) {
    this.#allowed = decodeKey(zmq, clientKey);
    this.#socket = context.socket("REP");
    this.#socket.bind(ENDPOINT);
    this.#serving = this.#serve().catch((error) => {
      // Closed between a request and its answer: nobody waits for the answer.
      if (!(error instanceof ZeromqError && error.code === "ENOTSOCK")) throw error;
    });
  }

  /** How many handshakes were refused. */
  get refused(): number {
    return this.#refused;
  }

  /** See {@linkcode ZmqSocket.ref}. */
  ref(): void {
    this.#socket.ref();
  }

  /** See {@linkcode ZmqSocket.unref}. */
  unref(): void {
    this.#socket.unref();
  }

  /** Stops answering: from then on no new peer is admitted. */
  async close(): Promise<void> {
    await this.#socket.close();
    await this.#serving;
  }

  /** {@linkcode ZapHandler.close} */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #serve(): Promise<void> {
    const text = (value: string) => new TextEncoder().encode(value);
    for await (const request of this.#socket) {
      // version, request id, domain, address, identity, mechanism, client key
      const [version, id, , , , mechanism, key] = request;
      const allowed = request.length === 7 && mechanism !== undefined &&
        new TextDecoder().decode(mechanism) === "CURVE" && key !== undefined &&
        key.length === 32 && key.every((byte, i) => byte === this.#allowed[i]);
      if (!allowed) this.#refused++;
      const [status, reason] = allowed
        ? ["200", "OK"]
        : ["400", "This run does not know your key"];
      this.#socket.send([
        version ?? text("1.0"),
        id ?? text("1"),
        text(status),
        text(reason),
        text(""),
        text(""),
      ]);
    }
  }
}
