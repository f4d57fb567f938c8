/**
 * The attributes of a job template: their names here and in DRMAA, and how values are
 * converted to the text that DRMAA expects. Source: "DRMAA 1.0", GFD.133, section 3.2.4,
 * and Grid Engine's `drmaa_attributes(3)`.
 *
 * @module
 */

import { drmaaError } from "./library.ts";

/**
 * The attributes of a job. File paths have the form `[host]:path`: the colon is required
 * even without a host. They may contain the {@linkcode PLACEHOLDERS}.
 */
export interface JobAttributes {
  /** The program to run: its path on the node that runs it. */
  remoteCommand?: string;
  /** Its arguments. */
  args?: readonly string[];
  /** Whether the job is submitted on hold, until a `release`. Default: false. */
  hold?: boolean;
  /**
   * Variables to set in the job's environment. A value must not contain `=`: Grid Engine
   * would cut the value there, so such a value is refused.
   */
  env?: Readonly<Record<string, string>>;
  /** The directory to run in. If it does not exist, the job fails. */
  workingDirectory?: string;
  /** The name of a set of options that the site has defined. */
  jobCategory?: string;
  /** Options of the cluster's submit command, such as `"-q all.q -l h_rt=60"`. */
  nativeSpecification?: string;
  /** The mail addresses to notify. */
  email?: readonly string[];
  /** Whether mail is suppressed, even if other options ask for it. Default: false. */
  blockEmail?: boolean;
  /** The earliest start, as `[[[[CC]YY/]MM/]DD] hh:mm[:ss] [±hh:mm]`. */
  startTime?: string;
  /**
   * The job's name. Grid Engine accepts ASCII only, no digit at the start, no blanks and
   * none of `/:@\*?`. Some systems accept at most 15 characters.
   */
  jobName?: string;
  /** The file for its standard input. */
  inputPath?: string;
  /** The file for its standard output. If its folder does not exist, the job fails. */
  outputPath?: string;
  /** The file for its standard error. If its folder does not exist, the job fails. */
  errorPath?: string;
  /** Whether standard error goes to the same file as standard output. Default: false. */
  joinFiles?: boolean;
  /**
   * Which files are copied to and from the node: any of the letters `i` (input), `o`
   * (output) and `e` (error), such as `"ioe"`.
   */
  transferFiles?: string;
  /** The deadline of the job, in the format of `startTime`. */
  deadlineTime?: string;
  /** Wall clock time, as `[[h:]m:]s`, after which the job is ended. */
  wallclockHardLimit?: string;
  /** Wall clock time, as `[[h:]m:]s`, that the job is expected to take. */
  wallclockSoftLimit?: string;
  /** Running time, as `[[h:]m:]s`, after which the job is ended. */
  durationHardLimit?: string;
  /** Running time, as `[[h:]m:]s`, that the job is expected to take. */
  durationSoftLimit?: string;
  /** Grid Engine only: whether the job runs as the effective user. Default: false. */
  submitAsEffectiveUser?: boolean;
}

/** Placeholders that DRMAA replaces in the text of an attribute. */
export const PLACEHOLDERS = {
  /** The task's number within its array job, in paths. */
  index: "$drmaa_incr_ph$",
  /** The user's home directory, at the start of a path. */
  home: "$drmaa_hd_ph$",
  /** The job's working directory, at the start of a path. */
  workingDirectory: "$drmaa_wd_ph$",
} as const;

/** How the value of an attribute is written. */
type Kind = "text" | "y or n" | "1 or 0" | "state" | "list" | "variables";

