/**
 * A set-associative translation cache: the one model behind CPU TLBs, the IOTLB and device ATCs.
 *
 * Models:     tagged (address space, page, size) -> frame entries, least recently used replacement,
 *             invalidation of a range by probing or by one sweep, whichever is shorter.
 * Simplifies: 4 KiB and 2 MiB entries share the sets; a look-up probes for one, then the other.
 * Source:     Intel SDM vol. 3A, 4.10; PCIe base specification, chapter 10 (an entry is dropped
 *             whole when an invalidation touches any part of it).
 *
 * A hot room: tags and payloads are parallel tables, slot = set * ways + way.
 *
 *   tag      63..44 asid | 43..4 page number | 1 size (0: 4 KiB, 1: 2 MiB) | 0 valid
 *   payload  63 writable | 62..32 generation of the frame when it was read | 31..0 frame
 */
import { allocate, longAt, putLong, putWord, wordAt } from "../../base/bytes";

const VALID: u64 = 1;
const HUGE: u64 = 2;
const WRITABLE: u64 = 1 << 63;
const GENERATION_SHIFT: u64 = 32;
const GENERATION_MASK: u64 = 0x7fffffff;
/** The number that stands for no slot. */
export const NO_SLOT: u32 = 0xffffffff;
/** The last use of an empty way: before that of any entry. */
const NEVER: u32 = 0;
/** A sweep over all entries is cheaper than probing from a tenth of them on (measured). */
const SWEEP_RATIO: u64 = 10;

// @ts-ignore: decorator
@inline
export function tagOf(asid: u32, vpn: u64, isHuge: bool): u64 {
  return ((<u64>asid) << 44) | (vpn << 4) | (isHuge ? HUGE : 0) | VALID;
}

// @ts-ignore: decorator
@inline
export function payloadOf(frame: u32, isWritable: bool, generation: u32): u64 {
  return (
    (<u64>frame) |
    (((<u64>generation) & GENERATION_MASK) << GENERATION_SHIFT) |
    (isWritable ? WRITABLE : 0)
  );
}

// @ts-ignore: decorator
@inline
export function payloadFrame(payload: u64): u32 {
  return <u32>payload;
}

// @ts-ignore: decorator
@inline
export function payloadIsWritable(payload: u64): bool {
  return (payload & WRITABLE) != 0;
}

// @ts-ignore: decorator
@inline
export function payloadGeneration(payload: u64): u32 {
  return <u32>((payload >> GENERATION_SHIFT) & GENERATION_MASK);
}

export class Tlb {
  hits: u64 = 0;
  misses: u64 = 0;
  evictions: u64 = 0;
  invalidated: u64 = 0;

  readonly entries: u32;
  readonly tags: usize;
  readonly payloads: usize;
  private readonly lastUse: usize;
  private useClock: u32 = 0;
  private hugeEntries: u32 = 0;

  constructor(
    readonly sets: u32,
    readonly ways: u32,
  ) {
    assert(sets > 0 && (sets & (sets - 1)) == 0, "a TLB has a power of two of sets");
    assert(ways > 0, "a TLB has at least one way");
    this.entries = sets * ways;
    this.tags = allocate((<usize>this.entries) << 3);
    this.payloads = allocate((<usize>this.entries) << 3);
    this.lastUse = allocate((<usize>this.entries) << 2);
  }

  /**
   * The slot that translates the page, or NO_SLOT. Does not consult any table: stale entries hit.
   */
  find(asid: u32, vpn: u64): u32 {
    let slot = this.probe((<u32>vpn) & (this.sets - 1), tagOf(asid, vpn, false));
    if (slot == NO_SLOT && this.hugeEntries != 0) {
      const block = vpn >> 9;
      slot = this.probe((<u32>block) & (this.sets - 1), tagOf(asid, block, true));
    }
    return slot;
  }

  /** As find, and counts the hit or miss and the use. */
  lookup(asid: u32, vpn: u64): u32 {
    const slot = this.find(asid, vpn);
    if (slot == NO_SLOT) {
      this.misses++;
      return NO_SLOT;
    }
    this.hits++;
    putWord(this.lastUse, slot, ++this.useClock);
    return slot;
  }

  // @ts-ignore: decorator
  @inline
  payload(slot: u32): u64 {
    return longAt(this.payloads, slot);
  }

  /** The frame that `slot` gives for `vpn`: of a huge entry, the frame within the block. */
  frameFor(slot: u32, vpn: u64): u32 {
    const frame = payloadFrame(longAt(this.payloads, slot));
    return (longAt(this.tags, slot) & HUGE) != 0 ? frame + ((<u32>vpn) & 511) : frame;
  }

  /** The entry in `slot` translates a block of 2 MiB. */
  // @ts-ignore: decorator
  @inline
  isHuge(slot: u32): bool {
    return (longAt(this.tags, slot) & HUGE) != 0;
  }

