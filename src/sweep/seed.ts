/**
 * The seed of a run: a hash of the sweep's seed, what the point sets, and the replicate. It does
 * not depend on the order of points, on shards or on workers, and stays when values are added.
 *
 * Source: FNV-1a (Fowler, Noll, Vo), and the finishing of SplitMix64 (Steele, Lea, Flood)
 */
import canonicalize from "canonicalize";
import type { Point } from "./grid.js";

const MASK = 2n ** 64n - 1n;
const FNV_BASIS = 0xcbf29ce484222325n;
const FNV_PRIME = 0x100000001b3n;

export function seedOf(base: bigint, { values }: Pick<Point, "values">, replicate: number): bigint {
  const text = canonicalize([base.toString(), values, replicate]) ?? "";
  let hash = FNV_BASIS;
  for (const byte of new TextEncoder().encode(text)) {
    hash = ((hash ^ BigInt(byte)) * FNV_PRIME) & MASK;
  }
  return finish(hash);
}

/** Neighbouring texts have neighbouring FNV hashes; a seed shows nothing of that. */
function finish(hash: bigint): bigint {
  let z = hash;
  z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & MASK;
  z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & MASK;
  return z ^ (z >> 31n);
}
