/**
 * Instances of the user's classes, and all other objects that are not plain data. Only a
 * class can make an object with its `#private` fields, so classes are changed to do that.
 *
 * @module
 */

import { shortName } from "../../common/shorten.ts";
import { prototypesOf } from "../../protocol/complaint.ts";
import { analyze, loadTools } from "./analyze.ts";
import { refuse } from "./complaints.ts";
import type { Context } from "./context.ts";
import type { Found } from "./found.ts";
import { inspectPrivates, mayInspect } from "./inspector.ts";
import {
  added,
  fieldOf,
  membersOf,
  type Privates,
  seeMembers,
  seePrivates,
  writeMembers,
  writePrivates,
} from "./members.ts";
import { valueModulesWith } from "./modules.ts";
import { factsOf } from "./shipping.ts";
import { outlineOf } from "./objects.ts";
import { type AnyFunction, isNative, sourceOf } from "./texts.ts";

/** An instance whose class has `#private` members. */
interface Marked {
  found: Found;
  classes: AnyFunction[];
  privates: Privates;
  /** Whether its class must make it. */
  made: boolean;
}

/** The instances of one capture. */
export class Instances {
  readonly #context: Context;
  /** Instances whose classes may have `#private` fields. */
  readonly #marked: Marked[] = [];

  constructor(context: Context) {
    this.#context = context;
  }

  /** Finds what belongs to an instance. */
  async explore(found: Found, object: object): Promise<void> {
    const { findings, job } = this.#context;
    const proto = Object.getPrototypeOf(object) as object | null;
    const { shell, standard, parts } = outlineOf(object);
    findings.see(proto, found, " → class");
    const own = membersOf(object, standard);
    const isJob = job !== undefined && prototypesOf(object).includes(job.prototype);
    // On the worker a simple class replaces `Job`, without its accessors.
    if (isJob) own.push(fieldOf(object, "name"), fieldOf(object, "daemon"));
    const difference = added(own);
    seeMembers(findings, found, difference);
    for (const [step, part] of parts) findings.see(part, found, step);
    const classes = classesOf(object).filter((f) => f !== job);
    const mayHave = mayInspect() &&
      classes.some((f) => /#[\p{ID_Start}$_]/u.test(sourceOf(f)));
    const all = mayHave ? inspectPrivates(object) : [];
    const privates = isJob ? all.slice(await countPrivates(job)) : all;
    seePrivates(findings, found, privates);
    const marked = { found, classes, privates, made: false };
    if (mayHave) this.#marked.push(marked);
    // Where the prototype is known to workers, nothing else leads to the class.
    if (mayHave) findings.see(classes[0], found, " → class");
    found.node = () => ({
      kind: "object",
      shell: shell((value) => findings.slot(value)),
      ...(marked.made && { maker: findings.slot(classes[0]) }),
      prototype: findings.slot(proto),
      privates: writePrivates(findings, privates),
      members: writeMembers(findings, object, difference),
    });
  }

  /** Changes classes to make instances with `#private` fields, after everything is found. */
  finish(): void {
    for (const marked of this.#marked) this.#prepareMaker(marked);
  }

  #prepareMaker(marked: Marked): void {
    const { found, classes, privates } = marked;
    const { shipment, known } = this.#context;
    const sent = classes.filter((f) => shipment.get(f) || known.has(f));
    const declared = sent.flatMap((f) => factsOf(f)?.privateFields ?? []);
    const missing = privates.find(([name]) => !declared.includes(name));
    if (missing) {
      const owner = classes.find((f) => sourceOf(f).includes(missing[0])) ??
        classes[0]!;
      refuse(
        this.#context,
        found,
        `its private field ${missing[0]} belongs to class ${
          shortName(owner.name)
        } of another module; it`,
        `make the object inside the function, or write ${valueModulesWith(owner)}`,
      );
    }
    marked.made = sent.some((f) => factsOf(f)?.marksInstances);
    if (!marked.made) return;
    const foreign = classes.find((f) => !sent.includes(f) && !isNative(sourceOf(f)));
    if (foreign) {
      refuse(
        this.#context,
        found,
        `an object with private fields whose class extends ${
          shortName(foreign.name)
        } of another module`,
        `make it inside the function, or write ${valueModulesWith(foreign)}`,
      );
    }
  }
}

/** How many `#private` fields the class `Job` itself has: they come first. */
async function countPrivates(job: AnyFunction): Promise<number> {
  const { class: facts } = analyze(await loadTools(), sourceOf(job), "Job", false);
  return facts!.privateFields.length;
}

/** The user's classes that an object is an instance of, innermost first. */
function classesOf(object: object): AnyFunction[] {
  const classes: AnyFunction[] = [];
  for (const at of prototypesOf(object)) {
    if (at === Object.prototype) break;
    const f = Object.getOwnPropertyDescriptor(at, "constructor")?.value;
    if (typeof f === "function") classes.push(f);
  }
  return classes;
}
