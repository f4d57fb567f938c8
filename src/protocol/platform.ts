/**
 * Objects of the platform of which structured clone leaves nothing, and that can be made
 * again from data: by what they are called, from what they say of themselves.
 *
 * @module
 */

/** One kind of them. */
interface Kind {
  /** What such an object is made from again: data. */
  take: (object: never) => unknown;
  /** Makes it; throws if it is not given what it needs. */
  make: (data: never) => object;
}

type Constructor = new (...args: never[]) => object;

/** All kinds, by name, and the names by the prototypes of such objects. */
interface Kinds {
  byName: Map<string, Kind>;
  names: Map<object, string>;
}

let known: Kinds | undefined;

/** Made when an object is first asked about: Deno loads some of these only then. */
function kinds(): Kinds {
  return known ??= makeKinds();
}

function makeKinds(): Kinds {
  const byName = new Map<string, Kind>();
  const names = new Map<object, string>();
  const add = (name: string, { prototype }: { prototype: object }, kind: Kind) => {
    byName.set(name, kind);
    names.set(prototype, name);
  };
  // An object may have a method of its own that is called so.
  const textOf = ({ prototype: { toString } }: { prototype: object }) =>
  (
    object: object,
  ) => toString.call(object);
  add("URL", URL, { take: textOf(URL), make: (href: string) => new URL(href) });
  add("URLSearchParams", URLSearchParams, {
    take: textOf(URLSearchParams),
    make: (query: string) => new URLSearchParams(query),
  });
  add("Headers", Headers, {
    take: (headers: Headers) => [...headers],
    make: (entries: [string, string][]) => new Headers(entries),
  });
  add("DOMException", DOMException, {
    take: ({ message, name, stack }: DOMException) => ({ message, name, stack }),
    make: ({ message, name, stack }: DOMException) => {
      const error = new DOMException(message, name);
      const attributes = { writable: true, configurable: true };
      return Object.defineProperty(error, "stack", { value: stack, ...attributes });
    },
  });
  add("TextEncoder", TextEncoder, {
    take: () => undefined,
    make: () => new TextEncoder(),
  });
  add("TextDecoder", TextDecoder, {
    take: ({ encoding, fatal, ignoreBOM }: TextDecoder) => ({
      encoding,
      fatal,
      ignoreBOM,
    }),
    make: ({ encoding, ...options }: TextDecoder) => new TextDecoder(encoding, options),
  });
  for (const [name, type] of typesOf(Temporal)) {
    const { from } = type as unknown as { from(text: string): object };
    const make = (said: string) => from.call(type, said);
    add(`Temporal.${name}`, type, { take: textOf(type), make });
  }
  for (const [name, type] of typesOf(Intl)) {
    const { resolvedOptions } = type.prototype as Intl.NumberFormat;
    const isLocale = name === "Locale";
    add(`Intl.${name}`, type, {
      take: (object: object) =>
        isLocale ? { locale: textOf(type)(object) } : resolvedOptions.call(object),
      make: (options: { locale: string }) =>
        Reflect.construct(type, [options.locale, isLocale ? {} : options]),
    });
  }
  return { byName, names };
}

/** The classes in a namespace. */
function typesOf(namespace: object): [string, Constructor][] {
  return Object.getOwnPropertyNames(namespace).flatMap((name) => {
    const type = (namespace as Record<string, unknown>)[name];
    return typeof type === "function" && /^[A-Z]/.test(name)
      ? [[name, type as Constructor] as [string, Constructor]]
      : [];
  });
}

/** What a kind is called of which an object is, or its class extends that. */
export function platformName(object: object): string | undefined {
  const { names } = kinds();
  for (
    let at: object | null = object;
    (at = Object.getPrototypeOf(at) as object | null);
  ) {
    const name = names.get(at);
    if (name !== undefined) return name;
  }
  return undefined;
}

/** What the kind is called of objects that have this prototype, if they are such objects. */
export function nameOfPrototype(
  prototype: object | null | undefined,
): string | undefined {
  return kinds().names.get(prototype as object);
}

/** Whether this is the prototype of such objects themselves. */
export function isPlatformPrototype(prototype: object | null | undefined): boolean {
  return nameOfPrototype(prototype) !== undefined;
}

/**
 * What such an object is made from again.
 *
 * @throws {TypeError} If it only inherits from one.
 */
export function takeApart(name: string, object: object): unknown {
  return kinds().byName.get(name)!.take(object as never);
}

/**
 * The object that was taken apart.
 *
 * @throws {Error} If there is no such kind, or it cannot be made from that.
 */
export function putTogether(name: unknown, data: unknown): object {
  const kind = kinds().byName.get(name as string);
  if (!kind) throw new TypeError("It names no object that can be made again");
  return kind.make(data as never);
}
