/**
 * Which queues would take a job.
 *
 * @module
 */

import { failure, type Finding, ok, skipped, warning } from "./finding.ts";
import { ask } from "./tools.ts";

/** A queue on one host. */
interface Instance {
  name: string;
  /** How many jobs it takes beside those that it has. */
  free: number;
  total: number;
  /** Letters, as `qstat -f` shows them. */
  state: string;
}

/** States in which a queue takes nothing for a while: load alarms. */
const BUSY = /[aA]/;
/** States that end only when somebody acts: all others. */
const CLOSED = /[^aA]/;
/** What opens a queue, by the letters of its state. */
const REMEDIES: Record<string, (queue: string) => string> = {
  d: (queue) => `qmod -e ${queue}`,
  s: (queue) => `qmod -usq ${queue}`,
  u: (queue) => `start sge_execd on ${queue.replace(/.*@/, "")}`,
  E: (queue) => `see what qstat -f -explain E says, then qmod -cq ${queue}`,
};

/**
 * Asks Grid Engine for its queues.
 *
 * @param queue The only one that a job may run in.
 */
export async function queuesFinding(queue: string | undefined): Promise<Finding> {
  // Not what jobs ask for by -l: qstat takes free memory for what nobody has.
  const words = queue === undefined ? [] : ["-q", queue];
  const asked = queue === undefined ? "" : ` with -q ${queue}`;
  const said = await ask("qstat", ["-f", "-xml", ...words]);
  if (said?.error !== "") {
    return skipped("queues", "no qstat of Grid Engine lists them: the probe will tell");
  }
  const instances = parse(said.out);
  if (instances.length === 0) {
    return failure(
      "queues",
      `there is none${asked}`,
      "qconf -sql lists the queues there are: name one of them, or have an " +
        "administrator make one",
    );
  }
  const open = instances.filter(({ state }) => !CLOSED.test(state));
  if (open.length === 0) {
    return failure(
      "queues",
      `none of ${instances.length} is open${asked}; ${states(instances)}`,
      `An administrator opens them: ${remedies(instances)}`,
    );
  }
  const ready = open.filter(({ state }) => !BUSY.test(state));
  const free = ready.reduce((sum, instance) => sum + instance.free, 0);
  const total = open.reduce((sum, instance) => sum + instance.total, 0);
  const detail = `${free} of ${total} slots are free in ${open.length} of ` +
    `${instances.length} queue instances${asked}`;
  if (free > 0) return ok("queues", detail);
  return warning(
    "queues",
    detail,
    "Jobs wait: qstat -u '*' tells for whom, qstat -f -explain aA for which load",
  );
}

/** How many are in which state. */
function states(all: Instance[]): string {
  return [...Map.groupBy(all, ({ state }) => state)]
    .map(([state, some]) => `state ${state}: ${some.length}, such as ${some[0]!.name}`)
    .join("; ");
}

/** What opens one that is closed, by each letter that closes any. */
function remedies(all: Instance[]): string {
  const letters = new Set(all.flatMap(({ state }) => [...state]));
  return [...letters].filter((letter) => CLOSED.test(letter)).map((letter) => {
    const { name } = all.find(({ state }) => state.includes(letter))!;
    return `${letter}: ${REMEDIES[letter]?.(name) ?? "man qstat tells its meaning"}`;
  }).join("; ");
}

function parse(xml: string): Instance[] {
  // Jobs that run have states, too.
  const queues = xml.replaceAll(/<job_list[^]*?<\/job_list>/g, "");
  return [...queues.matchAll(/<Queue-List>([^]*?)<\/Queue-List>/g)].map(([, entry]) => {
    const value = (tag: string) =>
      new RegExp(`<${tag}>([^<]*)</${tag}>`).exec(entry!)?.[1] ?? "";
    const total = Number(value("slots_total"));
    const taken = Number(value("slots_used")) + Number(value("slots_resv"));
    return {
      name: value("name"),
      free: Math.max(0, total - taken),
      total,
      state: value("state"),
    };
  });
}
