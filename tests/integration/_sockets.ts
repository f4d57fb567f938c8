/**
 * At which sockets a process listens, as the kernel tells.
 *
 * @module
 */

/** The TCP ports. */
export function portsOf(pid: number): number[] {
  const own = inodesOf(pid);
  return ["tcp", "tcp6"]
    .flatMap((table) => Deno.readTextFileSync(`/proc/${pid}/net/${table}`).split("\n"))
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , , state, , , , , , inode]) => state === "0A" && own.has(inode!))
    .map(([, local]) => parseInt(local!.split(":")[1]!, 16));
}

/** The socket files. */
export function socketFilesOf(pid: number): string[] {
  const own = inodesOf(pid);
  return Deno.readTextFileSync(`/proc/${pid}/net/unix`).split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , , flags, , , inode]) => flags === "00010000" && own.has(inode!))
    .map((columns) => columns[7] ?? "");
}

/** The numbers of a process's sockets. */
function inodesOf(pid: number): Set<string> {
  const inodes = new Set<string>();
  for (const { name } of Deno.readDirSync(`/proc/${pid}/fd`)) {
    try {
      const inode = /^socket:\[(\d+)\]$/.exec(
        Deno.readLinkSync(`/proc/${pid}/fd/${name}`),
      );
      if (inode) inodes.add(inode[1]!);
    } catch {
      // It was closed meanwhile.
    }
  }
  return inodes;
}
