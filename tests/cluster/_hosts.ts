/**
 * Hosts that are none: each is a network namespace (its address and its cable), a UTS
 * namespace (its name) and a mount namespace (its `/etc/hosts` and its own `/tmp`). The
 * namespaces are held by files, so a host lives with no process in it, and who is in it
 * can always be told.
 *
 * The cables lead to a bridge in a namespace of its own. The machine's own network has no
 * part in it: nothing gets in or out, and no firewall rule of the machine applies.
 *
 * @module
 */

import { type Host, HOSTS_FILE, NAMESPACES } from "./_layout.ts";
import { endAll, processes } from "../fixtures/processes.ts";
import { exists, sh } from "../fixtures/shell.ts";

const SWITCH = `${NAMESPACES}/switch.net`;

/** The kinds of namespace of a host, as nsenter and as /proc call them. */
const KINDS = { net: "net", uts: "uts", mnt: "mount" } as const;

type Kind = keyof typeof KINDS;

const file = (host: Host, kind: Kind) => `${NAMESPACES}/${host.name}.${kind}`;

/** The first words of a command line that runs what follows on a host. */
export function entering(host: Host): string[] {
  const kinds = Object.entries(KINDS) as [Kind, string][];
  return ["nsenter", ...kinds.map(([kind, name]) => `--${name}=${file(host, kind)}`)];
}

/** Makes all hosts, and what connects them. */
export async function createHosts(hosts: Host[]): Promise<void> {
  const names = hosts.map(({ name, address }) => `${address}\t${name}\n`);
  await Deno.writeTextFile(HOSTS_FILE, `127.0.0.1\tlocalhost\n${names.join("")}`);
  await Deno.mkdir(NAMESPACES);
  // The file of a mount namespace may only lie where mounts do not spread.
  await sh("mount", "--bind", NAMESPACES, NAMESPACES);
  await sh("mount", "--make-private", NAMESPACES);
  await Deno.writeTextFile(SWITCH, "");
  await sh("unshare", `--net=${SWITCH}`, "true");
  await onSwitch("add", "bridge", "type", "bridge");
  await onSwitch("set", "bridge", "up");
  for (const host of hosts) await createHost(host);
}

async function createHost(host: Host): Promise<void> {
  await Deno.mkdir(host.tmp, { recursive: true });
  await Deno.chmod(host.tmp, 0o1777);
  const kinds = Object.entries(KINDS) as [Kind, string][];
  for (const [kind] of kinds) await Deno.writeTextFile(file(host, kind), "");
  await sh(
    "unshare",
    ...kinds.map(([kind, name]) => `--${name}=${file(host, kind)}`),
    "--propagation=slave",
    "sh",
    "-ec",
    `hostname ${host.name}
    mount --bind ${HOSTS_FILE} /etc/hosts
    mount --bind ${host.tmp} /tmp
    ip link set lo up`,
  );
  const peer = ["peer", "name", "eth0", "netns", file(host, "net")];
  await onSwitch("add", host.name, "type", "veth", ...peer);
  await onSwitch("set", host.name, "master", "bridge", "up");
  const inside = ["nsenter", `--net=${file(host, "net")}`, "ip"] as const;
  await sh(...inside, "address", "add", `${host.address}/24`, "dev", "eth0");
  await sh(...inside, "link", "set", "eth0", "up");
}

/** Runs `ip link` where all cables end. */
async function onSwitch(...args: string[]): Promise<void> {
  await sh("nsenter", `--net=${SWITCH}`, "ip", "link", ...args);
}

/** Pulls a host's cable, or puts it back. The host itself sees the link lose its carrier. */
export async function setCable(host: Host, state: "up" | "down"): Promise<void> {
  await onSwitch("set", host.name, state);
}

/** Whether a host is there, whole. */
export async function isHost(host: Host): Promise<boolean> {
  const mounted = await mountPoints();
  return Object.keys(KINDS).every((kind) => mounted.has(file(host, kind as Kind)));
}

/** The processes that are on a host. */
export function processesOn(host: Host): number[] {
  return processesIn([file(host, "net")]);
}

function processesIn(files: string[]): number[] {
  const inodes = new Set(files.map((file) => `[${Deno.statSync(file).ino}]`));
  return processes((pid) =>
    Object.keys(KINDS).some((kind) => {
      const name = Deno.readLinkSync(`/proc/${pid}/ns/${kind}`);
      return inodes.has(name.slice(name.indexOf("[")));
    })
  );
}

/** Removes all hosts, also those of which only a part was made, and all that runs there. */
export async function removeHosts(): Promise<void> {
  if (!await exists(NAMESPACES)) return;
  const mounted = await mountPoints();
  const files = [...Deno.readDirSync(NAMESPACES)]
    .map(({ name }) => `${NAMESPACES}/${name}`)
    .filter((file) => mounted.has(file));
  await endAll(() => processesIn(files));
  for (const file of files) await sh("umount", file);
  if (mounted.has(NAMESPACES)) await sh("umount", NAMESPACES);
}

async function mountPoints(): Promise<Set<string>> {
  const lines = (await Deno.readTextFile("/proc/self/mountinfo")).split("\n");
  return new Set(lines.map((line) => line.split(" ")[4] ?? ""));
}
