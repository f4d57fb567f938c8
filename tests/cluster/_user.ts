/**
 * The ordinary user who submits jobs, and what that user needs: deno, the project, and
 * the packages that the project imports. The hosts reach no network but their own, so all
 * of it is there before.
 *
 * @module
 */

import { CHECKOUT, DENO, HOME, PROJECT, STATE, USER } from "./_layout.ts";
import { endAll, isRunBy, processes } from "../fixtures/processes.ts";
import { exists, remove, sh, succeeds, textOf } from "../fixtures/shell.ts";

const OWNER = `${USER}:${USER}`;

/** Where deno keeps what a program of that user imports. */
const CACHE = `${HOME}/.cache/deno`;

/** Whether there is the user. */
export async function hasUser(): Promise<boolean> {
  return await succeeds("id", USER);
}

/** Makes the user. */
export async function createUser(): Promise<void> {
  if (!await hasUser()) {
    const home = ["--no-create-home", "--home-dir", HOME];
    await sh("useradd", "--user-group", ...home, "--shell", "/bin/bash", USER);
  }
  await Deno.mkdir(HOME, { recursive: true, mode: 0o700 });
  await Deno.mkdir(CACHE, { recursive: true });
  await Deno.mkdir(PROJECT, { recursive: true });
  await sh("chown", "--recursive", OWNER, HOME);
  await Deno.mkdir(`${STATE}/bin`, { recursive: true });
  await Deno.copyFile(Deno.execPath(), DENO);
  await Deno.chmod(DENO, 0o755);
  await copyProject();
}

/** Removes the user, and what the user runs. */
export async function removeUser(): Promise<void> {
  const entry = (await Deno.readTextFile("/etc/passwd")).split("\n")
    .map((line) => line.split(":"))
    .find(([name, , , , , home]) => name === USER && home === HOME);
  if (!entry) return;
  const id = Number(entry[2]);
  await endAll(() => processes((pid) => isRunBy(id, pid)));
  // By force, for processes that have ended are taken for running ones.
  await sh("userdel", "--force", USER);
}

/** Brings the user's copy of the project, and of its packages, up to date. */
export async function copyProject(): Promise<void> {
  if (!await mirror(CHECKOUT, PROJECT)) return;
  const words = [DENO, "install", "--quiet"] as const;
  const [program, ...args] = words;
  // The cache is where deno looks by itself: jobs have an environment of their own.
  const env = { DENO_DIR: CACHE };
  await textOf(new Deno.Command(program, { args, cwd: PROJECT, env }), [...words]);
  await sh("chown", "--recursive", OWNER, PROJECT, CACHE);
}

/**
 * Makes one folder like another, and tells whether it was not. Only what differs is
 * written, for programs may be running from the copy.
 */
async function mirror(from: string, to: string): Promise<boolean> {
  await Deno.mkdir(to, { recursive: true });
  const wanted = new Set<string>();
  let isNew = false;
  for await (const { name, isDirectory, isFile } of Deno.readDir(from)) {
    if (name === ".git" || name === "node_modules") continue;
    wanted.add(name);
    // Programs of tests run there, with what tests need.
    const isLock = name === "deno.lock" && from === CHECKOUT;
    const source = isLock ? `${CHECKOUT}/tests/deno.lock` : `${from}/${name}`;
    const target = `${to}/${name}`;
    if (isDirectory && await mirror(source, target)) isNew = true;
    if (!isFile || !await differ(source, target)) continue;
    await Deno.copyFile(source, target);
    isNew = true;
  }
  for await (const { name } of Deno.readDir(to)) {
    if (wanted.has(name)) continue;
    await remove(`${to}/${name}`);
    isNew = true;
  }
  return isNew;
}

async function differ(source: string, target: string): Promise<boolean> {
  if (!await exists(target)) return true;
  const [a, b] = [await Deno.stat(source), await Deno.stat(target)];
  if (a.size !== b.size || a.mode !== b.mode) return true;
  return await Deno.readTextFile(source) !== await Deno.readTextFile(target);
}
