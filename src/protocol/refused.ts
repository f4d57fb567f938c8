/**
 * What to tell people of an object of a class that cannot travel.
 *
 * @module
 */

import { shortened } from "../common/shorten.ts";
import { stayingName } from "../common/staying.ts";
import { SerializationError } from "../errors.ts";
import { lossOf } from "./class_loss.ts";
import { article, complaintAbout, kindThatStays, prototypesOf } from "./complaint.ts";
import { platformName } from "./platform.ts";
import type { Refusal } from "./refusal.ts";
import type { Child } from "./steps.ts";

/** Why objects with this prototype cannot be sent, if that is known. */
export type WhyNot = (prototype: object) => string | undefined;

/** The step to what an object is made from. */
export const STEP = "[pack]()";

/** How to get to an object from some values; `undefined` if it is not there. */
export function wayTo(object: object, values: Child[]): string | undefined {
  const is = (value: unknown) => value === object ? "it" : undefined;
  const found = complaintAbout(values, () => true, is);
  return found?.what === "it" ? found.path : undefined;
}

/**
 * The error for a value with an object in it that was refused.
 *
 * @param values Where the object is, and how to call these values.
 * @param receiver Who was to get it.
 */
export function refused(
  values: Child[],
  receiver: string,
  refusal: Refusal,
  whyNot: WhyNot = () => undefined,
): SerializationError {
  const { object, within, culprit, fault } = refusal;
  const way = wayTo(object, values) ?? values[0]?.step() ?? "A value";
  const path = shortened(way + within);
  const name = lossOf(culprit)?.name ?? "";
  const what = name === "" ? "an object of a class" : article(name);
  const type = name === "" ? "its class" : `class ${name}`;
  switch (fault.kind) {
    case "class":
      return new SerializationError(
        `${path} is ${classFault(culprit, what, receiver, whyNot)}`,
      );
    case "function": {
      const why = whyNot(culprit);
      return new SerializationError(
        `${path} is ${kindThatStays(culprit)}, which cannot be sent to ${receiver}` +
          (why === undefined ? "" : `: ${shortened(why, 400)}`),
      );
    }
    case "no unpack":
      return new SerializationError(
        `${path} is ${what}, which cannot be sent to ${receiver}: ${type} has a method ` +
          `[pack], but no static method [unpack]; add that`,
      );
    case "circle":
      return new SerializationError(
        `${path} is ${what}, which cannot be sent to ${receiver}: what its method [pack] ` +
          `returns holds the object itself; leave that out`,
      );
    default:
      return new SerializationError(
        `${path} is ${what}, which cannot be sent to ${receiver}: the method ` +
          `[${fault.kind}] of ${type} threw ${said(fault.error)}`,
        { cause: fault.error },
      );
  }
}

/** The error for an object that its class could not make again from what was sent. */
export function unmade(path: string, { culprit, fault, within }: Refusal) {
  const { error } = fault as { error: unknown };
  const name = lossOf(culprit)?.name ?? "";
  const type = name === "" ? "its class" : `class ${name}`;
  return new SerializationError(
    `${shortened(path + within)} could not be made from what was sent: the static ` +
      `method [unpack] of ${type} threw ${said(error)}`,
    { cause: error },
  );
}

function classFault(
  culprit: object,
  what: string,
  receiver: string,
  whyNot: WhyNot,
): string {
  const cannot = `which cannot be sent to ${receiver}`;
  if (stayingName(culprit) !== undefined) {
    return `${what}, ${cannot}: it stays in the program that made it`;
  }
  if (lossOf(culprit)?.isPlatform && platformName(culprit) === undefined) {
    return `${what}, ${cannot}; use plain data instead`;
  }
  const kind = kindThatStays(culprit) ??
    (prototypesOf(culprit).includes(Iterator.prototype) ? "an iterator" : undefined);
  const why = whyNot(Object.getPrototypeOf(culprit) as object);
  if (why !== undefined) {
    return `${what}, ${cannot} because its class cannot: ${shortened(why, 400)}`;
  }
  const isToHost = receiver === "the host";
  if (hasPrivates(culprit)) {
    return `${what}, whose class has #private members, ${cannot}; give the class the ` +
      `methods [pack] and static [unpack]${
        isToHost ? "" : ", let the function " +
          "capture the object in a variable"
      }, or use plain data instead`;
  }
  if (kind === "a generator" || kind === "an iterator") {
    return `${kind}, ${cannot}; use an array of what it gives`;
  }
  return `${what}, ${cannot}: its class is not there; ` +
    (isToHost
      ? "define the class outside the function, or in a module from which the function " +
        "imports something, or use plain data instead"
      : "let the function use the class, or use plain data instead");
}

/** Whether the text of one of its classes shows `#private` members. */
export function hasPrivates(object: object): boolean {
  return prototypesOf(object).some((prototype) => {
    const type: unknown = Object.getOwnPropertyDescriptor(prototype, "constructor")
      ?.value;
    return typeof type === "function" &&
      /^class\b[^]*#[\p{ID_Start}$_]/u.test(Function.prototype.toString.call(type));
  });
}

/** What was thrown, for a message. */
function said(error: unknown): string {
  try {
    return shortened(String(error));
  } catch {
    return "what cannot be read";
  }
}
