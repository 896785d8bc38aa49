/**
 * The seeded generator behind choose(bound) of a timed run: xoroshiro128+.
 *
 * Models:     Blackman and Vigna's xoroshiro128+ with the constants 24, 16, 37; the seed is
 *             expanded with SplitMix64, since nearby states give similar first draws.
 * Source:     https://prng.di.unimi.it/
 */
export class Random {
  private s0: u64;
  private s1: u64;

  constructor(seed: u64) {
    this.s0 = splitMix(seed + 0x9e3779b97f4a7c15);
    this.s1 = splitMix(seed + 0x9e3779b97f4a7c15 * 2);
  }

  next(): u64 {
    const s0 = this.s0;
    const s1 = this.s1 ^ s0;
    const result = s0 + this.s1;
    this.s0 = rotl<u64>(s0, 24) ^ s1 ^ (s1 << 16);
    this.s1 = rotl<u64>(s1, 37);
    return result;
  }

  /** An answer in [0, bound): the high bits, scaled. */
  choose(bound: u32): u32 {
    return <u32>(((this.next() >> 32) * <u64>bound) >> 32);
  }
}

function splitMix(seed: u64): u64 {
  let z = seed;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}
