/**
 * A stream of numbers that a seed decides.
 *
 * Source: G. Steele, D. Lea, C. Flood, Fast splittable pseudorandom number generators (2014).
 */
const GOLDEN = 0x9e3779b97f4a7c15n;

export class SplitMix {
  constructor(private state: bigint) {}

  /** The next number of 64 bits. */
  next(): bigint {
    this.state = BigInt.asUintN(64, this.state + GOLDEN);
    let mixed = this.state;
    mixed = BigInt.asUintN(64, (mixed ^ (mixed >> 30n)) * 0xbf58476d1ce4e5b9n);
    mixed = BigInt.asUintN(64, (mixed ^ (mixed >> 27n)) * 0x94d049bb133111ebn);
    return mixed ^ (mixed >> 31n);
  }

  /** The next number in [0, 1). */
  share(): number {
    return Number(this.next() >> 11n) / 2 ** 53;
  }
}
