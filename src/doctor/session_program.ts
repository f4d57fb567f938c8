/**
 * A program that opens libdrmaa and a session, and says in lines of JSON how far it came.
 * It is a process of its own, as the keeper is, for the same reasons: what libdrmaa needs
 * is set before it starts, and a library that hangs or crashes is its own affair.
 *
 * @module
 */

import { DrmaaError } from "../errors.ts";
import { type LibraryInfo, libraryInfo } from "../drmaa/library.ts";
import { Session } from "../drmaa/session.ts";

/** What it says. */
export type SessionReport =
  /** The library is open. */
  | { tell: "library"; library: LibraryInfo }
  /** A session was opened. */
  | { tell: "session"; drmSystem: string }
  /** It came no further. */
  | { tell: "failed"; codeName: string; message: string };

function tell(report: SessionReport): void {
  // A line of its own, whatever the library has printed.
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
