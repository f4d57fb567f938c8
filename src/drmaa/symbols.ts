/**
 * The functions of the DRMAA 1.0 C binding, each with its C declaration, and the numbers
 * and names of its header. Source: `drmaa.h` 1.0, and the "DRMAA 1.0 C Binding" of the
 * Open Grid Forum, GFD.143.
 *
 * Functions that ask the cluster run off the event loop (`nonblocking`); functions that
 * only read the library's own memory do not.
 *
 * @module
 */

/** Every function of drmaa.h. */
export const SYMBOLS = {
  /** int drmaa_get_next_attr_name (drmaa_attr_names_t *values, char *value, size_t length) */
  drmaa_get_next_attr_name: {
    parameters: ["pointer", "buffer", "usize"],
    result: "i32",
  },
  /** int drmaa_get_next_attr_value (drmaa_attr_values_t *values, char *value, size_t length) */
  drmaa_get_next_attr_value: {
    parameters: ["pointer", "buffer", "usize"],
    result: "i32",
  },
  /** int drmaa_get_next_job_id (drmaa_job_ids_t *values, char *value, size_t length) */
  drmaa_get_next_job_id: {
    parameters: ["pointer", "buffer", "usize"],
    result: "i32",
  },
  // Never called, because lists are read to their end. DRMAA 0.95 does not have them.
  /** int drmaa_get_num_attr_names (drmaa_attr_names_t *values, int *size) */
  drmaa_get_num_attr_names: {
    parameters: ["pointer", "buffer"],
    result: "i32",
    optional: true,
  },
  /** int drmaa_get_num_attr_values (drmaa_attr_values_t *values, int *size) */
  drmaa_get_num_attr_values: {
    parameters: ["pointer", "buffer"],
    result: "i32",
    optional: true,
  },
  /** int drmaa_get_num_job_ids (drmaa_job_ids_t *values, int *size) */
  drmaa_get_num_job_ids: {
    parameters: ["pointer", "buffer"],
    result: "i32",
    optional: true,
  },
  /** void drmaa_release_attr_names (drmaa_attr_names_t *values) */
  drmaa_release_attr_names: { parameters: ["pointer"], result: "void" },
  /** void drmaa_release_attr_values (drmaa_attr_values_t *values) */
  drmaa_release_attr_values: { parameters: ["pointer"], result: "void" },
  /** void drmaa_release_job_ids (drmaa_job_ids_t *values) */
  drmaa_release_job_ids: { parameters: ["pointer"], result: "void" },

  // Below, `diagnosis` stands for char *error_diagnosis, size_t error_diag_len.

  /** int drmaa_init (const char *contact, diagnosis) */
  drmaa_init: {
    parameters: ["buffer", "buffer", "usize"],
    result: "i32",
    nonblocking: true,
  },
  /** int drmaa_exit (diagnosis) */
  drmaa_exit: { parameters: ["buffer", "usize"], result: "i32", nonblocking: true },
  /** int drmaa_allocate_job_template (drmaa_job_template_t **template, diagnosis) */
  drmaa_allocate_job_template: {
    parameters: ["buffer", "buffer", "usize"],
    result: "i32",
  },
  /** int drmaa_delete_job_template (drmaa_job_template_t *template, diagnosis) */
  drmaa_delete_job_template: {
    parameters: ["pointer", "buffer", "usize"],
    result: "i32",
  },
  /** int drmaa_set_attribute (drmaa_job_template_t *template, const char *name, const char *value, diagnosis) */
  drmaa_set_attribute: {
    parameters: ["pointer", "buffer", "buffer", "buffer", "usize"],
    result: "i32",
  },
  /** int drmaa_get_attribute (drmaa_job_template_t *template, const char *name, char *value, size_t length, diagnosis) */
  drmaa_get_attribute: {
    parameters: ["pointer", "buffer", "buffer", "usize", "buffer", "usize"],
    result: "i32",
  },
  /** int drmaa_set_vector_attribute (drmaa_job_template_t *template, const char *name, const char *value[], diagnosis) */
  drmaa_set_vector_attribute: {
    parameters: ["pointer", "buffer", "buffer", "buffer", "usize"],
    result: "i32",
  },
  /** int drmaa_get_vector_attribute (drmaa_job_template_t *template, const char *name, drmaa_attr_values_t **values, diagnosis) */
  drmaa_get_vector_attribute: {
    parameters: ["pointer", "buffer", "buffer", "buffer", "usize"],
    result: "i32",
  },
  /** int drmaa_get_attribute_names (drmaa_attr_names_t **names, diagnosis) */
  drmaa_get_attribute_names: {
    parameters: ["buffer", "buffer", "usize"],
    result: "i32",
  },
  /** int drmaa_get_vector_attribute_names (drmaa_attr_names_t **names, diagnosis) */
  drmaa_get_vector_attribute_names: {
    parameters: ["buffer", "buffer", "usize"],
    result: "i32",
  },
  /** int drmaa_run_job (char *job_id, size_t length, const drmaa_job_template_t *template, diagnosis) */
  drmaa_run_job: {
    parameters: ["buffer", "usize", "pointer", "buffer", "usize"],
    result: "i32",
    nonblocking: true,
  },
  /** int drmaa_run_bulk_jobs (drmaa_job_ids_t **ids, const drmaa_job_template_t *template, int start, int end, int increment, diagnosis) */
  drmaa_run_bulk_jobs: {
    parameters: ["buffer", "pointer", "i32", "i32", "i32", "buffer", "usize"],
    result: "i32",
    nonblocking: true,
  },
  /** int drmaa_control (const char *job_id, int action, diagnosis) */
  drmaa_control: {
    parameters: ["buffer", "i32", "buffer", "usize"],
    result: "i32",
    nonblocking: true,
  },
  /** int drmaa_synchronize (const char *job_ids[], signed long timeout, int dispose, diagnosis) */
  drmaa_synchronize: {
    parameters: ["buffer", "isize", "i32", "buffer", "usize"],
    result: "i32",
    nonblocking: true,
  },
  /** int drmaa_wait (const char *job_id, char *job_id_out, size_t length, int *stat, signed long timeout, drmaa_attr_values_t **rusage, diagnosis) */
  drmaa_wait: {
    parameters: [
      "buffer",
      "buffer",
      "usize",
      "buffer",
      "isize",
      "buffer",
      "buffer",
      "usize",
    ],
    result: "i32",
    nonblocking: true,
  },
  /** int drmaa_wifexited (int *exited, int stat, diagnosis) */
  drmaa_wifexited: { parameters: ["buffer", "i32", "buffer", "usize"], result: "i32" },
  /** int drmaa_wexitstatus (int *exit_status, int stat, diagnosis) */
  drmaa_wexitstatus: {
    parameters: ["buffer", "i32", "buffer", "usize"],
    result: "i32",
  },
  /** int drmaa_wifsignaled (int *signaled, int stat, diagnosis) */
  drmaa_wifsignaled: {
    parameters: ["buffer", "i32", "buffer", "usize"],
    result: "i32",
  },
  /** int drmaa_wtermsig (char *signal, size_t length, int stat, diagnosis) */
  drmaa_wtermsig: {
    parameters: ["buffer", "usize", "i32", "buffer", "usize"],
    result: "i32",
  },
  /** int drmaa_wcoredump (int *core_dumped, int stat, diagnosis) */
  drmaa_wcoredump: { parameters: ["buffer", "i32", "buffer", "usize"], result: "i32" },
  /** int drmaa_wifaborted (int *aborted, int stat, diagnosis) */
  drmaa_wifaborted: { parameters: ["buffer", "i32", "buffer", "usize"], result: "i32" },
  /** int drmaa_job_ps (const char *job_id, int *remote_ps, diagnosis) */
  drmaa_job_ps: {
    parameters: ["buffer", "buffer", "buffer", "usize"],
    result: "i32",
    nonblocking: true,
  },
  /** const char *drmaa_strerror (int drmaa_errno) */
  drmaa_strerror: { parameters: ["i32"], result: "pointer" },
  /** int drmaa_get_contact (char *contact, size_t length, diagnosis) */
  drmaa_get_contact: {
    parameters: ["buffer", "usize", "buffer", "usize"],
    result: "i32",
  },
  /** int drmaa_version (unsigned int *major, unsigned int *minor, diagnosis) */
  drmaa_version: { parameters: ["buffer", "buffer", "buffer", "usize"], result: "i32" },
  /** int drmaa_get_DRM_system (char *drm_system, size_t length, diagnosis) */
  drmaa_get_DRM_system: {
    parameters: ["buffer", "usize", "buffer", "usize"],
    result: "i32",
  },
  /** int drmaa_get_DRMAA_implementation (char *implementation, size_t length, diagnosis) */
  drmaa_get_DRMAA_implementation: {
    parameters: ["buffer", "usize", "buffer", "usize"],
    result: "i32",
  },

  // A function of the C library, which libdrmaa is linked with.

  /** void *dlopen (const char *path, int mode) */
  dlopen: { parameters: ["buffer", "i32"], result: "pointer", optional: true },
} as const satisfies Deno.ForeignLibraryInterface;

