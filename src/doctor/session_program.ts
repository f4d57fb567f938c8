/**
 * A program that opens libdrmaa and a session, and reports its steps in lines of JSON. It is
 * a separate process for the same reasons as the keeper: its environment is set before it
 * starts, as libdrmaa requires, and a library that hangs or crashes affects only it.
 *
 * @module
 */

import { DrmaaError } from "../errors.ts";
import { type LibraryInfo, libraryInfo } from "../drmaa/library.ts";
import { Session } from "../drmaa/session.ts";

/** The reports of the program. */
export type SessionReport =
  /** The library is open. */
  | { tell: "library"; library: LibraryInfo }
  /** A session was opened. */
  | { tell: "session"; drmSystem: string }
  /** A step failed. */
  | { tell: "failed"; codeName: string; message: string };

function tell(report: SessionReport): void {
  // Begins with a new line, because the library may have printed something.
  console.log(`\n${JSON.stringify(report)}`);
}

if (import.meta.main) {
  try {
    tell({ tell: "library", library: libraryInfo() });
    const session = await Session.open();
    tell({ tell: "session", drmSystem: session.drmSystem.trim() });
    await session.close();
  } catch (error) {
    const codeName = error instanceof DrmaaError ? error.codeName : "";
    tell({ tell: "failed", codeName, message: (error as Error).message });
  }
  Deno.exit(0);
}
