/**
 * The functions of libzmq that are used here, each with its C declaration, and the errors
 * of failed calls. Source: the API reference of libzmq 4.3,
 * https://libzmq.readthedocs.io/en/latest/
 *
 * @module
 */

import { nodeModule } from "../common/node.ts";
import { ZeromqError } from "../errors.ts";

/** Functions that are called for each message. */
const MESSAGES = {
  /** int zmq_errno (void) */
  zmq_errno: { parameters: [], result: "i32" },
  /** int zmq_getsockopt (void *socket, int option, void *value, size_t *length) */
  zmq_getsockopt: { parameters: ["pointer", "i32", "buffer", "buffer"], result: "i32" },
  /** int zmq_send (void *socket, const void *buffer, size_t length, int flags) */
  zmq_send: { parameters: ["pointer", "buffer", "usize", "i32"], result: "i32" },
  /** int zmq_msg_recv (zmq_msg_t *message, void *socket, int flags) */
  zmq_msg_recv: { parameters: ["buffer", "pointer", "i32"], result: "i32" },
  /** void *zmq_msg_data (zmq_msg_t *message) */
  zmq_msg_data: { parameters: ["buffer"], result: "pointer" },
  /** int zmq_msg_more (const zmq_msg_t *message) */
  zmq_msg_more: { parameters: ["buffer"], result: "i32" },

  // Functions of the C library, which libzmq is linked with.

  /** int poll (struct pollfd *fds, nfds_t count, int timeout); off the event loop */
  poll: { parameters: ["buffer", "usize", "i32"], result: "i32", nonblocking: true },
  /** ssize_t read (int fd, void *buffer, size_t size) */
  read: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  /** ssize_t write (int fd, const void *buffer, size_t size) */
  write: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  /** void *dlopen (const char *path, int mode) */
  dlopen: { parameters: ["buffer", "i32"], result: "pointer" },
  /** void *dlsym (void *handle, const char *symbol) */
  dlsym: { parameters: ["pointer", "buffer"], result: "pointer" },
} as const satisfies Deno.ForeignLibraryInterface;

/** Functions that are called a few times in a program, or for large data. */
const SELDOM = {
  /** void zmq_version (int *major, int *minor, int *patch) */
  zmq_version: { parameters: ["buffer", "buffer", "buffer"], result: "void" },
  /** const char *zmq_strerror (int errnum) */
  zmq_strerror: { parameters: ["i32"], result: "pointer" },
  /** int zmq_has (const char *capability) */
  zmq_has: { parameters: ["buffer"], result: "i32" },
  /** void *zmq_ctx_new (void) */
  zmq_ctx_new: { parameters: [], result: "pointer" },
  /** int zmq_ctx_set (void *context, int option, int value) */
  zmq_ctx_set: { parameters: ["pointer", "i32", "i32"], result: "i32" },
  /** int zmq_ctx_term (void *context); waits for lingering messages, so off the event loop */
  zmq_ctx_term: { parameters: ["pointer"], result: "i32", nonblocking: true },
  /** The same, without an event loop: for sockets that were closed without lingering. */
  zmq_ctx_term_now: { name: "zmq_ctx_term", parameters: ["pointer"], result: "i32" },
  /** void *zmq_socket (void *context, int type) */
  zmq_socket: { parameters: ["pointer", "i32"], result: "pointer" },
  /** int zmq_close (void *socket) */
  zmq_close: { parameters: ["pointer"], result: "i32" },
  /** int zmq_setsockopt (void *socket, int option, const void *value, size_t length) */
  zmq_setsockopt: { parameters: ["pointer", "i32", "buffer", "usize"], result: "i32" },
  /** int zmq_bind (void *socket, const char *endpoint) */
  zmq_bind: { parameters: ["pointer", "buffer"], result: "i32" },
  /** int zmq_connect (void *socket, const char *endpoint) */
  zmq_connect: { parameters: ["pointer", "buffer"], result: "i32" },
  /** int zmq_msg_init (zmq_msg_t *message) */
  zmq_msg_init: { parameters: ["buffer"], result: "i32" },
  /** int zmq_msg_close (zmq_msg_t *message) */
  zmq_msg_close: { parameters: ["buffer"], result: "i32" },
  /** int zmq_curve_keypair (char *z85_public_key, char *z85_secret_key) */
  zmq_curve_keypair: { parameters: ["buffer", "buffer"], result: "i32" },
  /** uint8_t *zmq_z85_decode (uint8_t *destination, const char *string) */
  zmq_z85_decode: { parameters: ["buffer", "buffer"], result: "pointer" },
  /** int pipe (int ends[2]) */
  pipe: { parameters: ["buffer"], result: "i32" },
  /** int execv (const char *path, char *const arguments[]) */
  execv: { parameters: ["buffer", "buffer"], result: "i32" },
  /** pid_t setsid (void) */
  setsid: { parameters: [], result: "i32" },
  /** pid_t waitpid (pid_t pid, int *status, int options) */
  waitpid: { parameters: ["i32", "pointer", "i32"], result: "i32" },
  /** int pthread_sigmask (int how, const sigset_t *set, sigset_t *before) */
  pthread_sigmask: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  /** int getrlimit (int resource, struct rlimit *limits) */
  getrlimit: { parameters: ["i32", "buffer"], result: "i32" },
  /** ssize_t readlink (const char *path, char *buffer, size_t size) */
  readlink: { parameters: ["buffer", "buffer", "usize"], result: "isize" },
  /** int memfd_create (const char *name, unsigned int flags); of Linux only */
  memfd_create: { parameters: ["buffer", "u32"], result: "i32", optional: true },
  /** int ftruncate (int fd, off_t length) */
  ftruncate: { parameters: ["i32", "i64"], result: "i32" },
  /** int fcntl (int fd, int command, int argument) */
  fcntl: { parameters: ["i32", "i32", "i32"], result: "i32" },
  /** int open (const char *path, int flags) */
  open: { parameters: ["buffer", "i32"], result: "i32" },
  /** int close (int fd) */
  close: { parameters: ["i32"], result: "i32" },
  /** off_t lseek (int fd, off_t offset, int whence) */
  lseek: { parameters: ["i32", "i64", "i32"], result: "i64" },
  /** void *mmap (void *address, size_t length, int protection, int flags, int fd, off_t offset) */
  mmap: {
    parameters: ["pointer", "usize", "i32", "i32", "i32", "i64"],
    result: "pointer",
  },
  /** int munmap (void *address, size_t length) */
  munmap: { parameters: ["pointer", "usize"], result: "i32" },
  /** int mallopt (int parameter, int value); of the GNU C library only */
  mallopt: { parameters: ["i32", "i32"], result: "i32", optional: true },
} as const satisfies Record<string, Deno.ForeignFunction>;

