/**
 * An open libdrmaa: passes strings and buffers, and throws error numbers as errors.
 *
 * @module
 */

import { DrmaaError } from "../errors.ts";
import { candidates, openFirst } from "./locate.ts";
import { type CodeName, codeOf, CODES, type Libdrmaa } from "./symbols.ts";

/** Bytes of a buffer for a name, an id or an error text: `DRMAA_*_BUFFER` of drmaa.h. */
const TEXT_SIZE = 1024;

/** Bytes of a buffer for an attribute's value, which may be longer than drmaa.h says. */
const VALUE_SIZE = 65536;

/**
 * The arguments of each function that returns `Result` and whose last two are the buffer
 * for an error text and its size, without these two.
 */
type Diagnosed<Result> = {
  [
    Name in keyof Libdrmaa as Name extends `drmaa_get_next_${string}` ? never
      : Libdrmaa[Name] extends (...args: never) => Result ? Name
      : never
  ]: Libdrmaa[Name] extends (...args: infer All) => Result
    ? All extends [...infer Args, unknown, bigint] ? Args : never
    : never;
};

/** The functions that return at once. */
type Direct = Diagnosed<number>;
/** The functions that run off the event loop. */
type Blocking = Diagnosed<Promise<number>>;

/** The three kinds of lists of strings that the library returns. */
export type ListKind = "attr_name" | "attr_value" | "job_id";

/** A buffer that libdrmaa writes a string to. */
export class TextBuffer {
  /** The size to pass to the library. */
  readonly size: bigint;
  /**
   * One byte more than `size`: Grid Engine's library writes the closing NUL behind the end
   * of a buffer that it fills.
   */
  readonly bytes: Uint8Array<ArrayBuffer>;

  /** @param size How many bytes it holds, 1024 by default. */
  constructor(size = TEXT_SIZE) {
    this.size = BigInt(size);
    this.bytes = new Uint8Array(new ArrayBuffer(size + 1));
  }

  /** Its text, up to the first NUL or its end. An incomplete last character is dropped. */
  get text(): string {
    const end = this.bytes.indexOf(0);
    const bytes = this.bytes.subarray(0, end < 0 ? Number(this.size) : end);
    return new TextDecoder().decode(bytes, { stream: true });
  }
}

/** A place that libdrmaa writes a pointer to. */
export class PointerCell {
  /** The buffer to pass to the library. */
  readonly bytes: BigUint64Array<ArrayBuffer> = new BigUint64Array(new ArrayBuffer(8));

  /** The pointer; null if none was written. */
  get pointer(): Deno.PointerValue {
    return Deno.UnsafePointer.create(this.bytes[0]!);
  }
}

/** Makes an error of this binding or of the library. */
export function drmaaError(
  code: CodeName | number,
  message: string,
): DrmaaError {
  const number = typeof code === "number" ? code : codeOf(code);
  const name = typeof code === "number" ? CODES[code] ?? `UNKNOWN_${code}` : code;
  return new DrmaaError(number, name, `${message} (${name})`);
}

/** Whether an error is a {@linkcode DrmaaError} with this code. */
export function hasCode(error: unknown, name: CodeName): boolean {
  return error instanceof DrmaaError && error.codeName === name;
}

/**
 * A JavaScript string as a C string.
 *
 * @throws {DrmaaError} `INVALID_ARGUMENT` if it contains a NUL, which ends a C string.
 */
export function cString(text: string): Uint8Array<ArrayBuffer> {
  if (text.includes("\0")) {
    throw drmaaError(
      "INVALID_ARGUMENT",
      `A string for DRMAA must not contain a NUL: ${JSON.stringify(text)}`,
    );
  }
  const { buffer } = new TextEncoder().encode(text + "\0");
  return new Uint8Array(buffer);
}

/** The strings that arrays of C strings point to. They live as long as the arrays. */
const pointedTo = new WeakMap<BigUint64Array, Uint8Array[]>();

/** Strings as an array of C strings that a null pointer ends. */
export function cStrings(texts: readonly string[]): BigUint64Array<ArrayBuffer> {
  const strings = texts.map(cString);
  const array = new BigUint64Array(new ArrayBuffer(8 * (texts.length + 1)));
  strings.forEach((string, i) => {
    array[i] = Deno.UnsafePointer.value(Deno.UnsafePointer.of(string));
  });
  pointedTo.set(array, strings);
  return array;
}

/** What running calls read and write: held here, so that it is not garbage-collected. */
const inUse = new Set<unknown>();

/** An open libdrmaa. */
export class DrmaaLibrary {
  /** Its path, or the name that the loader knows it by. */
  readonly path: string;
  readonly #symbols: Libdrmaa;

  /**
   * Opens libdrmaa.
   *
   * @param named Its path. By default it is searched for.
   * @throws {DrmaaError} `LIBRARY_NOT_OPENED`, with every path that was tried.
   */
  constructor(named?: string) {
    const { path, symbols } = openFirst(candidates(named));
    this.path = path;
    this.#symbols = symbols;
  }

  /**
   * Calls a function that returns at once.
   *
   * @param name The function.
   * @param args Its arguments, without the buffer for the error text.
   * @param about What an error message names beside the function, such as a job.
   * @throws {DrmaaError} If the call fails.
   */
  call<Name extends keyof Direct>(
    name: Name,
    args: Direct[Name],
    about?: string,
  ): void {
    const diagnosis = new TextBuffer();
    const call = this.#symbols[name] as (...args: unknown[]) => number;
    const code = call(...args as unknown[], diagnosis.bytes, diagnosis.size);
    this.#check(code, name, about, diagnosis);
  }

