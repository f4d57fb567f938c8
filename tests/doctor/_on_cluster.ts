/**
 * The doctor on the cluster of the tests, and ways to break one thing of that for a while.
 *
 * @module
 */

import {
  head,
  HOME,
  type Host,
  PROJECT,
  runAs,
  type RunOptions,
  type Who,
} from "../cluster/cluster.ts";
import { onHost } from "../fixtures/on_cluster.ts";
import { type Examined, examined } from "./_doctor.ts";

/** How the doctor is run. */
export interface Call extends RunOptions {
  who?: Who;
  /** Words before deno, such as those of `env`. */
  before?: string[];
}

/** Starts the doctor on the submit host. */
export function start(
  args: string[],
  { who = "user", before = [], ...options }: Call = {},
): Deno.ChildProcess {
  const words = [...before, "deno", "run", "-A", `${PROJECT}/doctor.ts`, ...args];
  return runAs(who, words, {
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    signal: AbortSignal.timeout(90_000),
    ...options,
  });
}

/** Runs the doctor on the submit host. */
export async function doctor(args: string[] = [], call?: Call): Promise<Examined> {
  return examined(await start(args, call).output());
}

/** The doctor's option for a job that runs on this node. */
export const on = (node: Host): string => `--queue=all.q@${node.name}`;

/** Has a rule for what reaches the submit host from others, while something is done. */
export async function filtered<T>(rule: string, work: () => Promise<T>): Promise<T> {
  const nft = (...words: string[]) => onHost(head, "nft", ...words);
  await nft("add", "table", "inet", "doctor");
  try {
    const chain = ["chain", "inet", "doctor", "in"];
    await nft("add", ...chain, "{ type filter hook input priority 0; }");
    await nft("add", "rule", ...chain.slice(1), "iif", "eth0", rule);
    return await work();
  } finally {
    await nft("delete", "table", "inet", "doctor");
  }
}

/** Sets an attribute of a node's queue instance, while something is done. */
export async function withAttribute<T>(
  node: Host,
  attribute: string,
  value: string,
  work: () => Promise<T>,
): Promise<T> {
  const instance = `all.q@${node.name}`;
  await onHost(head, "qconf", "-mattr", "queue", attribute, value, instance);
  try {
    return await work();
  } finally {
    await onHost(head, "qconf", "-purge", "queue", attribute, instance);
  }
}

/** A program in place of deno that all hosts see, while something is done with it. */
export async function instead<T>(
  script: string,
  work: (path: string) => Promise<T>,
): Promise<T> {
  const path = `${HOME}/instead`;
  await Deno.writeTextFile(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  try {
    return await work(path);
  } finally {
    await Deno.remove(path);
  }
}
