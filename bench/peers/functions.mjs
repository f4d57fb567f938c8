/** What the workers of the other packages run. */

export const square = (x) => x * x;
export const squares = (numbers) => numbers.map(square);
export const record = ({ id, name, x, y, good }) => {
  return { id, name, x: y, y: x, good: !good };
};
export const records = (samples) => samples.map(record);
export const line = (text) => text.length;
export const lines = (texts) => texts.map(line);
export const length = (array) => array.length;
export const array = (length) => new Float64Array(length);
export const sleep = (ms) => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
  return ms;
};