  /**
   * Calls a function off the event loop. Its arguments are kept alive until it returns.
   *
   * @param name The function.
   * @param args Its arguments, without the buffer for the error text.
   * @param about What an error message names beside the function, such as a job.
   * @throws {DrmaaError} If the call fails.
   */
  async start<Name extends keyof Blocking>(
    name: Name,
    args: Blocking[Name],
    about?: string,
  ): Promise<void> {
    const diagnosis = new TextBuffer();
    const held = [args, diagnosis];
    inUse.add(held);
    try {
      const call = this.#symbols[name] as (...args: unknown[]) => Promise<number>;
      const code = await call(
        ...args as unknown[],
        diagnosis.bytes,
        diagnosis.size,
      );
      this.#check(code, name, about, diagnosis);
    } finally {
      inUse.delete(held);
    }
  }

  /**
   * Reads a list of strings to its end, and releases it.
   *
   * @param kind What the list contains.
   * @param list The list; null is an empty list.
   */
  strings(kind: ListKind, list: Deno.PointerValue): string[] {
    if (list === null) return [];
    const found: string[] = [];
    try {
      const buffer = new TextBuffer(kind === "attr_value" ? VALUE_SIZE : TEXT_SIZE);
      const next = this.#symbols[`drmaa_get_next_${kind}`];
      for (;;) {
        buffer.bytes[0] = 0;
        const code = next(list, buffer.bytes, buffer.size);
        // The current specification has the first code, older versions have the second.
        if (CODES[code] === "NO_MORE_ELEMENTS") break;
        if (CODES[code] === "INVALID_ATTRIBUTE_VALUE") break;
        this.#check(code, `drmaa_get_next_${kind}`);
        found.push(buffer.text);
      }
    } finally {
      this.#symbols[`drmaa_release_${kind}s`](list);
    }
    return found;
  }

  /** The value of an attribute of a job template. */
  attribute(template: Deno.PointerValue, name: string): string {
    const value = new TextBuffer(VALUE_SIZE);
    const { bytes, size } = value;
    this.call("drmaa_get_attribute", [template, cString(name), bytes, size], name);
    return value.text;
  }

  /** A number that the library derives from a job's status. */
  ofStatus(
    name: `drmaa_w${
      | "ifexited"
      | "exitstatus"
      | "ifsignaled"
      | "coredump"
      | "ifaborted"}`,
    status: number,
  ): number {
    const result = new Int32Array(new ArrayBuffer(4));
    this.call(name, [result, status]);
    return result[0]!;
  }

  /** The name of the signal in a job's status. */
  signal(status: number): string {
    const name = new TextBuffer();
    this.call("drmaa_wtermsig", [name.bytes, name.size, status]);
    return name.text;
  }

  /** A string by which the library describes itself. */
  about(
    name: `drmaa_get_${"contact" | "DRM_system" | "DRMAA_implementation"}`,
  ): string {
    const value = new TextBuffer();
    this.call(name, [value.bytes, value.size]);
    return value.text;
  }

  /** The version of DRMAA, such as `"1.0"`. */
  get version(): string {
    const major = new Uint32Array(new ArrayBuffer(4));
    const minor = new Uint32Array(new ArrayBuffer(4));
    this.call("drmaa_version", [major, minor]);
    return `${major[0]}.${minor[0]}`;
  }

  #check(code: number, name: string, about?: string, diagnosis?: TextBuffer): void {
    if (code === 0) return;
    const text = diagnosis?.text.trim() || this.#describe(code);
    throw drmaaError(code, `${name}${about ? ` of ${about}` : ""}: ${text}`);
  }

  #describe(code: number): string {
    const text = this.#symbols.drmaa_strerror(code);
    return text === null ? "failed" : Deno.UnsafePointerView.getCString(text);
  }
}

/**
 * How a libdrmaa describes itself. Without a session some libraries report only the
 * version; Grid Engine's needs `SGE_ROOT` for the rest.
 */
export interface LibraryInfo {
  /** Its path, or the name that the loader knows it by. */
  path: string;
  /** The version of DRMAA, such as `"1.0"`. */
  version: string;
  /** The contacts that a session may use, separated by `;`. */
  contact: string | undefined;
  /** The cluster's software. */
  drmSystem: string | undefined;
  /** The implementation of DRMAA. */
  drmaaImplementation: string | undefined;
}

/**
 * Opens libdrmaa and describes it. It opens no session.
 *
 * @param path Its path. By default it is searched for.
 * @throws {DrmaaError} `LIBRARY_NOT_OPENED`, with every path that was tried and why it
 * failed.
 */
export function libraryInfo(path?: string): LibraryInfo {
  const library = new DrmaaLibrary(path);
  const about = (name: Parameters<DrmaaLibrary["about"]>[0]): string | undefined => {
    try {
      return library.about(name);
    } catch {
      return undefined;
    }
  };
  return {
    path: library.path,
    version: library.version,
    contact: about("drmaa_get_contact"),
    drmSystem: about("drmaa_get_DRM_system"),
    drmaaImplementation: about("drmaa_get_DRMAA_implementation"),
  };
}
