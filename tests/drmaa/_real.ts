/** Says, as one line of JSON, what becomes of one use of a real libdrmaa. */

import { DrmaaError, libraryInfo, Session } from "../../src/drmaa/mod.ts";

const [what, library] = Deno.args;

async function use(): Promise<unknown> {
  if (what === "info") return libraryInfo(library);
  await using session = await Session.open(library ? { library } : {});
  return session.contact;
}

try {
  console.log(JSON.stringify({ value: await use() }));
} catch (error) {
  const { name, message } = error as Error;
  const { codeName, transient } = error instanceof DrmaaError ? error : {};
  console.log(JSON.stringify({ name, message, codeName, transient }));
}
