/**
 * Times by their size: buckets of constant relative width, exact to one part in 32.
 *
 * Source: the bucket layout of HdrHistogram, with five significant bits.
 */
import { allocate, longAt, putLong } from "../base/bytes";

const SUB_BITS: u32 = 5;
const SUB: u32 = 1 << SUB_BITS;
const BUCKETS: u32 = 60 * SUB;

export class Histogram {
  count: u64 = 0;
  sum: u64 = 0;
  largest: u64 = 0;
  private readonly buckets: usize = allocate((<usize>BUCKETS) << 3);

  record(value: u64): void {
    this.count++;
    this.sum += value;
    if (value > this.largest) this.largest = value;
    const bucket = bucketOf(value);
    putLong(this.buckets, bucket, longAt(this.buckets, bucket) + 1);
  }

  /** The least value that at least `permille` of a thousand values do not exceed, rounded down. */
  percentile(permille: u32): u64 {
    if (this.count == 0) return 0;
    const rank = (this.count * <u64>permille + 999) / 1000;
    let seen: u64 = 0;
    for (let bucket: u32 = 0; bucket < BUCKETS; bucket++) {
      seen += longAt(this.buckets, bucket);
      if (seen >= rank && seen > 0) return leastOf(bucket);
    }
    return this.largest;
  }
}

function bucketOf(value: u64): u32 {
  if (value < SUB) return <u32>value;
  const exponent = 63 - <u32>clz<u64>(value);
  const shift = exponent - SUB_BITS;
  return (shift + 1) * SUB + ((<u32>(value >> shift)) & (SUB - 1));
}

function leastOf(bucket: u32): u64 {
  if (bucket < SUB) return bucket;
  const shift = bucket / SUB - 1;
  return (<u64>SUB + (bucket & (SUB - 1))) << shift;
}
