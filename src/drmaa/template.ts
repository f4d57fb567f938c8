/**
 * Job templates: descriptions of jobs, which the library stores.
 *
 * @module
 */

import {
  ATTRIBUTES,
  checkVariables,
  decode,
  encode,
  isVector,
  type JobAttributes,
} from "./attributes.ts";
import {
  cString,
  cStrings,
  drmaaError,
  type DrmaaLibrary,
  hasCode,
  PointerCell,
} from "./library.ts";

/**
 * A description of a job, from which any number of jobs can be submitted. It belongs to a
 * session, which deletes it when the session closes.
 */
export class JobTemplate implements Disposable {
  readonly #library: DrmaaLibrary;
  readonly #pointer: Deno.PointerValue;
  readonly #onDispose: (template: JobTemplate) => void;
  #submissions = 0;
  #disposed = false;

  /** Use {@linkcode Session.jobTemplate}. */
  constructor(library: DrmaaLibrary, onDispose: (template: JobTemplate) => void) {
    this.#library = library;
    this.#onDispose = onDispose;
    const cell = new PointerCell();
    library.call("drmaa_allocate_job_template", [cell.bytes]);
    this.#pointer = cell.pointer;
  }

  /**
   * Sets attributes. Attributes that are left out, or `undefined`, stay as they are.
   *
   * @throws {DrmaaError} `INVALID_ATTRIBUTE_VALUE` and similar codes; `INVALID_ARGUMENT`
   * for an attribute that does not exist, or that this cluster does not support.
   */
  set(attributes: JobAttributes): void {
    for (const [name, value] of Object.entries(attributes)) {
      if (value === undefined) continue;
      const known = Object.hasOwn(ATTRIBUTES, name);
      if (!known) {
        throw drmaaError(
          "INVALID_ARGUMENT",
          `Unknown attribute ${name}; to use DRMAA's names, call setAttribute()`,
        );
      }
      const key = name as keyof JobAttributes;
      this.setAttribute(ATTRIBUTES[key][0], encode(key, value));
    }
  }

  /**
   * The value of an attribute.
   *
   * @returns `undefined` if it was not set.
   */
  get<Name extends keyof JobAttributes>(
    name: Name,
  ): JobAttributes[Name] | undefined {
    const [drmaaName] = ATTRIBUTES[name];
    const written = isVector(name)
      ? this.getVectorAttribute(drmaaName)
      : this.getAttribute(drmaaName);
    if (written === undefined) return undefined;
    return decode(name, written) as JobAttributes[Name];
  }

  /**
   * Sets an attribute by its DRMAA name, or by a name that only this library has.
   *
   * @param name Such as `"drmaa_wd"`; see {@linkcode Session.attributeNames}.
   * @param value An array of strings for a vector attribute, otherwise a string.
   * @throws {DrmaaError} An error of the library; `INVALID_ATTRIBUTE_VALUE` for a variable
   * of `drmaa_v_env` whose value contains `=`.
   */
  setAttribute(name: string, value: string | readonly string[]): void {
    this.#mustExist();
    if (typeof value === "string") {
      const args = [this.#pointer, cString(name), cString(value)] as const;
      this.#library.call("drmaa_set_attribute", [...args], name);
      return;
    }
    if (name === "drmaa_v_env") checkVariables(value);
    const args = [this.#pointer, cString(name), cStrings(value)] as const;
    this.#library.call("drmaa_set_vector_attribute", [...args], name);
  }

  /**
   * The value of an attribute, by its DRMAA name.
   *
   * @returns `undefined` if it was not set.
   */
  getAttribute(name: string): string | undefined {
    this.#mustExist();
    return unlessUnset(() => this.#library.attribute(this.#pointer, name));
  }

  /**
   * The values of a vector attribute, by its DRMAA name.
   *
   * @returns `undefined` if it was not set.
   */
  getVectorAttribute(name: string): string[] | undefined {
    this.#mustExist();
    return unlessUnset(() => {
      const cell = new PointerCell();
      const args = [this.#pointer, cString(name), cell.bytes] as const;
      this.#library.call("drmaa_get_vector_attribute", [...args], name);
      return this.#library.strings("attr_value", cell.pointer);
    });
  }

  /** Deletes the template as soon as no submission reads it. Jobs go on. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    if (this.#submissions === 0) this.#delete();
  }

  /** {@linkcode JobTemplate.dispose} */
  [Symbol.dispose](): void {
    this.dispose();
  }

  /**
   * Lets a submission read the template, and keeps the template until that is done.
   *
   * @ignore
   */
  async submit<T>(submission: (pointer: Deno.PointerValue) => Promise<T>): Promise<T> {
    this.#mustExist();
    this.#submissions++;
    try {
      return await submission(this.#pointer);
    } finally {
      this.#submissions--;
      if (this.#disposed && this.#submissions === 0) this.#delete();
    }
  }

  #delete(): void {
    this.#onDispose(this);
    this.#library.call("drmaa_delete_job_template", [this.#pointer]);
  }

  #mustExist(): void {
    if (this.#disposed) {
      throw drmaaError(
        "INVALID_ARGUMENT",
        "The job template is already disposed of: make a new one",
      );
    }
  }
}

/** The result of `read`; `undefined` if the library reports that nothing was set. */
function unlessUnset<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (hasCode(error, "INVALID_ATTRIBUTE_VALUE")) return undefined;
    throw error;
  }
}
