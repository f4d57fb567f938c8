/**
 * The properties of an object, and its `#private` fields.
 *
 * @module
 */

import type { Findings, Found } from "./found.ts";
import { stepTo } from "../../protocol/steps.ts";
import type { Key, Members, Property, Slot } from "../payload.ts";

/** An object's own properties. */
export type Own = [PropertyKey, PropertyDescriptor][];

/** `#private` fields: a name and its value. */
export type Privates = [string, unknown][];

/** Longer typed arrays are not searched for properties with names. */
const LONG = 10_000;

/** How an object differs from a newly made one. */
export interface Difference {
  /** Properties that were added. */
  own: Own;
  /** Properties that it was made with, but with other attributes. */
  changed: Own;
  /** Keys of properties that it was made with, and that were deleted. */
  gone: PropertyKey[];
}

/** The difference of an object to which properties were only added. */
export function added(own: Own): Difference {
  return { own, changed: [], gone: [] };
}

/**
 * Compares an object with a newly made one.
 *
 * @param usual The attributes of a property that it is made with; `undefined` for others.
 * @param given Keys of properties that it is made with.
 */
export function differenceOf(
  object: object,
  usual: (key: PropertyKey, own: PropertyDescriptor) => Attributes | undefined,
  given: Iterable<PropertyKey>,
): Difference {
  const difference: Difference = { own: [], changed: [], gone: [] };
  for (const [key, own] of membersOf(object, [])) {
    const attributes = usual(key, own);
    if (!attributes) difference.own.push([key, own]);
    else if (!hasAttributes(own, attributes)) difference.changed.push([key, own]);
  }
  for (const key of given) if (!Object.hasOwn(object, key)) difference.gone.push(key);
  return difference;
}

/** Attributes of a property. */
export type Attributes = Pick<
  PropertyDescriptor,
  "writable" | "enumerable" | "configurable"
>;

/** Whether a property has these attributes. */
function hasAttributes(own: PropertyDescriptor, usual: Attributes): boolean {
  const names = ["writable", "enumerable", "configurable"] as const;
  return names.every((name) =>
    own[name] === undefined || usual[name] === undefined || own[name] === usual[name]
  );
}

/** An object's own properties, without the standard ones. */
export function membersOf(object: object, standard: readonly PropertyKey[]): Own {
  return keysOf(object)
    .filter((key) => !standard.includes(key))
    .map((key) => [key, Object.getOwnPropertyDescriptor(object, key)!]);
}

/** An object's own keys, without the elements of a typed array. */
function keysOf(object: object): PropertyKey[] {
  if (!ArrayBuffer.isView(object)) return Reflect.ownKeys(object);
  const isLong = "length" in object && (object.length as number) > LONG;
  // The list of names would contain the indices of all elements.
  return isLong
    ? Object.getOwnPropertySymbols(object)
    : Reflect.ownKeys(object).filter((key) => !/^\d+$/.test(String(key)));
}

/** The value of a property, as an own field of the object. */
export function fieldOf(object: object, key: string): Own[0] {
  const value = (object as Record<string, unknown>)[key];
  return [key, { value, writable: true, enumerable: true, configurable: true }];
}

/** The values of an object's properties, without calling its accessors. */
export function valuesOf(object: object): unknown[] {
  return Object.values(Object.getOwnPropertyDescriptors(object)).map(({ value }) =>
    value
  );
}

/** The value of a property, or its accessors. */
export function partsOf({ value, get, set }: PropertyDescriptor): unknown[] {
  return get || set ? [get, set].filter((part) => part) : [value];
}

/** Records the values of properties. */
export function seeMembers(
  findings: Findings,
  found: Found,
  { own, changed, gone }: Difference,
): void {
  for (const key of [...changed.map(([key]) => key), ...gone]) {
    if (typeof key === "symbol") findings.see(key, found, stepTo(key));
  }
  for (const [key, { value, get, set }] of own) {
    if (typeof key === "symbol") findings.see(key, found, stepTo(key));
    for (const part of [value, get, set]) findings.see(part, found, stepTo(key));
  }
}

/** Records the values of `#private` fields. */
export function seePrivates(
  findings: Findings,
  found: Found,
  privates: Privates,
): void {
  for (const [name, value] of privates) findings.see(value, found, `.${name}`);
}

/** Properties as data. */
export function writeMembers(
  findings: Findings,
  object: object,
  { own, changed, gone }: Difference,
): Members {
  const keyOf = (key: PropertyKey): Key =>
    typeof key === "symbol" ? findings.slot(key) as { node: number } : String(key);
  const baseOf = (key: PropertyKey, { enumerable, configurable }: Attributes) => ({
    key: keyOf(key),
    enumerable: enumerable!,
    configurable: configurable!,
  });
  const properties = [
    ...own.map(([key, descriptor]): Property =>
      "value" in descriptor
        ? {
          ...baseOf(key, descriptor),
          value: findings.slot(descriptor.value),
          writable: descriptor.writable!,
        }
        : {
          ...baseOf(key, descriptor),
          get: findings.slot(descriptor.get),
          set: findings.slot(descriptor.set),
        }
    ),
    ...changed.map(([key, descriptor]): Property => ({
      ...baseOf(key, descriptor),
      ...("value" in descriptor && { writable: descriptor.writable! }),
    })),
  ];
  return {
    properties,
    ...(gone.length > 0 && { gone: gone.map(keyOf) }),
    sealed: !Object.isExtensible(object),
  };
}

/** `#private` fields as data. */
export function writePrivates(
  findings: Findings,
  privates: Privates,
): { name: string; value: Slot }[] {
  return privates.map(([name, value]) => ({ name, value: findings.slot(value) }));
}