  /** Enters a translation, in place of an older one of the same page or of the set's victim. */
  fill(asid: u32, vpn: u64, payload: u64, isHuge: bool): void {
    const page = isHuge ? vpn >> 9 : vpn;
    const tag = tagOf(asid, page, isHuge);
    const set = (<u32>page) & (this.sets - 1);
    let slot = this.probe(set, tag);
    if (slot == NO_SLOT) {
      slot = this.victim(set);
      if ((longAt(this.tags, slot) & VALID) != 0) {
        this.evictions++;
        this.drop(slot);
      }
      if (isHuge) this.hugeEntries++;
    }
    putLong(this.tags, slot, tag);
    putLong(this.payloads, slot, payload);
    putWord(this.lastUse, slot, ++this.useClock);
  }

  /** Drops one slot. */
  drop(slot: u32): void {
    const tag = longAt(this.tags, slot);
    if ((tag & VALID) == 0) return;
    if ((tag & HUGE) != 0) this.hugeEntries--;
    putLong(this.tags, slot, 0);
    putLong(this.payloads, slot, 0);
    putWord(this.lastUse, slot, NEVER);
  }

  // @ts-ignore: decorator
  @inline
  isValid(slot: u32): bool {
    return (longAt(this.tags, slot) & VALID) != 0;
  }

  /** Drops what touches pages [first, end) of `asid`; returns how many entries that were. */
  invalidateRange(asid: u32, first: u64, end: u64): u32 {
    if (first >= end) return 0;
    let dropped: u32 = 0;
    if (this.hugeEntries == 0 && (end - first) * SWEEP_RATIO < <u64>this.entries) {
      for (let vpn = first; vpn < end; vpn++) {
        const slot = this.probe((<u32>vpn) & (this.sets - 1), tagOf(asid, vpn, false));
        if (slot == NO_SLOT) continue;
        this.drop(slot);
        dropped++;
      }
    } else {
      dropped = this.sweep(asid, first, end);
    }
    this.invalidated += dropped;
    return dropped;
  }

  /** Drops every entry of `asid`. */
  invalidateAll(asid: u32): u32 {
    const dropped = this.sweep(asid, 0, 1 << 40);
    this.invalidated += dropped;
    return dropped;
  }

  private sweep(asid: u32, first: u64, end: u64): u32 {
    let dropped: u32 = 0;
    for (let slot: u32 = 0; slot < this.entries; slot++) {
      const tag = longAt(this.tags, slot);
      if ((tag & VALID) == 0 || <u32>(tag >> 44) != asid) continue;
      const page = (tag >> 4) & 0xffffffffff;
      const from = (tag & HUGE) != 0 ? page << 9 : page;
      const to = (tag & HUGE) != 0 ? (page + 1) << 9 : page + 1;
      if (to <= first || from >= end) continue;
      this.drop(slot);
      dropped++;
    }
    return dropped;
  }

  /** The slot of the set that holds the tag, or NO_SLOT: four tags at a time where there are. */
  private probe(set: u32, tag: u64): u32 {
    const ways = this.ways;
    const start = this.tags + ((<usize>(set * ways)) << 3);
    const end = start + ((<usize>ways) << 3);
    let at = start;
    if (ways >= 4) {
      const wanted = i64x2.splat(tag);
      for (; at + 32 <= end; at += 32) {
        const low = i64x2.eq(v128.load(at), wanted);
        const high = i64x2.eq(v128.load(at, 16), wanted);
        if (!v128.any_true(v128.or(low, high))) continue;
        const found = i64x2.bitmask(low) | (i64x2.bitmask(high) << 2);
        return set * ways + ((<u32>(at - start)) >> 3) + ctz(found);
      }
    }
    for (; at < end; at += 8) {
      if (load<u64>(at) == tag) return set * ways + ((<u32>(at - start)) >> 3);
    }
    return NO_SLOT;
  }

  /** An empty way if the set has one, else the least recently used. */
  private victim(set: u32): u32 {
    const first = set * this.ways;
    if ((this.ways & 3) == 0) return first + this.leastOf(this.lastUse + ((<usize>first) << 2));
    let oldest = first;
    for (let slot = first; slot < first + this.ways; slot++) {
      if (wordAt(this.lastUse, slot) < wordAt(this.lastUse, oldest)) oldest = slot;
    }
    return oldest;
  }

  /** The first of the least words of a set: four at a time. */
  private leastOf(start: usize): u32 {
    const end = start + ((<usize>this.ways) << 2);
    let least = v128.load(start);
    for (let at = start + 16; at < end; at += 16) least = i32x4.min_u(least, v128.load(at));
    const wanted = i32x4.splat(
      min(
        min(<u32>i32x4.extract_lane(least, 0), <u32>i32x4.extract_lane(least, 1)),
        min(<u32>i32x4.extract_lane(least, 2), <u32>i32x4.extract_lane(least, 3)),
      ),
    );
    let at = start;
    let same = i32x4.eq(v128.load(at), wanted);
    while (!v128.any_true(same)) {
      at += 16;
      same = i32x4.eq(v128.load(at), wanted);
    }
    return <u32>((at - start) >> 2) + <u32>ctz(i32x4.bitmask(same));
  }
}
