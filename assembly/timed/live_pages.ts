/**
 * The pages that the program touched last, in the order of its touches.
 *
 * Simplifies: a recording shows first touches only, so recency stands for what a program shares
 *             with its device.                                                (DEVIATIONS D7)
 */
import { allocate, longAt, putLong } from "../base/bytes";

export class LivePages {
  length: u32 = 0;
  private newest: u32 = 0;
  private readonly ring: usize;

  constructor(private readonly capacity: u32) {
    this.ring = allocate((<usize>capacity) << 3);
  }

  add(vpn: u64): void {
    this.newest = this.newest + 1 == this.capacity ? 0 : this.newest + 1;
    putLong(this.ring, this.newest, vpn);
    if (this.length < this.capacity) this.length++;
  }

  /** The page touched `age` touches ago, with `age` below `length`. */
  // @ts-ignore: decorator
  @inline
  at(age: u32): u64 {
    const newest = this.newest;
    return longAt(this.ring, newest >= age ? newest - age : newest + this.capacity - age);
  }

  /** The page is gone: its places show another page; without another there is none to work on. */
  forget(vpn: u64): void {
    let other = vpn;
    for (let i: u32 = 0; i < this.length && other == vpn; i++) other = this.at(i);
    if (other == vpn) {
      this.length = 0;
      return;
    }
    for (let i: u32 = 0; i < this.capacity; i++) {
      if (longAt(this.ring, i) == vpn) putLong(this.ring, i, other);
    }
  }
}
