/**
 * The script that a task of an array job runs on its node.
 *
 * @module
 */

import { SCRIPT } from "../../zeromq/signals.ts";
import type { WorkerSpec } from "../scheduler.ts";

/** What a start script needs to know. */
export interface StartScript {
  /** How to start a worker. */
  spec: WorkerSpec;
  /** The path of deno. */
  deno: string;
  /** Environment variables. In the job itself every user could see them. */
  env: Record<string, string>;
  /** The file with the worker of task n in line n. */
  list: string;
  /** The path of the script itself. */
  script: string;
  /** The limits of task n are written to this path with `.n`; see `time_limits.ts`. */
  limits: string;
}

/** The variables in which cluster systems set the task's number. */
const TASK_NUMBERS = [
  "SGE_TASK_ID",
  "SLURM_ARRAY_TASK_ID",
  "PBS_ARRAY_INDEX",
  "PBS_ARRAYID",
];

/**
 * How many processes the kernel's memory killer has ended, and why. It sends a plain
 * SIGKILL, and the control group disappears with the task, so the script reads the count.
 * `memory_killer.ts` does the same for workers of this machine.
 */
const MEMORY_KILLER = `group=$(sed -n '
  s/^[0-9]*:\\(.*,\\)*memory\\(,[^:]*\\)*:/memory/p
  s/^0:://p' /proc/self/cgroup 2> /dev/null | sed q)
# In a container the name may be that outside, and the group is the topmost one inside.
top=/sys/fs/cgroup/\${group%%/*}
group=/sys/fs/cgroup/$group
[ -d "$group" ] || group=$top
for counts in "$group/memory.oom_control" "$group/memory.events" /proc/vmstat; do
  if grep -q '^oom_kill ' "$counts" 2> /dev/null; then break; fi
done
killed() { sed -n 's/^oom_kill //p' "$counts" 2> /dev/null; }
why() {
  if [ "$counts" = /proc/vmstat ]; then
    echo "perhaps ended by the kernel's memory killer, which has ended a process of its node"
    return
  fi
  limit=$(sed -n 's/^hierarchical_memory_limit //p' "$group/memory.stat" 2> /dev/null)
  until [ -n "$limit" ] || [ "\${#group}" -le 14 ]; do
    limit=$(grep -v max "$group/memory.max" 2> /dev/null)
    group=\${group%/*}
  done
  if [ -n "$limit" ] && [ "$((limit >> 60))" = 0 ]; then
    echo "ended by the kernel's memory killer, because its control group is limited to $((limit >> 20)) MB"
  else
    echo "ended by the kernel's memory killer, because its node had no memory left"
  fi
}`;

/** The script's text, for a POSIX shell, or for csh, which starts a POSIX shell. */
export function startScript(
  { spec, deno, env, list, script, limits }: StartScript,
): string {
  const task = TASK_NUMBERS.reduceRight((rest, name) => `\${${name}:-${rest}}`, "1");
  const words = [deno, "run", ...spec.flags, spec.module, spec.runFile].map(quote);
  const exports = Object.entries(env).map(([name, value]) =>
    `export ${name}=${quote(value)}`
  );
  return `#!/bin/sh
# Starts the worker of this task. A queue may run this with another shell, such as csh.
test "$?shell" = 1 && exec /bin/sh ${quote(script)}
# A profile may have emptied PATH.
command -v sed > /dev/null || PATH=\${PATH:+$PATH:}/usr/bin:/bin
task=${task}
case $task in *[!0-9]*) task=1 ;; esac
worker=$(sed -n "\${task}p" ${quote(list)})
if [ -z "$worker" ]; then
  echo "The run that this task belongs to is over" >&2
  exit 0
fi
# Deno reserves far more memory than it uses, which soft limits would forbid.
ulimit -S -v "$(ulimit -H -v)"
ulimit -S -d "$(ulimit -H -d)"
ulimit -S -c 0
# These limits may explain later why the worker has ended.
{
  ulimit -H -t
  ulimit -S -t
  echo "\${QUEUE-}@$(hostname)"
} > ${quote(limits)}."$task" 2> /dev/null
${exports.join("\n")}
export ${SCRIPT}=$$
if [ ! -x ${quote(deno)} ]; then
  echo "There is no deno at ${deno.replace(/["$\`\\]/g, "")} on $(hostname)" >&2
  exit 127
fi
# On this signal deno opens its debugger to every user of the node, unless it is blocked.
if env --block-signal=USR1 true 2> /dev/null; then
  set -- env --block-signal=USR1
else
  set --
fi
${MEMORY_KILLER}
# The cluster signals all processes of the task. The script stays to see how the worker ends.
trap : HUP INT QUIT TERM USR1 USR2 XCPU
before=$(killed)
# A shell may read this script from standard input, which the worker must not inherit.
# The shell's own message about the worker's end must not become the log's last line.
exec 3>&2 2> /dev/null
(exec "$@" ${words.join(" ")} "$worker" 2>&3 3>&- < /dev/null)
status=$?
if [ "$status" = 137 ] && [ "$(killed)" != "$before" ]; then
  echo "Worker $worker was $(why)" >&3
fi
trap - HUP INT QUIT TERM USR1 USR2 XCPU
# End as the worker did.
if [ "$status" -gt 128 ]; then kill -"$((status - 128))" $$; fi
exit "$status"
`;
}

/** One word for a shell, whatever is in it. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
