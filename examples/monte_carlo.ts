/**
 * Prices options by Monte Carlo simulation; each option is one item. The function that
 * runs on the workers uses the code around it, as a thread would: a helper, constants, and
 * a table of functions. Its random numbers come from the seed of the map, so every run
 * prints the same, no matter which worker computes which option.
 */

import { currentJob, map } from "@x/gridengine";

/** Makes a normally distributed number from evenly distributed ones. */
function normal(random: () => number): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random()));
  return radius * Math.cos(2 * Math.PI * random());
}

interface Option {
  kind: "call" | "put";
  strike: number;
}

const market = { price: 100, rate: 0.03, volatility: 0.2, years: 1 };
const paths = 50_000;

const payoffs = {
  call: (price: number, strike: number) => Math.max(price - strike, 0),
  put: (price: number, strike: number) => Math.max(strike - price, 0),
};

/** Half the width of a 95 % confidence interval around the mean of `n` values. */
function halfWidth(sum: number, sumOfSquares: number, n: number): number {
  const variance = (sumOfSquares - sum * sum / n) / (n - 1);
  return 1.96 * Math.sqrt(variance / n);
}

function estimate({ kind, strike }: Option): { value: number; error: number } {
  const { price, rate, volatility, years } = market;
  const { random } = currentJob()!;
  const drift = (rate - volatility ** 2 / 2) * years;
  let sum = 0;
  let sumOfSquares = 0;
  for (let i = 0; i < paths; i++) {
    const growth = drift + volatility * Math.sqrt(years) * normal(random);
    const payoff = payoffs[kind](price * Math.exp(growth), strike);
    const today = Math.exp(-rate * years) * payoff;
    sum += today;
    sumOfSquares += today ** 2;
  }
  return { value: sum / paths, error: halfWidth(sum, sumOfSquares, paths) };
}

const options: Option[] = [];
for (const kind of ["call", "put"] as const) {
  for (const strike of [80, 100, 120]) options.push({ kind, strike });
}

const estimates = await map(estimate, options, { seed: 42 });

for (const [i, { kind, strike }] of options.entries()) {
  const { value, error } = estimates[i]!;
  console.log(
    `${kind.padEnd(4)} ${String(strike).padStart(3)}: ` +
      `${value.toFixed(2).padStart(5)} ± ${error.toFixed(2)}`,
  );
}