/** The functions of an open libdrmaa, by their C names. */
export type Libdrmaa = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

/** The names of the error numbers, without `DRMAA_ERRNO_`. */
export const CODES = [
  "SUCCESS",
  "INTERNAL_ERROR",
  "DRM_COMMUNICATION_FAILURE",
  "AUTH_FAILURE",
  "INVALID_ARGUMENT",
  "NO_ACTIVE_SESSION",
  "NO_MEMORY",
  "INVALID_CONTACT_STRING",
  "DEFAULT_CONTACT_STRING_ERROR",
  "NO_DEFAULT_CONTACT_STRING_SELECTED",
  "DRMS_INIT_FAILED",
  "ALREADY_ACTIVE_SESSION",
  "DRMS_EXIT_ERROR",
  "INVALID_ATTRIBUTE_FORMAT",
  "INVALID_ATTRIBUTE_VALUE",
  "CONFLICTING_ATTRIBUTE_VALUES",
  "TRY_LATER",
  "DENIED_BY_DRM",
  "INVALID_JOB",
  "RESUME_INCONSISTENT_STATE",
  "SUSPEND_INCONSISTENT_STATE",
  "HOLD_INCONSISTENT_STATE",
  "RELEASE_INCONSISTENT_STATE",
  "EXIT_TIMEOUT",
  "NO_RUSAGE",
  "NO_MORE_ELEMENTS",
] as const;

/** The name of an error number. */
export type CodeName = (typeof CODES)[number];

/** The error number for a name. */
export function codeOf(name: CodeName): number {
  return CODES.indexOf(name);
}

/** The state of a job. */
export type JobState =
  | "undetermined"
  | "queued_active"
  | "system_on_hold"
  | "user_on_hold"
  | "user_system_on_hold"
  | "running"
  | "system_suspended"
  | "user_suspended"
  | "user_system_suspended"
  | "done"
  | "failed";

/** The job states of `drmaa_job_ps`, by number. */
export const STATES: Readonly<Record<number, JobState>> = {
  0x00: "undetermined",
  0x10: "queued_active",
  0x11: "system_on_hold",
  0x12: "user_on_hold",
  0x13: "user_system_on_hold",
  0x20: "running",
  0x21: "system_suspended",
  0x22: "user_suspended",
  0x23: "user_system_suspended",
  0x30: "done",
  0x40: "failed",
};

/** What can be done to a job. */
export type JobAction = "suspend" | "resume" | "hold" | "release" | "terminate";

/** The actions of `drmaa_control`; the index is the action's number. */
export const ACTIONS: readonly JobAction[] = [
  "suspend",
  "resume",
  "hold",
  "release",
  "terminate",
];
