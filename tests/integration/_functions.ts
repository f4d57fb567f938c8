/**
 * Functions that the tests have run on workers. Being exports, they travel by reference.
 *
 * @module
 */

import { currentJob } from "../../mod.ts";
import { pass } from "./_gate.ts";

/** An item that may have to stop at a gate. */
export interface Stop {
  /** What comes back. */
  i: number;
  /** The gate, or 0 to go on at once. */
  port: number;
}

/** Tells its process id at the gate, if it is to stop there, and gives its number back. */
export async function stopAt({ i, port }: Stop): Promise<number> {
  if (port !== 0) await pass(port, `${Deno.pid}`);
  return i;
}

/** Passes the gate, and never ends. */
export async function passAndSpin(port: number): Promise<never> {
  await pass(port, `${Deno.pid}`);
  for (;;);
}

/** Passes the gate, and throws or never ends. */
export async function passAndFail(
  { port, throws }: { port: number; throws: boolean },
): Promise<never> {
  await pass(port, throws ? "throws" : "spins");
  if (throws) throw new RangeError("too small");
  for (;;);
}

/** Says that it runs, and never ends. */
export function spin(): never {
  currentJob()!.send("running");
  for (;;);
}

/**
 * Takes so many messages, and gives them back. At its first try it tells of each that it
 * takes and, from some number on, takes no more.
 */
export async function receive(count: number, enough: number): Promise<unknown[]> {
  const job = currentJob()!;
  const values: unknown[] = [];
  if (count === 0) return values;
  for await (const value of job.messages) {
    values.push(value);
    if (values.length === count) break;
    if (job.attempt > 1 || enough === 0) continue;
    job.send(value);
    if (values.length === enough) await new Promise(() => {});
  }
  return values;
}

/** Computes for so long, in milliseconds. */
function compute(time: number): void {
  for (const end = performance.now() + time; performance.now() < end;);
}

/** Computes for a while; one item kills its worker the first time. Gives its attempt. */
export function computeAndDie(deadly: boolean): number {
  const { attempt } = currentJob()!;
  compute(20);
  if (deadly && attempt === 1) Deno.kill(Deno.pid, "SIGKILL");
  return attempt;
}

/** The same, all before it waits for the first time. */
// deno-lint-ignore require-await
export async function computeAndDieAtOnce(deadly: boolean): Promise<number> {
  return computeAndDie(deadly);
}

/** The same, half of it after it has waited. */
export async function computeAndDieLater(deadly: boolean): Promise<number> {
  const { attempt } = currentJob()!;
  compute(10);
  await Promise.resolve();
  compute(10);
  if (deadly && attempt === 1) Deno.kill(Deno.pid, "SIGKILL");
  return attempt;
}

/** How a program is started that never ends by itself; each has the file as an argument. */
const STARTS: Record<string, (file: string) => Deno.Command> = {
  directly: (file) => quiet("tail", "-f", file),
  "by a shell that has ended": (file) =>
    quiet("sh", "-c", 'tail -f "$1" &', "sh", file),
  "in a process group of its own": (file) =>
    quiet("timeout", "3600", "tail", "-f", file),
};

function quiet(program: string, ...args: string[]): Deno.Command {
  return new Deno.Command(program, {
    args,
    stdin: "null",
    stdout: "null",
    stderr: "null",
  });
}

/** Starts programs, one in each way, and does not wait for them. */
export function startPrograms(file: string): void {
  for (const start of Object.values(STARTS)) start(file).spawn().unref();
}

/** Starts programs, passes the gate, and waits for ever. */
export async function startAndWait(
  { port, file }: { port: number; file: string },
): Promise<never> {
  startPrograms(file);
  await pass(port, `${Deno.pid}`);
  return await new Promise(() => {});
}

/** Passes the gate, and starts a program again each time it has ended. */
export async function startAgainAndAgain(
  { port, file }: { port: number; file: string },
): Promise<never> {
  await pass(port, `${Deno.pid}`);
  for (;;) STARTS.directly!(file).outputSync();
}
