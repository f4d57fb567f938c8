/**
 * Prints by how many bytes the process grows while an array of 100 MB is serialized. It
 * has to be alone in its process: other tests would be counted, too.
 *
 * @module
 */

import { serialize } from "../../src/protocol/values.ts";

const value = [new Uint8Array(100e6).fill(1)];
const before = Deno.memoryUsage().rss;
const bytes = serialize(value);
const grown = Deno.memoryUsage().rss - before;
console.log(JSON.stringify({ grown, length: bytes.length }));
