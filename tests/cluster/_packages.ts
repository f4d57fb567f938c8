/**
 * The Debian packages that the cluster needs.
 *
 * @module
 */

import { exists } from "../fixtures/shell.ts";

const PACKAGES = [
  "gridengine-master",
  "gridengine-exec",
  "gridengine-client",
  "gridengine-drmaa1.0",
  "gcc", // for tests of the DRMAA binding, with a library of their own
  "libc6-dev",
  "iproute2",
  "nftables", // for tests of a firewall between the hosts
  "netbase", // /etc/services, with the ports of the daemons
  "passwd", // useradd
  "util-linux", // nsenter, unshare, setpriv
];

/** What forbids packages to start their daemons. */
const POLICY = "/usr/sbin/policy-rc.d";

/** Installs what is missing. */
export async function installPackages(): Promise<void> {
  const missing: string[] = [];
  for (const name of PACKAGES) if (!await isInstalled(name)) missing.push(name);
  if (missing.length === 0) return;
  console.error(`Installing ${missing.join(" ")}`);
  await apt("update");
  const forbidden = await forbidStarting();
  try {
    await apt("install", "--yes", "--no-install-recommends", ...missing);
  } finally {
    if (forbidden) await Deno.remove(POLICY);
  }
}

async function isInstalled(name: string): Promise<boolean> {
  if (!await exists("/usr/bin/dpkg-query")) throw new Error("The cluster needs Debian");
  const { stdout } = await new Deno.Command("dpkg-query", {
    args: ["--show", "--showformat=${db:Status-Status}", name],
    stderr: "null",
  }).output();
  return new TextDecoder().decode(stdout) === "installed";
}

/**
 * The packages would start a queue master and an execution daemon on the machine itself,
 * and a mail server. Tells whether there is now a file that has to go again.
 */
async function forbidStarting(): Promise<boolean> {
  if (await exists(POLICY)) return false;
  await Deno.writeTextFile(POLICY, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  return true;
}

async function apt(...args: string[]): Promise<void> {
  const options = ["--quiet", "--option", "DPkg::Lock::Timeout=120"];
  const { success } = await new Deno.Command("apt-get", {
    args: [...options, ...args],
    env: { DEBIAN_FRONTEND: "noninteractive" },
    stdin: "null",
    // Standard output is for what the commands of the cluster answer.
    stdout: "null",
  }).spawn().status;
  if (!success) throw new Error(`apt-get ${args.join(" ")} failed`);
}