/** Each attribute's name in DRMAA, and how its value is written. */
export const ATTRIBUTES: Record<keyof JobAttributes, readonly [string, Kind]> = {
  remoteCommand: ["drmaa_remote_command", "text"],
  args: ["drmaa_v_argv", "list"],
  hold: ["drmaa_js_state", "state"],
  env: ["drmaa_v_env", "variables"],
  workingDirectory: ["drmaa_wd", "text"],
  jobCategory: ["drmaa_job_category", "text"],
  nativeSpecification: ["drmaa_native_specification", "text"],
  email: ["drmaa_v_email", "list"],
  blockEmail: ["drmaa_block_email", "1 or 0"],
  startTime: ["drmaa_start_time", "text"],
  jobName: ["drmaa_job_name", "text"],
  inputPath: ["drmaa_input_path", "text"],
  outputPath: ["drmaa_output_path", "text"],
  errorPath: ["drmaa_error_path", "text"],
  joinFiles: ["drmaa_join_files", "y or n"],
  transferFiles: ["drmaa_transfer_files", "text"],
  deadlineTime: ["drmaa_deadline_time", "text"],
  wallclockHardLimit: ["drmaa_wct_hlimit", "text"],
  wallclockSoftLimit: ["drmaa_wct_slimit", "text"],
  durationHardLimit: ["drmaa_duration_hlimit", "text"],
  durationSoftLimit: ["drmaa_duration_slimit", "text"],
  submitAsEffectiveUser: ["drmaa_submit_as_euid", "y or n"],
};

/** How DRMAA writes true and false, in this order. */
const SWITCHES: Partial<Record<Kind, readonly [string, string]>> = {
  "y or n": ["y", "n"],
  "1 or 0": ["1", "0"],
  "state": ["drmaa_hold", "drmaa_active"],
};

/** Converts a value to the text that DRMAA expects. */
export function encode(
  name: keyof JobAttributes,
  value: unknown,
): string | readonly string[] {
  const kind = ATTRIBUTES[name][1];
  const wrong = (wanted: string) =>
    drmaaError(
      "INVALID_ATTRIBUTE_VALUE",
      `The attribute ${name} must be ${wanted}, not ${Deno.inspect(value)}`,
    );
  const states = SWITCHES[kind];
  if (states) {
    if (typeof value !== "boolean") throw wrong("true or false");
    return states[value ? 0 : 1];
  }
  if (kind === "list") {
    if (!Array.isArray(value) || !value.every((v) => typeof v === "string")) {
      throw wrong("an array of strings");
    }
    return value;
  }
  if (kind === "variables") {
    if (typeof value !== "object" || value === null) throw wrong("an object");
    return Object.entries(value).map(([variable, text]) => {
      if (typeof text !== "string" || variable === "" || variable.includes("=")) {
        throw drmaaError(
          "INVALID_ATTRIBUTE_VALUE",
          `The variable "${variable}" of ${name} must have a name without "=" and a ` +
            `string as its value`,
        );
      }
      return `${variable}=${text}`;
    });
  }
  if (typeof value !== "string") throw wrong("a string");
  return value;
}

/** Converts the text that {@linkcode encode} has written back to a value. */
export function decode(name: keyof JobAttributes, written: string | string[]): unknown {
  const kind = ATTRIBUTES[name][1];
  if (kind === "variables") {
    return Object.fromEntries((written as string[]).map((entry) => {
      const [name] = entry.split("=", 1);
      return [name, entry.slice(name!.length + 1)];
    }));
  }
  const states = SWITCHES[kind];
  return states ? written === states[0] : written;
}

/** Whether an attribute of {@linkcode JobAttributes} is a vector in DRMAA. */
export function isVector(name: keyof JobAttributes): boolean {
  const kind = ATTRIBUTES[name][1];
  return kind === "list" || kind === "variables";
}

/**
 * Refuses variables of `drmaa_v_env` whose values Grid Engine would cut.
 *
 * @throws {DrmaaError} `INVALID_ATTRIBUTE_VALUE`, with the variable's name, not its value.
 */
export function checkVariables(entries: readonly string[]): void {
  for (const entry of entries) {
    const [name, , more] = entry.split("=", 3);
    if (more !== undefined) {
      throw drmaaError(
        "INVALID_ATTRIBUTE_VALUE",
        `The value of the variable ${name} contains "=", and Grid Engine would cut it ` +
          `there: encode the value, or pass it as an argument or in a file`,
      );
    }
  }
}
