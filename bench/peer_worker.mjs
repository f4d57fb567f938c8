/** What the workers of the other packages run. */

import workerpool from "workerpool";

export const squares = (numbers) => numbers.map((x) => x * x);
export const length = (array) => array.length;
export const array = (length) => new Float64Array(length);

if (!workerpool.isMainThread) workerpool.worker({ squares, length, array });
