/** The whole program whose time `workloads/cold.ts` is about; its argument: a transport. */

import { map, ProcessScheduler } from "@x/gridengine";

const transport = Deno.args[0] as "local" | "network";
await using scheduler = new ProcessScheduler({ workers: 2, transport });
console.log(await map((x: number) => x * x, [1, 2, 3, 4, 5], { scheduler }));
