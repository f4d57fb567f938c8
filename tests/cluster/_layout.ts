/**
 * What the cluster is made of, and where it lies: the one place for names, addresses and
 * paths.
 *
 * @module
 */

/** The directory that holds everything: `down` removes it, and nothing else is left. */
export const STATE = "/var/lib/gridengine-test";

/** Where the namespaces of the hosts are kept in being, as files. */
export const NAMESPACES = `${STATE}/ns`;

/** What all hosts have as `/etc/hosts`. */
export const HOSTS_FILE = `${STATE}/hosts`;

/** A copy of deno, where every user may run it: root's own often lies in root's home. */
export const DENO = `${STATE}/bin/deno`;

/** Grid Engine's own directory, beside the packages', which stays as installed. */
export const SGE_ROOT = `${STATE}/sge`;

/** The name of the one cell. */
export const SGE_CELL = "default";

/** What the daemons write: jobs, messages, process ids. */
export const SPOOL = `${STATE}/spool`;

/** The ordinary user who submits: Grid Engine refuses the jobs of root. */
export const USER = "griduser";

/** That user's home, which all hosts see, as they see all of the machine but `/tmp`. */
export const HOME = `${STATE}/home`;

/** The project that this file is part of. */
export const CHECKOUT: string = new URL("../../", import.meta.url).pathname
  .replace(/\/$/, "");

/** The copy of it that the test user can read. One for each checkout of the machine. */
export const PROJECT = `${HOME}/projects/${CHECKOUT.slice(1).replaceAll("/", "-")}`;

/** How many jobs an execution host runs at a time. */
export const SLOTS = 4;

/** How many execution hosts there are unless told otherwise. */
export const DEFAULT_NODES = 2;

/** One host of the cluster. */
export interface Host {
  readonly name: string;
  /** Its address, out of a range that is for documentation and that nobody has. */
  readonly address: string;
  /** Its own `/tmp`, as the machine sees it. */
  readonly tmp: string;
}

function host(name: string, number: number): Host {
  return { name, address: `192.0.2.${number}`, tmp: `${STATE}/tmp/${name}` };
}

/** The host with the queue master, on which users submit. */
export const head: Host = host("head", 10);

/** The execution hosts of a cluster of some size. */
export function nodesOf(size: number): Host[] {
  return Array.from({ length: size }, (_, i) => host(`node${i + 1}`, 11 + i));
}

/** The group ids with which a node marks the processes of its jobs. */
export function gidRange(node: Host): string {
  // Nodes of one kernel must not share them: the daemon of one would take what runs on
  // the other for a remainder of its own ended job, and kill it.
  const first = 40_000 + 100 * Number(node.name.replace("node", ""));
  return `${first}-${first + 99}`;
}

/** The environment of a user who may use the cluster. */
export function environment(who: Who): Record<string, string> {
  const user = who === "root" ? "root" : USER;
  return {
    HOME: who === "root" ? "/root" : HOME,
    USER: user,
    LOGNAME: user,
    SHELL: "/bin/bash",
    LANG: "C.UTF-8",
    PATH: `${STATE}/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin`,
    SGE_ROOT,
    SGE_CELL,
    DENO_NO_UPDATE_CHECK: "1",
  };
}

/** The ordinary test user, or root. */
export type Who = "user" | "root";