/** The functions of an open libzmq, by their C names. */
export type Libzmq = Symbols<typeof MESSAGES & typeof SELDOM>;

type Symbols<Definitions extends Deno.ForeignLibraryInterface> = Deno.DynamicLibrary<
  Definitions
>["symbols"];

/** A pair of CURVE keys, each as 40 characters of Z85 text. */
export interface CurveKeys {
  /** The key that the other side may know. */
  publicKey: string;
  /** The key that must be kept secret. */
  secretKey: string;
}

const opened = new Map<string, Libzmq>();

/**
 * Opens libzmq. Each library is opened once and stays open until the process ends, because
 * unloading code whose threads have only just ended is not safe.
 *
 * @param path The shared library, or a Node.js addon that contains libzmq.
 * @throws {ZeromqError} `ENOENT` if the file is not libzmq.
 */
export function openLibzmq(path: string): Libzmq {
  const known = opened.get(path);
  if (known) return known;
  if (Deno.build.os === "windows") {
    throw new ZeromqError(
      "ENOENT",
      "Windows is not supported, because libzmq exports no C functions there: use Linux or macOS",
    );
  }
  let library: Libzmq;
  try {
    library = complete(path, Deno.dlopen(path, MESSAGES).symbols);
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    throw new ZeromqError(
      "ENOENT",
      `Cannot open "${path}" as libzmq: ${(error as Error).message}; set ` +
        `GRIDENGINE_LIBZMQ to the path of a libzmq 4.3 shared library`,
      { cause: error },
    );
  }
  keepMemory(library);
  opened.set(path, library);
  return library;
}

/** `RTLD_NOW` of dlfcn.h. */
const NOW = 2;

/**
 * Adds the functions that are seldom called to an open library. Deno takes 0.2 ms to make a
 * function that is fast to call. A function that is found by its address takes no such time,
 * but each of its calls takes 4 µs more.
 */
function complete(path: string, messages: Symbols<typeof MESSAGES>): Libzmq {
  const handle = messages.dlopen(cString(path), NOW);
  const seldom = {};
  for (const [name, definition] of Object.entries<Deno.ForeignFunction>(SELDOM)) {
    let symbol: unknown;
    const find = () => {
      const address = messages.dlsym(handle, cString(definition.name ?? name));
      if (address) return callable(address, definition);
      if (definition.optional) return null;
      throw new ZeromqError("ENOENT", `"${path}" is not libzmq 4.3: it has no ${name}`);
    };
    const get = () => symbol === undefined ? symbol = find() : symbol;
    Object.defineProperty(seldom, name, { get });
  }
  // V8 is fast to call methods of an object that never changes.
  return Object.assign(Object.create(seldom), messages) as Libzmq;
}

function callable(
  address: Deno.PointerObject,
  definition: Deno.ForeignFunction,
): (...args: never[]) => unknown {
  const function_ = new Deno.UnsafeFnPointer(
    address as Deno.PointerObject<Deno.ForeignFunction>,
    definition,
  );
  return (...args) => function_.call(...args);
}

/** `RLIMIT_NOFILE` of sys/resource.h. */
const OPEN_FILES = Deno.build.os === "darwin" ? 8 : 7;
/** `RLIMIT_FSIZE`. */
const FILE_SIZE = 1;

