/**
 * Checks whether libdrmaa and a session with the cluster can be opened.
 *
 * @module
 */

import { TUNABLES } from "../scheduler/grid_engine/keeper/client.ts";
import { failure, type Finding, ok, skipped, warning } from "./finding.ts";
import type { DoctorOptions } from "./options.ts";
import type { SessionReport } from "./session_program.ts";
import { ask, type Said } from "./tools.ts";

const FLAGS = ["--allow-all", "--no-prompt", "--quiet", "--no-config", "--no-lock"];

/** How much of a library's output is shown, in characters. */
const LAST_WORDS = 1000;

/** What to do if no session can be opened. */
const MASTER =
  "The queue master does not answer: check that sge_qmaster runs on its host, " +
  "and that qstat on this machine gets an answer";
const ENVIRONMENT =
  "Set SGE_ROOT to Grid Engine's own directory, and SGE_CELL, as the " +
  "cluster's settings do: . SGE_ROOT/default/common/settings.sh";
const isSetTo = (root: string) =>
  `SGE_ROOT is set to ${root}: check whether qstat on this machine gets an answer; the ` +
  "queue master may be down, or the directory or SGE_CELL may be wrong";
/** What to do if no library can be opened. */
const LIBRARY = "On a submit host, install the cluster's libdrmaa, or name its " +
  "path in DRMAA_LIBRARY_PATH";

/**
 * Opens libdrmaa and a session. If no job can be submitted, one of its findings is a failure
 * or a warning.
 *
 * @param signal Ends the check.
 */
export async function* examineCluster(
  options: DoctorOptions,
  signal: AbortSignal,
): AsyncGenerator<Finding> {
  const patience = AbortSignal.timeout(options.timeout);
  const said = await ask(
    Deno.execPath(),
    ["run", ...FLAGS, new URL("./session_program.ts", import.meta.url).href],
    {
      env: { GLIBC_TUNABLES: TUNABLES, NO_COLOR: "1" },
      signal: AbortSignal.any([signal, patience]),
    },
  );
  const silence = patience.aborted
    ? `no answer within ${options.timeout / 1000} s`
    : `its process ${said!.end ?? "ended"} without an answer${printed(said!)}`;
  const reports: SessionReport[] = said!.out.split("\n")
    .filter(isReport).map((line) => JSON.parse(line));
  const failed = reports.find((report) => report.tell === "failed");
  const [first, second] = reports;
  if (first?.tell !== "library") {
    const detail = failed ? shortened(failed.message) : silence;
    yield noneFinding("libdrmaa", detail, LIBRARY, options.cluster);
    yield skipped("cluster", "it cannot be reached without libdrmaa");
    return;
  }
  const { version, path } = first.library;
  yield ok("libdrmaa", `DRMAA ${version} (${path})`);
  const root = Deno.env.get("SGE_ROOT") || undefined;
  if (second?.tell === "session") {
    const where = root === undefined ? "" : `, SGE_ROOT is ${root}`;
    yield ok("session", `opened; the system is ${second.drmSystem}${where}`);
    return;
  }
  const isAway = failed === undefined && patience.aborted ||
    failed?.codeName === "DRM_COMMUNICATION_FAILURE";
  const advice = root === undefined ? ENVIRONMENT : isSetTo(root);
  yield noneFinding(
    "session",
    failed?.message ?? silence,
    isAway ? MASTER : advice,
    options.cluster,
  );
  yield skipped("probe job", "it cannot be submitted without a session");
}

function isReport(line: string): boolean {
  return line.startsWith('{"tell":') && line.endsWith("}");
}

/** What a library printed besides the reports. */
function printed({ out, error }: Said): string {
  const rest = out.split("\n").filter((line) => !isReport(line));
  const text = `${rest.join("\n")}\n${error}`.trim();
  return text && `; it printed: ${text.slice(-LAST_WORDS)}`;
}

/** There is no cluster: a failure if one is expected, otherwise a warning. */
function noneFinding(
  check: string,
  detail: string,
  remedy: string,
  expected: boolean,
): Finding {
  return expected
    ? failure(check, detail, remedy)
    : warning(check, `${detail}: maps run on this machine`, remedy);
}

/** Omits files that do not exist from the list of what was tried. */
function shortened(message: string): string {
  const [, ...tried] = message.split("\n");
  if (tried.length < 2) return tried[0] ?? message;
  const notable = tried.filter((line) => !/No such file/.test(line));
  return notable.join("\n") || `none was found in ${tried.length} places`;
}
