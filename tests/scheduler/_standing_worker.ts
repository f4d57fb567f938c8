/**
 * What a scheduler is given to start in place of `worker.ts`: it stands at the gate
 * whose port is its run file, under its identity, and then leaves.
 */

import { pass } from "../fixtures/gate.ts";

const [port, identity] = Deno.args;
await pass(Number(port), `${identity} ${Deno.pid}`);
console.error(`${identity} leaves`);
Deno.exit(3);
