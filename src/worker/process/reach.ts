/**
 * Which of the host's addresses a worker can reach.
 *
 * @module
 */

import { within } from "../../common/within.ts";
import type { RunFile } from "../../protocol/run_file.ts";
import { tcpAddress } from "../../zeromq/endpoint.ts";
import type { Machine } from "../../zeromq/machine.ts";

/** How long one address may take to answer, in milliseconds. */
const ANSWER_TIMEOUT = 5000;
/** Milliseconds from one round to the next. */
const PAUSE = 250;

/**
 * The endpoints at which it is the host that listens, if anybody does, as seen from here:
 * the loopback is each machine's own, and so is an address that both have.
 *
 * @param run The content of a run file.
 * @param here This machine.
 */
export function endpointsFrom(
  { endpoints, boot, network }: RunFile,
  here: Machine,
): string[] {
  const loopback = endpoints.filter((endpoint) =>
    /^(127\.|::1$)/.test(hostOf(endpoint))
  );
  const others = endpoints.filter((endpoint) => !loopback.includes(endpoint));
  const named = network !== null && here.network !== null;
  if (!named || boot === null) return others.length > 0 ? others : loopback;
  // Of those that lead to the same listener, it is there whatever becomes of the others.
  const isHere = boot === here.boot && network === here.network;
  if (isHere) return loopback.length > 0 ? loopback : others;
  const own = Deno.networkInterfaces().map(({ address }) => address);
  return others.filter((endpoint) => !own.includes(hostOf(endpoint)));
}

/**
 * The endpoint that answers first. A machine has addresses that only some others reach,
 * and only trying tells which.
 *
 * @param endpoints Where the host may be reached.
 * @param patience How long to try, in milliseconds.
 * @returns The first one of all where none answers: the client will complain.
 */
export async function reachHost(
  endpoints: string[],
  patience: number,
): Promise<string | undefined> {
  const [first] = endpoints;
  if (endpoints.length <= 1) return first;
  const end = performance.now() + patience;
  do {
    try {
      return await Promise.any(endpoints.map(probe));
    } catch {
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
  } while (performance.now() < end);
  return first;
}

async function probe(endpoint: string): Promise<string> {
  const address = tcpAddress(endpoint);
  if (!address) throw new Error(`"${endpoint}" is not on TCP`);
  const connecting = Deno.connect(address);
  // A connection that comes too late is closed, too.
  connecting.then((connection) => connection.close(), () => {});
  if (await within(ANSWER_TIMEOUT, connecting, undefined)) return endpoint;
  throw new Error("no answer");
}

/** The address in an endpoint; empty for a socket file. */
function hostOf(endpoint: string): string {
  return tcpAddress(endpoint)?.hostname ?? "";
}
