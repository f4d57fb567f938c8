/**
 * The signals that a worker blocks.
 *
 * SIGUSR1 is blocked to keep deno's debugger closed. On SIGUSR1 deno opens it on the
 * loopback interface, where every user of the machine may then run code in the process.
 * Neither a listener nor ignoring the signal prevents that. The signal must be blocked in
 * all threads, and so before the process starts. A signal mask is inherited by everything
 * that a thread starts, and kept by `execv`.
 *
 * Signals that a terminal sends to all processes are blocked until a worker listens to
 * them. Otherwise Ctrl-C would end a worker that starts together with its host, and nobody
 * would be left to clean up.
 *
 * Source: the manual page pthread_sigmask(3).
 *
 * @module
 */

import type { Libzmq } from "./libzmq.ts";

/** `SIG_BLOCK`, `SIG_UNBLOCK` and `SIG_SETMASK` of signal.h. */
const [BLOCK, UNBLOCK, SET_MASK] = Deno.build.os === "darwin" ? [1, 2, 3] : [0, 1, 2];
/** At least the size of `sigset_t`, in bytes. */
const SET_SIZE = 128;
/** The numbers of signal.h. */
const NUMBERS = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGUSR1: Deno.build.os === "darwin" ? 30 : 10,
  SIGTERM: 15,
};

type Signal = keyof typeof NUMBERS;

/** The signal that opens the debugger. */
const DEBUGGER = "SIGUSR1";
/** The signals that a terminal sends to all processes. */
export const OF_TERMINALS = ["SIGINT", "SIGQUIT", "SIGHUP"] as const;

/** The signals that a worker listens to. */
const LISTENED = [...OF_TERMINALS, "SIGTERM"] as const;

/**
 * Blocks, in this thread, the signal that opens the debugger.
 *
 * @param zmq An open libzmq, which is linked with the C library.
 * @returns The thread's mask as it was before.
 */
export function shutDebugger(zmq: Libzmq): Uint8Array<ArrayBuffer> {
  const before = new Uint8Array(SET_SIZE);
  zmq.pthread_sigmask(BLOCK, setOf(DEBUGGER), before);
  return before;
}

/** Whether a thread with this signal mask keeps the debugger closed. */
export function isShut(mask: Uint8Array): boolean {
  const [byte, bit] = placeOf(DEBUGGER);
  return (mask[byte]! & bit) !== 0;
}

/** Blocks a worker's signals, until the worker that is started now listens to them. */
export function delaySignals(zmq: Libzmq): void {
  zmq.pthread_sigmask(BLOCK, setOf(...LISTENED), null);
}

/** Unblocks a worker's signals: delayed ones arrive now, and its children block none. */
export function admitSignals(zmq: Libzmq): void {
  zmq.pthread_sigmask(UNBLOCK, setOf(...LISTENED), null);
}

/**
 * Starts workers with blocked signals: nobody can open a worker's debugger, and a terminal
 * cannot end a worker before it listens.
 *
 * @param zmq An open libzmq, which is linked with the C library.
 * @param direct Whether `work` starts workers only. If it starts programs of the user,
 * SIGTERM is not blocked, because it may be needed to end them.
 */
export function startingWorkers<T>(zmq: Libzmq, direct: boolean, work: () => T): T {
  const before = shutDebugger(zmq);
  zmq.pthread_sigmask(BLOCK, setOf(...direct ? LISTENED : OF_TERMINALS), null);
  try {
    return work();
  } finally {
    zmq.pthread_sigmask(SET_MASK, before, null);
  }
}

/** A signal's byte and bit in a set: signals are numbered from 1. */
function placeOf(signal: Signal): [byte: number, bit: number] {
  const place = NUMBERS[signal] - 1;
  return [place >> 3, 1 << (place & 7)];
}

function setOf(...signals: Signal[]): Uint8Array<ArrayBuffer> {
  const set = new Uint8Array(SET_SIZE);
  for (const [byte, bit] of signals.map(placeOf)) set[byte]! |= bit;
  return set;
}

/** The variable in which the start script of a cluster's task puts its own process id. */
export const SCRIPT = "GRIDENGINE_START_SCRIPT";

/** The shell that ends a session. */
export const SHELL = "/bin/sh";

/**
 * A shell script that ends all processes of a session except its own and the session's
 * leader, and then becomes the command that follows. On a cluster the leader is the script
 * that has started the worker. The search is repeated up to ten times, because processes may
 * start others meanwhile. Processes that the kernel cannot end are left. Without `/proc`
 * only the process group is ended.
 *
 * Source: the manual page proc_pid_stat(5): state, parent, group and session follow the
 * last parenthesis.
 */
const END_SESSION = `session=$1; shift
[ "$session" = $$ ] || [ "$session" = "$PPID" ] || kill -s KILL -- "-$session"
end() {
  [ "$4" = "$session" ] && [ "$pid" != $$ ] && [ "$pid" != "$session" ] || return
  case $1 in [ZX]) return ;; esac
  found=1
  kill -s KILL "$pid"
}
for pass in 1 2 3 4 5 6 7 8 9 10; do
  found=
  for file in /proc/[0-9]*/stat; do
    read -r line < "$file" || continue
    pid=\${line%% *}
    end \${line##*) }
  done
  [ "$found" ] || break
done 2> /dev/null
[ $# = 0 ] || exec "$@"`;

/**
 * The arguments of a shell that ends the processes of a session.
 *
 * @param leader The process id of the session's leader: the shell itself, or another
 * process, which may have ended.
 * @param command The command that the shell becomes afterwards.
 */
export function endingSession(leader: number, command: string[] = []): string[] {
  return ["-c", END_SESSION, SHELL, `${leader}`, ...command];
}

/** `WNOHANG` of sys/wait.h. */
const NO_HANG = 1;

/**
 * The session of this process, if the process has started others in it that may still be
 * running. Only a session counts that this process or its start script leads. This reaps
 * children that have ended, so nothing may wait for them later.
 */
export function startedIn(zmq: Libzmq): number | undefined {
  let child;
  do child = zmq.waitpid(-1, null, NO_HANG); while (child > 0);
  let stat: string;
  try {
    stat = Deno.readTextFileSync("/proc/self/stat");
  } catch {
    // This system has no /proc.
    return undefined;
  }
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ").map(Number);
  const [, parent, , session] = fields;
  const ofScript = session === parent && Deno.env.get(SCRIPT) === `${session}`;
  const isOurs = session === Deno.pid || ofScript;
  // A child that it started either exists, or has left its page faults in the count.
  return isOurs && (child === 0 || fields[8]! > 0) ? session : undefined;
}
