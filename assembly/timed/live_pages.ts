/**
 * The pages a device works on: those the program touched last, the newest most often.
 *
 * Simplifies: a recording shows first touches only, so recency stands for what a program shares
 *             with its device.                                                (DEVIATIONS D7)
 */
import { allocate, longAt, putLong } from "../base/bytes";
import { Random } from "../sim/random";

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

  /** One of the pages, each as likely; there must be one. */
  pickEvenly(random: Random): u64 {
    return this.at(random.choose(this.length));
  }

  /** One of the pages, the newest most often; there must be one. */
  pick(random: Random): u64 {
    return this.at(random.choose(random.choose(this.length) + 1));
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

  /** The page touched `age` touches ago. */
  at(age: u32): u64 {
    return longAt(this.ring, (this.newest + this.capacity - age) % this.capacity);
  }
}
