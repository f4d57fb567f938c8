/**
 * Squares a list of numbers: by the built-in `map`, then by `map` over worker processes.
 */

import { map, ProcessScheduler } from "@x/gridengine";

const square = (x: number) => x * x;
const numbers = [1, 2, 3, 4, 5];

const builtIn = numbers.map(square);
const onWorkers = await map(square, numbers, { scheduler: ProcessScheduler });

console.log("x    built-in  on workers");
for (const [i, x] of numbers.entries()) {
  console.log(
    `${x}${String(builtIn[i]).padStart(12)}${String(onWorkers[i]).padStart(12)}`,
  );
}
