/**
 * Two machines that are none: network namespaces with a cable between them. They share the
 * files, and the kernel. Whatever runs on them must have ended before they are removed.
 *
 * @module
 */

import { sh } from "../fixtures/shell.ts";

/** What each machine has for itself, as with docker. */
const COMMON = "172.17.0.1";
const CABLE = "cable";

/** One of them. */
export class Machine {
  /** What the system calls it. */
  readonly name: string;
  /** By which the other one reaches it. */
  readonly address: string;

  /** Use {@linkcode withMachines}. */
  constructor(name: string, address: string) {
    this.name = name;
    this.address = address;
  }

  /** The first words of a command that runs what follows there, in the same process. */
  get entering(): [string, ...string[]] {
    return ["nsenter", `--net=/run/netns/${this.name}`, "--"];
  }

  /** Runs a command there to its end. */
  run(...words: string[]): Promise<string> {
    const [program, ...args] = this.entering;
    return sh(program, ...args, ...words);
  }

  /** Gives its end of the cable another address, to be used at once. */
  async addAddress(address: string): Promise<void> {
    await this.run("ip", "address", "add", address, "dev", CABLE, "nodad");
  }

  /** Pulls its end of the cable. */
  async cutOff(): Promise<void> {
    await this.run("ip", "link", "set", CABLE, "down");
  }
}

/** Makes two machines, and removes them in the end. */
export async function withMachines(
  work: (one: Machine, other: Machine) => Promise<void>,
): Promise<void> {
  const prefix = `ge-${Deno.pid}-${crypto.randomUUID().slice(0, 8)}`;
  const [one, other] = [1, 2].map((i) =>
    new Machine(`${prefix}-${i}`, `10.231.0.${i}`)
  ) as [Machine, Machine];
  try {
    for (const { name } of [one, other]) await sh("ip", "netns", "add", name);
    const ends = ["name", CABLE, "netns", one.name, "type", "veth"];
    const peer = ["peer", "name", CABLE, "netns", other.name];
    await sh("ip", "link", "add", ...ends, ...peer);
    for (const machine of [one, other]) {
      await machine.run("ip", "link", "set", "lo", "up");
      await machine.run("ip", "address", "add", `${machine.address}/24`, "dev", CABLE);
      await machine.run("ip", "link", "set", CABLE, "up");
      await machine.run("ip", "link", "add", "docker0", "type", "bridge");
      await machine.run("ip", "address", "add", `${COMMON}/16`, "dev", "docker0");
      await machine.run("ip", "link", "set", "docker0", "up");
    }
    await work(one, other);
  } finally {
    for (const { name } of [one, other]) await sh("ip", "netns", "delete", name);
  }
}
