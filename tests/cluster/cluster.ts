/**
 * A real Grid Engine of several hosts on one machine, for tests: namespaces of the kernel
 * in place of hosts, Debian's Grid Engine on them. It needs root and Debian. Run it with
 * a command of those below, or import what it exports.
 *
 * @module
 */

import { runAs, type RunOptions } from "./_command.ts";
import {
  clearErrors,
  configureGrid,
  createGrid,
  fullText,
  hostText,
  isHeard,
  killExecd,
  killMaster,
  queueText,
  startExecd,
  startMaster,
} from "./_grid.ts";
import { createHosts, isHost, removeHosts, setCable } from "./_hosts.ts";
import {
  DEFAULT_NODES,
  head,
  type Host,
  nodesOf,
  STATE,
  USER,
  type Who,
} from "./_layout.ts";
import { installPackages } from "./_packages.ts";
import { exists, remove } from "../fixtures/shell.ts";
import { until } from "../fixtures/waiting.ts";
import { copyProject, createUser, hasUser, removeUser } from "./_user.ts";

export { outputAs, runAs, type RunOptions } from "./_command.ts";
export {
  clearErrors,
  fullText,
  hostText,
  killExecd,
  killMaster,
  queueText,
  startExecd,
  startMaster,
  untilHeard,
  withConfiguration,
  withoutQueue,
  withQueue,
} from "./_grid.ts";
export { entering, processesOn } from "./_hosts.ts";
export {
  DENO,
  environment,
  head,
  HOME,
  type Host,
  PROJECT,
  STATE,
  USER,
  type Who,
} from "./_layout.ts";

/** How many nodes the cluster has. Written last, so it tells of one that was finished. */
const SIZE = `${STATE}/size`;

/** The execution hosts of the cluster that is up; none when none is. */
export async function nodes(): Promise<Host[]> {
  if (!await exists(SIZE)) return [];
  return nodesOf(Number(await Deno.readTextFile(SIZE)));
}

/**
 * Brings the cluster up, or back into order: cables that were pulled, daemons that were
 * killed. What cannot be mended is made anew. A size that is given must be met; tells
 * whether there is now a new cluster.
 */
export async function up(size?: number): Promise<boolean> {
  if (Deno.uid() !== 0) throw new Error("The cluster can only be brought up by root");
  // What is made here is for several users, whatever is usual for root on this machine.
  Deno.umask(0o022);
  const standing = await nodes();
  const fits = standing.length > 0 && (size ?? standing.length) === standing.length;
  if (fits && await mend(standing)) {
    await copyProject();
    return false;
  }
  await down();
  await installPackages();
  try {
    await create(nodesOf(size ?? DEFAULT_NODES));
  } catch (error) {
    await down();
    throw error;
  }
  return true;
}

async function create(nodes: Host[]): Promise<void> {
  await Deno.mkdir(STATE, { recursive: true });
  await createUser();
  await createHosts([head, ...nodes]);
  await createGrid(nodes);
  await startMaster();
  await configureGrid(nodes);
  for (const node of nodes) await startExecd(node);
  await untilReady(nodes);
  await Deno.writeTextFile(SIZE, `${nodes.length}`);
}

/** Puts back what the commands and functions of this module take away. */
async function mend(nodes: Host[]): Promise<boolean> {
  try {
    if (!await hasUser()) return false;
    for (const host of [head, ...nodes]) {
      if (!await isHost(host)) return false;
      await setCable(host, "up");
    }
    await startMaster();
    for (const node of nodes) {
      // A daemon that lost the master tries to find it again only every half minute.
      if (!await isHeard(node)) await killExecd(node);
      await startExecd(node);
    }
    await untilReady(nodes);
    await clearErrors();
    return true;
  } catch (error) {
    console.error("What is there of the cluster cannot be mended:", error);
    return false;
  }
}

async function untilReady(nodes: Host[]): Promise<void> {
  await until("all nodes are heard", async () => {
    for (const node of nodes) if (!await isHeard(node)) return false;
    return true;
  });
}

/** Removes every trace of the cluster, whole or not, but the packages. */
export async function down(): Promise<void> {
  await removeHosts();
  await removeUser();
  await remove(STATE);
}

/** The cluster, in the hands of one. */
export interface Claim extends AsyncDisposable {
  readonly nodes: Host[];
}

/**
 * Takes the cluster for oneself: waits until nobody else has it, and brings it up. Whoever
 * lets go of it takes it down, unless it was up before.
 */
export async function claim(size?: number): Promise<Claim> {
  const release = await lock();
  try {
    const isNew = await up(size);
    const free = async () => {
      if (isNew) await down();
      release();
    };
    return { nodes: await nodes(), [Symbol.asyncDispose]: free };
  } catch (error) {
    release();
    throw error;
  }
}

