/**
 * Measures the library beside what a user would take instead, all in one run:
 *
 *     deno task bench [ROUNDS] [--only WORKLOAD] [--chart FILE.svg]
 *
 * In each round every contender does the workload once, in turn, so that whatever else
 * the machine does meets all of them. See README.md in this folder.
 */

import { coldCaches } from "./caches.ts";
import { chart } from "./chart.ts";
import { type Command, commands, Contender, timeOnce } from "./contenders.ts";
import { encryptionOfMegabyte } from "./encryption.ts";
import { type Entry, figure, type Outcome, summary, table } from "./report.ts";
import type { Workload } from "./workload.ts";
import { workloads } from "./workloads.ts";

const MOST_MEMORY = 250;

const { rounds, only, chartFile } = options([...Deno.args]);
const everybody = await commands((line) => console.log(`Skipped: ${line}`));
const outcomes: Outcome[] = [];
await using warm = new AsyncDisposableStack();
const contenders = new Map<Command, Contender>();
// First, while nobody else is there.
if (only.includes("cold")) {
  await run(workloads.cold!, cold);
  console.log(await coldCaches(rounds));
}
if (only.some((name) => name !== "cold")) {
  for (const command of everybody) {
    contenders.set(command, warm.use(await Contender.start(command)));
  }
}
for (const name of only) {
  if (name !== "cold") await run(workloads[name]!, task);
}
console.log(summary(outcomes));
if (only.some((name) => workloads[name]!.large)) {
  const cost = await encryptionOfMegabyte();
  console.log(`\nCURVE's own cost: ${figure(cost)} ms per array of 1 MB, both sides`);
}
if (only.includes("many-calls")) await memory();
if (chartFile !== undefined) await Deno.writeTextFile(chartFile, chart(outcomes));

type Measure = (workload: Workload, command: Command) => Promise<number>;

function cold(_: Workload, { once }: Command): Promise<number> {
  if (!once) throw new Error("it has no workers to start");
  return timeOnce(once);
}

function task({ task }: Workload, command: Command): Promise<number> {
  return contenders.get(command)!.time(task!);
}

async function run(workload: Workload, measure: Measure): Promise<void> {
  const skipped = new Map<Command, string>();
  const entries: Entry[] = everybody.map((command) => ({ command, times: [] }));
  // The first round is to warm up.
  for (let round = -1; round < rounds; round++) {
    for (const { command, times } of entries) {
      if (skipped.has(command)) continue;
      try {
        const took = await measure(workload, command);
        if (round >= 0) times.push(took);
      } catch (error) {
        skipped.set(command, `${command.name}: ${(error as Error).message.trim()}`);
      }
    }
  }
  const outcome: Outcome = {
    workload,
    entries: entries.filter(({ command }) => !skipped.has(command)),
    skipped: [...skipped.values()],
  };
  outcomes.push(outcome);
  console.log(table(outcome));
}

/** In a process of its own, for what came before would count. */
async function memory(): Promise<void> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", `${import.meta.dirname}/memory.ts`],
    stderr: "inherit",
  }).output();
  const megabytes = Number(new TextDecoder().decode(stdout));
  const met = megabytes < MOST_MEMORY ? "met" : "not met";
  console.log(
    `\nPeak memory of the host, 10⁶ calls: ${figure(megabytes)} MB ` +
      `(< ${MOST_MEMORY}: ${met})`,
  );
}

function options(args: string[]): {
  rounds: number;
  only: string[];
  chartFile: string | undefined;
} {
  const take = (option: string) => {
    const at = args.indexOf(option);
    return at < 0 ? undefined : args.splice(at, 2)[1];
  };
  const name = take("--only");
  const chartFile = take("--chart");
  const rounds = Number(args[0] ?? 5);
  const known = Object.keys(workloads);
  if (name !== undefined && !known.includes(name)) {
    console.error(`There is no workload "${name}", only ${known.join(", ")}`);
    Deno.exit(2);
  }
  if (!Number.isInteger(rounds) || rounds < 1 || args.length > 1) {
    console.error("bench [ROUNDS] [--only WORKLOAD] [--chart FILE.svg]");
    Deno.exit(2);
  }
  return { rounds, only: name === undefined ? known : [name], chartFile };
}
