/**
 * Random numbers that depend only on a seed: SplitMix64 derives seeds from seeds, and
 * xoshiro128** generates numbers from a seed, as David Blackman and Sebastiano Vigna
 * recommend. Source: https://prng.di.unimi.it.
 *
 * @module
 */

const MASK = (1n << 64n) - 1n;
const GAMMA = 0x9e3779b97f4a7c15n;

/** Output number `index`, from 0, of SplitMix64 with a seed. */
export function splitmix64(seed: bigint, index: bigint): bigint {
  let z = (seed + (index + 1n) * GAMMA) & MASK;
  z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & MASK;
  z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & MASK;
  return z ^ (z >> 31n);
}

/** The seed of an item, of 53 bits, derived from the run's seed and the item's index. */
export function seedOf(seed: number, index: number): number {
  return Number(splitmix64(BigInt(seed), BigInt(index)) >> 11n);
}

/** A new random seed of 53 bits. */
export function freshSeed(): number {
  return Math.floor(Math.random() * 2 ** 53);
}

/** xoshiro128**: whole numbers of 32 bits, from a state of four such numbers. */
export function xoshiro128(state: Iterable<number>): () => number {
  let [a, b, c, d] = Uint32Array.from(state) as unknown as [
    number,
    number,
    number,
    number,
  ];
  return () => {
    const result = Math.imul(rotate(Math.imul(b, 5), 7), 9);
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotate(d, 11);
    return result >>> 0;
  };
}

function rotate(x: number, by: number): number {
  return (x << by) | (x >>> (32 - by));
}

/** Random numbers of 53 bits from 0 (included) to 1 (excluded). */
export function randomNumbers(seed: number): () => number {
  const words = [0n, 1n].flatMap((i) => {
    const word = splitmix64(BigInt(seed), i);
    return [Number(word & 0xffffffffn), Number(word >> 32n)];
  });
  const next = xoshiro128(words);
  return () => ((next() >>> 5) * 2 ** 26 + (next() >>> 6)) / 2 ** 53;
}
