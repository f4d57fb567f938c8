/**
 * What CURVE costs by itself: messages of 1 MB from one socket to another over TCP, less
 * the same without CURVE.
 *
 * @module
 */

import { curveKeys, openLibzmq } from "../src/zeromq/libzmq.ts";
import { locateLibzmq } from "../src/zeromq/locate.ts";
import { type SocketOptions, ZmqContext } from "../src/zeromq/socket.ts";
import { ZapHandler } from "../src/zeromq/zap.ts";
import { median } from "./report.ts";

const MESSAGES = 200;
const ROUNDS = 5;

/** The time that encryption adds to a message of 1 MB, in milliseconds. */
export async function encryptionOfMegabyte(): Promise<number> {
  const plain: number[] = [];
  const encrypted: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    plain.push(await transfer(false));
    encrypted.push(await transfer(true));
  }
  return (median(encrypted) - median(plain)) / MESSAGES;
}

/** How long all messages take, in milliseconds; each side has its own I/O thread. */
async function transfer(encrypted: boolean): Promise<number> {
  const zmq = openLibzmq(await locateLibzmq());
  await using receiving = new ZmqContext(zmq);
  await using sending = new ZmqContext(zmq);
  const server = curveKeys(zmq);
  const client = curveKeys(zmq);
  const unbounded: SocketOptions = { receiveHighWaterMark: 0, sendHighWaterMark: 0 };
  const zap = encrypted ? new ZapHandler(zmq, receiving, client.publicKey) : undefined;
  const router = receiving.socket("ROUTER", {
    ...unbounded,
    ...(encrypted && {
      curveServer: 1,
      curveSecretKey: server.secretKey,
      zapDomain: "gridengine",
    }),
  });
  const dealer = sending.socket("DEALER", {
    ...unbounded,
    ...(encrypted && {
      curveServerKey: server.publicKey,
      curvePublicKey: client.publicKey,
      curveSecretKey: client.secretKey,
    }),
  });
  dealer.connect(router.bind("tcp://127.0.0.1:*"));
  dealer.send([new Uint8Array(1)]);
  await router.receive();
  const message = new Uint8Array(2 ** 20);
  const began = performance.now();
  for (let i = 0; i < MESSAGES; i++) dealer.send([message]);
  for (let i = 0; i < MESSAGES; i++) await router.receive();
  const took = performance.now() - began;
  await zap?.close();
  return took;
}
