/** That docs/protocol.md, by which others write workers, says what the code does. */

import { assert, assertEquals } from "../fixtures/assert.ts";
import { PROTOCOL_VERSION, TYPES, UNSEQUENCED } from "../../src/protocol/messages.ts";

const url = new URL("../../docs/protocol.md", import.meta.url);
const text = await Deno.readTextFile(url);

Deno.test("The page about the protocol has the number and the sequence of every message", () => {
  const rows = text.matchAll(/^\| `(\w+)` +\| (\d+) +\| (yes|no) /gm);
  const told = new Map([...rows].map(([, type, number, sequenced]) => [
    type!,
    [Number(number), sequenced === "yes"] as const,
  ]));
  const known = new Map(
    Object.entries(TYPES).map((
      [type, number],
    ) => [type, [number, !UNSEQUENCED.has(type)] as const]),
  );
  assertEquals(told, known);
});

Deno.test("The page about the protocol is about this version", () => {
  const told = [...text.matchAll(/version,? (\d+)\b/g)].map(([, version]) =>
    Number(version)
  );
  assert(told.length >= 2);
  assertEquals(told, told.map(() => PROTOCOL_VERSION));
});
