/**
 * Which queues would take a job.
 *
 * @module
 */

import { resourceWords } from "../scheduler/resources.ts";
import { settings } from "../settings.ts";
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

/** States that end only when somebody acts: disabled, suspended, unheard, in error … */
const CLOSED = /[dsuEcoSDC]/;
/** States in which a queue takes nothing for a while: load alarms. */
const BUSY = /[aA]/;

/**
 * Asks Grid Engine for its queues.
 *
 * @param queue The only one that a job may run in.
 */
export async function queuesFinding(queue: string | undefined): Promise<Finding> {
  if (!Deno.env.get("SGE_ROOT")) {
    return skipped(
      "queues",
      "only those of Grid Engine are known: the probe will tell",
    );
  }
  const words = [
    ...queue === undefined ? [] : ["-q", queue],
    ...resourceWords(settings.defaultResources).filter((word) =>
      !["-w", "n"].includes(word)
    ),
  ];
  const said = await ask("qstat", ["-f", "-xml", ...words]);
  if (!said) return skipped("queues", "there is no qstat here: the probe will tell");
  const asked = words.length === 0 ? "" : ` with ${words.join(" ")}`;
  if (said.error !== "") return skipped("queues", `qstat says: ${said.error}`);
  const instances = parse(said.out);
  if (instances.length === 0) {
    return failure(
      "queues",
      `none takes jobs${asked}`,
      "qconf -sql lists the queues there are: name one of them, ask for less " +
        "(GRIDENGINE_DEFAULT_RESOURCES), or have an administrator make one",
    );
  }
  const open = instances.filter(({ state }) => !CLOSED.test(state));
  if (open.length === 0) {
    const states = instances.map(({ name, state }) => `${name} ${state}`).join(", ");
    return failure(
      "queues",
      `none is open${asked}; states: ${states}`,
      "An administrator opens them: qmod -e QUEUE where the state has d, sge_execd of the " +
        "host where it has u; qstat -f -explain E tells more",
    );
  }
  const ready = open.filter(({ state }) => !BUSY.test(state));
  const free = ready.reduce((sum, instance) => sum + instance.free, 0);
  const total = open.reduce((sum, instance) => sum + instance.total, 0);
  const detail = `${free} of ${total} slots are free in ${open.length} of ` +
    `${instances.length} queue instances${asked}`;
  if (free > 0) return ok("queues", detail);
  return warning("queues", detail, "Jobs wait: qstat -u '*' tells for whom");
}

function parse(xml: string): Instance[] {
  return [...xml.matchAll(/<Queue-List>([^]*?)<\/Queue-List>/g)].map(([, entry]) => {
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
