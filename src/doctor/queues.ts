/**
 * Checks which queues would accept a job.
 *
 * @module
 */

import { failure, type Finding, ok, skipped, warning } from "./finding.ts";
import { ask } from "./tools.ts";

/** A queue on one host. */
interface Instance {
  name: string;
  /** The number of free slots. */
  free: number;
  total: number;
  /** The letters of its state, as `qstat -f` shows them. */
  state: string;
}

/** States in which a queue accepts no job for a while: load alarms. */
const BUSY = /[aA]/;
/** States that end only when an administrator acts: all others. */
const CLOSED = /[^aA]/;
/** What reopens a queue, by the letter of its state. */
const REMEDIES: Record<string, (queue: string) => string> = {
  d: (queue) => `qmod -e ${queue}`,
  s: (queue) => `qmod -usq ${queue}`,
  u: (queue) => `start sge_execd on ${queue.replace(/.*@/, "")}`,
  E: (queue) => `look at qstat -f -explain E, then qmod -cq ${queue}`,
};

/**
 * Asks Grid Engine for its queues.
 *
 * @param queue The only queue to check; by default all.
 */
export async function queuesFinding(queue: string | undefined): Promise<Finding> {
  // Without -l for the job's resources: qstat would take free memory for unknown.
  const words = queue === undefined ? [] : ["-q", queue];
  const asked = queue === undefined ? "" : ` with -q ${queue}`;
  const said = await ask("qstat", ["-f", "-xml", ...words]);
  if (said?.error !== "") {
    return skipped(
      "queues",
      "Grid Engine's qstat does not list them: see the probe job",
    );
  }
  const instances = parse(said.out);
  if (instances.length === 0) {
    return failure(
      "queues",
      `there is none${asked}`,
      "qconf -sql lists the queues that exist: name one of them, or ask an " +
        "administrator to create one",
    );
  }
  const open = instances.filter(({ state }) => !CLOSED.test(state));
  if (open.length === 0) {
    return failure(
      "queues",
      `none of ${instances.length} is open${asked}; ${states(instances)}`,
      `Ask an administrator to open them: ${remedies(instances)}`,
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
    "Jobs have to wait: qstat -u '*' shows for which jobs, qstat -f -explain aA for which load",
  );
}

/** How many queue instances are in each state. */
function states(all: Instance[]): string {
  return [...Map.groupBy(all, ({ state }) => state)]
    .map(([state, some]) => `state ${state}: ${some.length}, such as ${some[0]!.name}`)
    .join("; ");
}

/** What reopens queues, for each state letter that closes one. */
function remedies(all: Instance[]): string {
  const letters = new Set(all.flatMap(({ state }) => [...state]));
  return [...letters].filter((letter) => CLOSED.test(letter)).map((letter) => {
    const { name } = all.find(({ state }) => state.includes(letter))!;
    return `${letter}: ${REMEDIES[letter]?.(name) ?? "man qstat explains this state"}`;
  }).join("; ");
}

function parse(xml: string): Instance[] {
  // Running jobs have states, too.
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
