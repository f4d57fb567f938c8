/**
 * Which signals a worker has blocked.
 *
 * It keeps deno's debugger shut. By SIGUSR1 deno opens it on the loopback, where every user
 * of the machine may then run code in the process; a listener does not prevent that, nor
 * does ignoring the signal. What does is to have it blocked: in all threads, so before
 * the process begins. A mask is inherited by what a thread starts, and kept by `execv`.
 *
 * And until a worker listens to the signals that a terminal sends to all processes, they
 * wait: else Ctrl-C would end one that starts together with its host, and nobody would be
 * left to clean up.
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

/** What opens the debugger. */
const DEBUGGER = "SIGUSR1";
/** What a terminal sends to all processes. */
export const OF_TERMINALS = ["SIGINT", "SIGQUIT", "SIGHUP"] as const;

/** All that a worker listens to. */
const LISTENED = [...OF_TERMINALS, "SIGTERM"] as const;

/**
 * Blocks, in this thread, the signal that opens the debugger.
 *
 * @param zmq An open libzmq, which brings the C library along.
 * @returns The thread's mask as it was before.
 */
export function shutDebugger(zmq: Libzmq): Uint8Array<ArrayBuffer> {
  const before = new Uint8Array(SET_SIZE);
  zmq.pthread_sigmask(BLOCK, setOf(DEBUGGER), before);
  return before;
}

/** Whether the debugger is shut where this mask holds. */
export function isShut(mask: Uint8Array): boolean {
  const [byte, bit] = placeOf(DEBUGGER);
  return (mask[byte]! & bit) !== 0;
}

/** Has what a worker listens to wait until the one that is started now listens. */
export function delaySignals(zmq: Libzmq): void {
  zmq.pthread_sigmask(BLOCK, setOf(...LISTENED), null);
}

/** The worker listens: what has waited comes now, and what it starts has none blocked. */
export function admitSignals(zmq: Libzmq): void {
  zmq.pthread_sigmask(UNBLOCK, setOf(...LISTENED), null);
}

/**
 * Does something in which workers are started: none can be made to open its debugger, nor
 * be ended by a terminal before it listens.
 *
 * @param zmq An open libzmq, which brings the C library along.
 * @param direct Whether nothing but workers is started. What a user starts in between may
 * have to be ended by SIGTERM.
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

/** The variable in which the start script of a cluster's task has its own process id. */
export const SCRIPT = "GRIDENGINE_START_SCRIPT";

/** What runs what is to end a session. */
export const SHELL = "/bin/sh";

/**
 * Ends all processes of a session but the one that runs it and its leader, which on a
 * cluster is the script that has started the worker, and becomes the command that follows.
 * A process that starts others all the while is looked for again; one that the kernel does
 * not let go is left. Without `/proc` only the process group is ended.
 *
 * Source: the manual page proc_pid_stat(5), of which a state, a parent, a group and a
 * session follow the last parenthesis.
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
 * @param leader The process id of its leader: the shell's own, or of one that has ended.
 * @param command What the shell becomes then.
 */
export function endingSession(leader: number, command: string[] = []): string[] {
  return ["-c", END_SESSION, SHELL, `${leader}`, ...command];
}

/** `WNOHANG` of sys/wait.h. */
const NO_HANG = 1;

/**
 * The session of this process, if it has started others there, which may still run: one
 * that it leads, or that of the script that has started it. It takes what has ended from
 * the kernel, so nobody may wait for it any more.
 */
export function startedIn(zmq: Libzmq): number | undefined {
  let child;
  do child = zmq.waitpid(-1, null, NO_HANG); while (child > 0);
  let stat: string;
  try {
    stat = Deno.readTextFileSync("/proc/self/stat");
  } catch {
    // There is no such thing here.
    return undefined;
  }
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ").map(Number);
  const [, parent, , session] = fields;
  const ofScript = session === parent && Deno.env.get(SCRIPT) === `${session}`;
  const isOurs = session === Deno.pid || ofScript;
  // What it has started either is there, or has left its page faults to it.
  return isOurs && (child === 0 || fields[8]! > 0) ? session : undefined;
}