/** Test files run side by side, and agree by a lock on who has the cluster. */
async function lock(): Promise<() => void> {
  // Any file will do that is there before the cluster and after it.
  const file = await Deno.open("/usr/bin/nsenter");
  await file.lock(true);
  return () => file.close();
}

/**
 * Whether tests of the cluster are to run: in CI, where they fail if there can be none,
 * and where somebody has brought one up.
 */
export function isWanted(): boolean {
  if (Deno.env.get("CI") === "true") return true;
  try {
    return Deno.uid() === 0 && Deno.statSync(SIZE).isFile;
  } catch {
    return false;
  }
}

/** Pulls a host's cable: what is sent to it or by it is lost, and nobody is told. */
export async function cutOff(host: Host): Promise<void> {
  await setCable(host, "down");
}

/** Puts a host's cable back. */
export async function bringBack(host: Host): Promise<void> {
  await setCable(host, "up");
}

const USAGE = `deno task cluster COMMAND
  up [--hosts N]        bring the cluster up, with N execution hosts, or mend it
  down                  remove every trace of it, but the Debian packages
  status                what qhost and qstat say
  queue                 the jobs of all users
  run [--user|--root] [--host NAME] CMD...
                        run a command on a host, by default as ${USER} on ${head.name}
  cut HOST, mend HOST   pull a host's cable, put it back
  kill-execd HOST, start-execd HOST, kill-master, start-master
The hosts are ${head.name}, node1, node2 ...`;

/** Words of the command line that make no sense. */
class UsageError extends Error {}

/** Does what a command line says, and gives the exit status. */
async function main([name, ...args]: string[]): Promise<number> {
  if (name === "up") return await locked(() => upCommand(args));
  if (name === "down") return await locked(down);
  const isUp = (await nodes()).length > 0;
  if (!isUp && name !== undefined) throw new UsageError("The cluster is not up");
  switch (name) {
    case "status":
      return print(await hostText() + await fullText());
    case "queue":
      return print(await queueText());
    case "run":
      return await runCommand(args);
    case "cut":
      return done(await cutOff(await hostNamed(args[0])));
    case "mend":
      return done(await bringBack(await hostNamed(args[0])));
    case "kill-execd":
      return done(await killExecd(await hostNamed(args[0])));
    case "start-execd":
      return done(await startExecd(await hostNamed(args[0])));
    case "kill-master":
      return done(await killMaster());
    case "start-master":
      return done(await startMaster());
    default:
      throw new UsageError(name ? `There is no command ${name}` : "Which command?");
  }
}

const done = (_nothing: void): number => 0;

function print(text: string): number {
  console.log(text.trimEnd());
  return 0;
}

async function locked(work: () => Promise<void>): Promise<number> {
  const release = await lock();
  await work();
  release();
  return 0;
}

async function upCommand([option, number]: string[]): Promise<void> {
  const size = option === undefined ? undefined : Number(number);
  const known = option === undefined || option === "--hosts";
  if (!known || size !== undefined && !(Number.isInteger(size) && size > 0)) {
    throw new UsageError("What up takes is --hosts and a number");
  }
  const isNew = await up(size);
  const names = [head, ...await nodes()].map(({ name, address }) =>
    `${name} ${address}`
  );
  console.log(`${isNew ? "New" : "Standing"} cluster: ${names.join(", ")}`);
}

async function hostNamed(name: string | undefined): Promise<Host> {
  const all = [head, ...await nodes()];
  const host = all.find((host) => host.name === name);
  if (!host) throw new UsageError(`There is no host ${name}`);
  return host;
}

/** What a command that is run on a host keeps of the environment. */
const KEPT = /^(CI|TERM|NO_COLOR|GRIDENGINE_.*|DRMAA_.*)$/;

async function runCommand(words: string[]): Promise<number> {
  const rest = [...words];
  let who: Who = "user";
  let host = head;
  while (rest[0]?.startsWith("--")) {
    const option = rest.shift();
    if (option === "--host") host = await hostNamed(rest.shift());
    else if (option === "--root" || option === "--user") who = option.slice(2) as Who;
    else throw new UsageError(`run has no option ${option}`);
  }
  if (rest.length === 0) throw new UsageError("What is to be run?");
  await copyProject();
  const kept = Object.entries(Deno.env.toObject()).filter(([name]) => KEPT.test(name));
  const options: RunOptions = { host, env: Object.fromEntries(kept) };
  const child = runAs(who, rest, options);
  // The terminal's signal reaches the command by itself; others are passed on.
  Deno.addSignalListener("SIGINT", () => {});
  Deno.addSignalListener("SIGTERM", () => child.kill("SIGTERM"));
  return (await child.status).code;
}

if (import.meta.main) {
  try {
    Deno.exit(await main(Deno.args));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`${error.message}\n\n${USAGE}`);
    Deno.exit(2);
  }
}
