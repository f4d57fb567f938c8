/**
 * With which status a worker exits: it tells the scheduler why.
 *
 * @module
 */

/** Exit statuses by what happened; the numbers are those of `sysexits.h` where one fits. */
export const EXIT_STATUS = {
  "told to leave": 0,
  /** As of any program of Deno's that throws: what it printed says why. */
  "no thread": 1,
  /** EX_USAGE */
  "wrong arguments": 64,
  /** EX_UNAVAILABLE */
  "host lost": 69,
  "host not reached": 69,
  "host gone": 69,
  /** EX_OSERR: the process should have begun anew, and could not. */
  "restart": 71,
  /** EX_PROTOCOL */
  "refused": 76,
  /** EX_CONFIG: the run file cannot be read. */
  "no run file": 78,
  /** It held more memory than it may. */
  "out of memory": 79,
} as const;
