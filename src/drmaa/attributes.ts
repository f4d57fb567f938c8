/**
 * The attributes of a job template: their names here and in DRMAA, and how a value
 * becomes the text that DRMAA wants. Source: "DRMAA 1.0", GFD.133, section 3.2.4, and
 * Grid Engine's `drmaa_attributes(3)`.
 *
 * @module
 */

import { drmaaError } from "./library.ts";

/**
 * What a job is. Paths of files are `[host]:path`, with the colon even where the host is
 * left out, and may contain the {@linkcode PLACEHOLDERS}.
 */
export interface JobAttributes {
  /** The program to run, as the node that runs it finds it. */
  remoteCommand?: string;
  /** Its arguments. */
  args?: readonly string[];
  /** Whether the job waits, once submitted, for a `release`. Default: false. */
  hold?: boolean;
  /**
   * Variables to set in the job's environment. No value may contain `=`: Grid Engine
   * drops the second one with all that follows it, so none is passed on.
   */
  env?: Readonly<Record<string, string>>;
  /** The directory to run in; where it is missing the job fails. */
  workingDirectory?: string;
  /** The name of a site's own set of options. */
  jobCategory?: string;
  /** Options of the cluster's own submit command, such as `"-q all.q -l h_rt=60"`. */
  nativeSpecification?: string;
  /** Whom to tell by mail. */
  email?: readonly string[];
  /** Whether no mail is sent, whatever other options say. Default: false. */
  blockEmail?: boolean;
  /** The earliest start, as `[[[[CC]YY/]MM/]DD] hh:mm[:ss] [±hh:mm]`. */
  startTime?: string;
  /**
   * The job's name. For Grid Engine it is of ASCII, starts with no digit, and has neither
   * blanks nor any of `/:@\*?`; some systems take 15 characters only.
   */
  jobName?: string;
  /** The file that is the job's standard input. */
  inputPath?: string;
  /** The file for its standard output; in a folder that exists, or the job fails. */
  outputPath?: string;
  /** The file for its standard error; in a folder that exists, or the job fails. */
  errorPath?: string;
  /** Whether standard error goes where standard output goes. Default: false. */
  joinFiles?: boolean;
  /** Which of the files are copied to and from the node: letters of `"ioe"`. */
  transferFiles?: string;
  /** When the job has to be done, in the format of `startTime`. */
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

/** What stands for something else in an attribute's text. */
export const PLACEHOLDERS = {
  /** The number of the task within a bulk job, in paths. */
  index: "$drmaa_incr_ph$",
  /** The user's home directory, at the start of a path. */
  home: "$drmaa_hd_ph$",
  /** The job's working directory, at the start of a path. */
  workingDirectory: "$drmaa_wd_ph$",
} as const;

/** How a value is written in one attribute or a vector of them. */
type Kind = "text" | "y or n" | "1 or 0" | "state" | "list" | "variables";

/** Each attribute's name in DRMAA, and how its value is written there. */
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

/** What the two states of a switch are in DRMAA: on, then off. */
const SWITCHES: Partial<Record<Kind, readonly [string, string]>> = {
  "y or n": ["y", "n"],
  "1 or 0": ["1", "0"],
  "state": ["drmaa_hold", "drmaa_active"],
};

/** A value as DRMAA writes it. */
export function encode(
  name: keyof JobAttributes,
  value: unknown,
): string | readonly string[] {
  const kind = ATTRIBUTES[name][1];
  const wrong = (wanted: string) =>
    drmaaError(
      "INVALID_ATTRIBUTE_VALUE",
      `The attribute ${name} is ${wanted}, not ${Deno.inspect(value)}`,
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
          `A variable of ${name} has a name, without =, and a string: "${variable}"`,
        );
      }
      return `${variable}=${text}`;
    });
  }
  if (typeof value !== "string") throw wrong("a string");
  return value;
}

/** A value that {@linkcode encode} has written. */
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
 * Refuses the variables of `drmaa_v_env` that Grid Engine would cut short.
 *
 * @throws {DrmaaError} `INVALID_ATTRIBUTE_VALUE`, with the variable's name, not its value.
 */
export function checkVariables(entries: readonly string[]): void {
  for (const entry of entries) {
    const [name, , more] = entry.split("=", 3);
    if (more !== undefined) {
      throw drmaaError(
        "INVALID_ATTRIBUTE_VALUE",
        `The value of the variable ${name} contains "=", where Grid Engine would cut ` +
          `it: encode the value, or pass it as an argument or in a file`,
      );
    }
  }
}
