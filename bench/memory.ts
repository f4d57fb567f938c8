/** How much memory a program holds at most that maps over a million items, in MB. */

import { map, ProcessScheduler } from "@x/gridengine";

await using scheduler = new ProcessScheduler({ workers: 2 });
const numbers = Array.from({ length: 1_000_000 }, (_, i) => i);
await map((x: number) => x * x, numbers, { scheduler });
const status = await Deno.readTextFile("/proc/self/status");
console.log(Number(/VmHWM:\s*(\d+) kB/.exec(status)![1]) / 1000);
