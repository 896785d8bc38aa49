/** Exact 64-bit counters, one for each member of the Counter enum; the host reads them in place. */
import { Counter } from "../abi/vocabulary";
import { allocate, longAt, putLong } from "../base/bytes";

export class Counters {
  readonly block: usize = allocate((<usize>Counter.COUNT) << 3);

  // @ts-ignore: decorator
  @inline
  add(counter: Counter, amount: u64 = 1): void {
    putLong(this.block, counter, longAt(this.block, counter) + amount);
  }

  /** Keeps the largest value seen. */
  // @ts-ignore: decorator
  @inline
  raise(counter: Counter, value: u64): void {
    if (value > longAt(this.block, counter)) putLong(this.block, counter, value);
  }

  get(counter: Counter): u64 {
    return longAt(this.block, counter);
  }
}
