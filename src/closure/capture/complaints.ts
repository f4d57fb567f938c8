/**
 * Error messages about values that cannot be sent. They name the path to the value.
 *
 * @module
 */

import { SerializationError } from "../../errors.ts";
import { shortened } from "../../common/shorten.ts";
import type { Context } from "./context.ts";
import type { Found } from "./found.ts";
import { scriptUrl } from "./inspector.ts";
import { fileOf } from "./modules.ts";
import type { Place } from "../payload.ts";
import { describePlace } from "./stack.ts";

/** The name of an anonymous function in messages. */
export const UNNAMED = "the function";

/**
 * Refuses what was found.
 *
 * @throws {SerializationError} Always.
 */
export function refuse(
  { snapshots }: Context,
  found: Found,
  what: string,
  advice = "make it inside the function, or send plain data instead",
): never {
  const { top, path } = wayTo(found);
  const root = typeof top.value === "function" ? snapshots.get(top.value) : undefined;
  const url = root?.location && scriptUrl(root.location.scriptId);
  const where = root && url
    ? `; ${top.step} stands at ` + shortened(describePlace({
      file: fileOf(url)!,
      line: root.location!.lineNumber,
      column: root.location!.columnNumber,
    }))
    : "";
  throw new SerializationError(
    `${path}: ${what} cannot be sent to a worker; ${advice}${where}`,
  );
}

/** The name of a function in a message about its text. */
export function labelOf(found: Found, place: Place | undefined): string {
  const { path } = wayTo(found);
  const what = path.startsWith(UNNAMED) ? `T${path.slice(1)}` : `The function ${path}`;
  return `${what}${place ? ` at ${shortened(describePlace(place))}` : ""}`;
}

/** The path to a value that was found, and the value where it begins. */
export function wayTo(found: Found): { top: Found; path: string } {
  let top = found;
  const steps = [top.step];
  while (top.from) steps.push((top = top.from).step);
  return { top, path: shortened(steps.reverse().join("")) };
}
