/**
 * Commands that run on a host of the cluster.
 *
 * @module
 */

import { entering } from "./_hosts.ts";
import { environment, head, type Host, PROJECT, USER, type Who } from "./_layout.ts";
import { textOf } from "../fixtures/shell.ts";

/** How a command is run. */
export interface RunOptions extends Omit<Deno.CommandOptions, "args" | "clearEnv"> {
  /** On which host; by default the one on which users submit. */
  readonly host?: Host;
  /** More variables, beside those of {@linkcode environment}. The caller's are not passed on. */
  readonly env?: Record<string, string>;
  /** Where; by default in the user's copy of the project. */
  readonly cwd?: string;
}

/**
 * A command on a host. It becomes the program itself, with nothing around it: its process
 * id is the program's, signals reach it, its exit status comes back.
 */
export function commandOn(
  who: Who | "sgeadmin",
  words: readonly string[],
  options: RunOptions = {},
): Deno.Command {
  const { host = head, env = {}, cwd = PROJECT, ...others } = options;
  const name = who === "user" ? USER : who;
  const become = who === "root"
    ? []
    : ["setpriv", `--reuid=${name}`, `--regid=${name}`, "--init-groups", "--"];
  const [program, ...args] = [
    ...entering(host),
    `--wdns=${cwd}`,
    "--",
    ...become,
    ...words,
  ];
  return new Deno.Command(program!, {
    ...others,
    args,
    clearEnv: true,
    env: { ...environment(who === "user" ? who : "root"), ...env },
  });
}

/** Starts a command on a host, by default as the test user on the submit host. */
export function runAs(
  who: Who,
  words: readonly string[],
  options?: RunOptions,
): Deno.ChildProcess {
  return commandOn(who, words, options).spawn();
}

/** What a command on a host prints; throws with all that it said when it fails. */
export async function outputAs(
  who: Who,
  words: readonly string[],
  options?: RunOptions,
): Promise<string> {
  const command = commandOn(who, words, { stdin: "null", ...options });
  return await textOf(command, [...words]);
}
