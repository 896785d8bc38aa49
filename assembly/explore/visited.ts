/**
 * What a depth-first search remembers of the states that it has been to: not the states, only where
 * their hashes fell. Two states may be taken for one.
 */
import { allocate, longAt, putLong } from "../base/bytes";

export abstract class Visited {
  /** True: the state was there already, with at least as many steps left. Else it is entered. */
  abstract enter(hash: u64, stepsLeft: u32): bool;

  abstract bytes(): f64;
}

/**
 * A few bits a state.
 *
 * Source: G. J. Holzmann, On limits and possibilities of automated protocol analysis (1987).
 */
export class BitTable extends Visited {
  private readonly words: usize;
  private readonly mask: u64;

  /** A table of 2^`sizeShift` bytes. */
  constructor(private readonly sizeShift: u32) {
    super();
    this.words = allocate((<usize>1) << sizeShift);
    this.mask = ((<u64>8) << sizeShift) - 1;
  }

  enter(hash: u64, stepsLeft: u32): bool {
    // Three bits, a stride apart that is itself taken from the hash.
    const stride = rotl<u64>(hash, 32) | 1;
    let bit = hash;
    let isKnown: bool = true;
    for (let i = 0; i < 3; i++) {
      const place = bit & this.mask;
      const word = longAt(this.words, <u32>(place >> 6));
      if (((word >> (place & 63)) & 1) == 0) {
        putLong(this.words, <u32>(place >> 6), word | ((<u64>1) << (place & 63)));
        isKnown = false;
      }
      bit += stride;
    }
    return isKnown;
  }

  bytes(): f64 {
    return <f64>(1 << this.sizeShift);
  }
}

/**
 * For each state 48 bits of its hash, and how many steps were left when it was expanded: a state
 * that is met again nearer to the start is expanded again. When a bucket is full, the state with
 * the fewest steps left is forgotten, which costs time and nothing else.
 *
 *   63..16 hash | 15..0 steps left + 1
 */
export class DepthTable extends Visited {
  private readonly slots: usize;
  private readonly mask: u32;

  /** A table of 2^`sizeShift` bytes. */
  constructor(private readonly sizeShift: u32) {
    super();
    this.slots = allocate((<usize>1) << sizeShift);
    this.mask = (1 << (sizeShift - 3)) - 1;
  }

  enter(hash: u64, stepsLeft: u32): bool {
    const first = (<u32>hash) & this.mask & ~(BUCKET - 1);
    const key = hash & KEY_MASK;
    let victim = first;
    for (let slot = first; slot < first + BUCKET; slot++) {
      const entry = longAt(this.slots, slot);
      if (entry != 0 && (entry & KEY_MASK) == key) {
        if (<u32>(entry & LEFT_MASK) > stepsLeft) return true;
        victim = slot;
        break;
      }
      if ((entry & LEFT_MASK) < (longAt(this.slots, victim) & LEFT_MASK)) victim = slot;
    }
    putLong(this.slots, victim, key | (<u64>(stepsLeft + 1)));
    return false;
  }

  bytes(): f64 {
    return <f64>(1 << this.sizeShift);
  }
}

const BUCKET: u32 = 4;
const LEFT_MASK: u64 = 0xffff;
const KEY_MASK: u64 = ~LEFT_MASK;