/** How many files and connections the process may have open at once. */
export function openFilesLimit(zmq: Libzmq): number {
  return limitOf(zmq, OPEN_FILES);
}

/** How large a file the process may make, in bytes. */
export function fileSizeLimit(zmq: Libzmq): number {
  return limitOf(zmq, FILE_SIZE);
}

function limitOf(zmq: Libzmq, resource: number): number {
  // The soft and the hard limit.
  const limits = new BigUint64Array(2);
  zmq.getrlimit(resource, new Uint8Array(limits.buffer));
  return Number(limits[0]!);
}

/** `M_TRIM_THRESHOLD` and `M_MMAP_THRESHOLD` of malloc.h. */
const TRIM_THRESHOLD = -1;
const MMAP_THRESHOLD = -3;

/**
 * Makes the C library keep the memory of messages for later messages: returning it to the
 * system and getting it again, page by page, takes longer than filling it.
 */
function keepMemory({ mallopt }: Libzmq): void {
  mallopt?.(MMAP_THRESHOLD, 1 << 25);
  mallopt?.(TRIM_THRESHOLD, 1 << 26);
}

/** A JavaScript string as a C string. */
export function cString(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text + "\0");
}

/** The version of an open libzmq, such as `"4.3.5"`. */
export function libzmqVersion(zmq: Libzmq): string {
  const parts = [new Int32Array(1), new Int32Array(1), new Int32Array(1)] as const;
  zmq.zmq_version(parts[0], parts[1], parts[2]);
  return parts.map((part) => part[0]).join(".");
}

/** Whether libzmq was built with a capability, such as `"curve"`, `"ipc"` or `"draft"`. */
export function libzmqHas(zmq: Libzmq, capability: string): boolean {
  return zmq.zmq_has(cString(capability)) === 1;
}

/** Makes a new pair of CURVE keys. */
export function curveKeys(zmq: Libzmq): CurveKeys {
  const publicKey = new Uint8Array(41);
  const secretKey = new Uint8Array(41);
  if (zmq.zmq_curve_keypair(publicKey, secretKey) !== 0) {
    throw lastError(zmq, "zmq_curve_keypair");
  }
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes.subarray(0, 40));
  return { publicKey: text(publicKey), secretKey: text(secretKey) };
}

/** The 32 bytes of a key of 40 Z85 characters. */
export function decodeKey(zmq: Libzmq, key: string): Uint8Array {
  const bytes = new Uint8Array(32);
  // libzmq would stop at a NUL and accept a shorter key.
  if (!/^[!-~]{40}$/.test(key) || zmq.zmq_z85_decode(bytes, cString(key)) === null) {
    throw new ZeromqError("EINVAL", "A CURVE key must be 40 characters of Z85 text");
  }
  return bytes;
}

/** libzmq's own error numbers, above `ZMQ_HAUSNUMERO` of zmq.h. */
const OWN_ERRORS: Record<number, string> = {
  156384763: "EFSM",
  156384764: "ENOCOMPATPROTO",
  156384765: "ETERM",
  156384766: "EMTHREAD",
};

/** The name of an error number on this system, such as `"EAGAIN"`. */
export function errorName(number: number): string {
  const own = OWN_ERRORS[number];
  if (own) return own;
  const { errno } = nodeModule("node:os").constants;
  const found = Object.entries(errno).find(([, value]) => value === number);
  return found?.[0] ?? `errno ${number}`;
}

/** The error of libzmq's last call on this thread. */
export function lastError(zmq: Libzmq, operation: string): ZeromqError {
  const number = zmq.zmq_errno();
  const text = zmq.zmq_strerror(number);
  const name = errorName(number);
  return new ZeromqError(
    name,
    `${operation}: ${
      text ? Deno.UnsafePointerView.getCString(text) : "failed"
    } (${name})`,
  );
}

/** The number of `EINTR` in errno.h. */
const EINTR = 4;
/** The number of `EAGAIN` in errno.h. */
export const EAGAIN: number = Deno.build.os === "darwin" ? 35 : 11;

/** Repeats a call of libzmq that a signal has interrupted, such as a profiler's. */
export function uninterrupted(zmq: Libzmq, call: () => number): number {
  for (;;) {
    const result = call();
    if (result >= 0 || zmq.zmq_errno() !== EINTR) return result;
  }
}

/**
 * Replaces this program by another one in the same process: all threads end, whatever they
 * do, and the process id stays. Source: `execv` of POSIX.1-2017.
 *
 * @param zmq An open libzmq, which is linked with the C library.
 * @param path The program.
 * @param args Its arguments, without its name.
 * @throws {ZeromqError} If the program cannot be run.
 */
export function replaceProcess(zmq: Libzmq, path: string, args: string[]): never {
  const strings = [path, ...args].map(cString);
  const addresses = new BigUint64Array(strings.length + 1);
  strings.forEach((string, i) => {
    addresses[i] = Deno.UnsafePointer.value(Deno.UnsafePointer.of(string));
  });
  zmq.execv(cString(path), new Uint8Array(addresses.buffer));
  throw lastError(zmq, `Cannot run "${path}"`);
}
