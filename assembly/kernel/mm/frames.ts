/**
 * What the kernel knows of every data frame (struct page and struct folio).
 *
 * Models:     mapcounts of pages and of whole 2 MiB entries, extra references of the CPU's pending
 *             lists and of the swap cache, anonymous and exclusive, dirty, lazily freed, KSM, and
 *             folios of any order with their split.
 * Simplifies: frames have no contents, except that a page known to hold only zeroes is marked; a
 *             folio that is split leaves its frames to be reused one by one.
 * Source:     linux 6.18 include/linux/mm_types.h, include/linux/page-flags.h
 */
import { Taker } from "../../abi/vocabulary";
import { Arena } from "../../base/arena";
import { allocate } from "../../base/bytes";
import { EventSink } from "../events";
import { Swap } from "./swap";

/** The frame that every read of untouched anonymous memory maps. */
export const ZERO_PFN: u32 = 1;
/** The first frame of the huge zero page. */
export const HUGE_ZERO_PFN: u32 = 512;
export const HUGE_ORDER: u32 = 9;
/** Stands for every frame of a device's memory. */
export const DEVICE_PFN: u32 = 2;

export const FRAME_USED: u32 = 1 << 0;
export const FRAME_ANON: u32 = 1 << 1;
export const FRAME_EXCLUSIVE: u32 = 1 << 2;
/** In the page cache of a file, `owner` at page `index`. */
export const FRAME_FILE: u32 = 1 << 3;
export const FRAME_DIRTY: u32 = 1 << 4;
/** MADV_FREE: clean unless a pte says otherwise, may be dropped by reclaim. */
export const FRAME_LAZYFREE: u32 = 1 << 5;
export const FRAME_KSM: u32 = 1 << 6;
export const FRAME_SWAPCACHE: u32 = 1 << 7;
export const FRAME_HUGETLB: u32 = 1 << 8;
/** Holds only zeroes, as far as the recording tells. */
export const FRAME_ZEROED: u32 = 1 << 9;
/** Still on the CPU's list of pages to be added to the LRU. */
export const FRAME_NOT_LRU: u32 = 1 << 10;


@unmanaged
export class Frame {
  /** A number that no other use of any frame has. */
  serial: u32;
  /** The first frame of the folio. */
  head: u32;
  /** Page table entries that map this page. */
  mapcount: u32;
  /** pmd entries that map the folio whole; kept on the head. */
  hugeMapcount: u32;
  /** Entries of any level that map a part of the folio; kept on the head. */
  mappings: u32;
  /** References of pending lists. */
  pins: u32;
  /** Pins of devices (FOLL_PIN): the frame is held although nothing maps it. */
  dmaPins: u32;
  /** The file, or the family of anonymous VMAs. */
  owner: u32;
  /** The page offset in the file, or in the anonymous linear space. */
  index: u64;
  flags: u32;
  /** Order of the folio; kept on the head. */
  order: u32;
  /** The swap slot while in the swap cache, the content group while in KSM. */
  slot: u32;
  content: u32;
  /** The number of the use before this one. */
  serialBefore: u32;
  /** The Taker of the last mapping of this use that went, and of the use before. */
  takenBy: u8;
  takenBefore: u8;
  /** The Taker of the right to write. */
  protectedBy: u8;
  /** The Taker that ended every use so far, or MIXED_TAKERS. */
  takenEver: u8;
}

export const MIXED_TAKERS: u8 = 0xff;

/** Not counted: the zero pages belong to nobody, and frames of devices have no struct page. */
// @ts-ignore: decorator
@inline
export function isSpecial(pfn: u32): bool {
  return pfn < 1024;
}

function isOfFile(head: Frame): bool {
  return (head.flags & FRAME_FILE) != 0;
}

/** What both uses were ended by; 0 stands for no use yet, and for an end that nobody knows. */
function commonTaker(ever: u8, last: u8): u8 {
  if (last == 0) return MIXED_TAKERS;
  return ever == 0 || ever == last ? last : MIXED_TAKERS;
}

const FRAME_SHIFT: usize = 6;
const CHUNK_SHIFT: u32 = 14;

export class Frames {
  private readonly chunks: usize = allocate((<usize>1) << 18);
  private next: u32 = 1024;
  private serials: u32 = 0;
  /** For each order, a list of first frames, linked through `slot`. */
  private readonly free: usize = allocate(16 * 4);
  inUse: u32 = 0;
  /** Frames that there are. */
  capacity: u32 = u32.MAX_VALUE;
  /** Freed folios stay out of use until endQuarantine(): a flush is still to come. */
  isQuarantined: bool = false;
  /** What takes mappings away now; who wants to know it says so. */
  taker: Taker = Taker.Unknown;
  private quarantine: u32 = 0;

  constructor(
    private readonly arena: Arena,
    private readonly swap: Swap,
    private readonly sink: EventSink,
  ) {
    this.use(ZERO_PFN, 0, 0);
    this.use(HUGE_ZERO_PFN, HUGE_ORDER, 0);
    this.inUse = 0;
  }

  /** One past the highest frame that was ever in use. */
  get limit(): u32 {
    return this.next;
  }

  // @ts-ignore: decorator
  @inline
  at(pfn: u32): Frame {
    const chunk = load<u32>(this.chunks + ((<usize>(pfn >> CHUNK_SHIFT)) << 2));
    return changetype<Frame>(
      <usize>chunk + ((<usize>(pfn & ((1 << CHUNK_SHIFT) - 1))) << FRAME_SHIFT),
    );
  }

  head(pfn: u32): Frame {
    return this.at(this.at(pfn).head);
  }

  orderOf(pfn: u32): u32 {
    return this.head(pfn).order;
  }

  /** A folio of 2^order frames, aligned to its size; returns the first. */
  allocate(order: u32, flags: u32): u32 {
    const list = this.free + ((<usize>order) << 2);
    let pfn = load<u32>(list);
    if (pfn != 0) {
      store<u32>(list, this.at(pfn).slot);
    } else {
      const size: u32 = 1 << order;
      const first = (this.next + size - 1) & ~(size - 1);
      while (this.next < first) this.releaseSingle(this.next++);
      pfn = first;
      this.next = first + size;
    }
    this.use(pfn, order, flags);
    this.inUse += 1 << order;
    assert(this.inUse <= this.capacity, "the machine has a frame for every page in use");
    return pfn;
  }

  /** One more pte maps the page. */
  map(pfn: u32): void {
    if (isSpecial(pfn)) return;
    const frame = this.at(pfn);
    frame.mapcount++;
    this.at(frame.head).mappings++;
  }

  /** One pte less maps the page; frees the folio with its last use. */
  unmap(pfn: u32): void {
    if (isSpecial(pfn)) return;
    const frame = this.at(pfn);
    assert(frame.mapcount > 0, "only a mapped page is unmapped");
    frame.mapcount--;
    this.take(frame);
    this.at(frame.head).mappings--;
    this.releaseIfUnused(frame.head);
  }

  /** One more pmd entry maps the folio that starts at `pfn`. */
  mapHuge(pfn: u32): void {
    if (isSpecial(pfn)) return;
    const head = this.at(pfn);
    head.hugeMapcount++;
    head.mappings++;
  }

  unmapHuge(pfn: u32): void {
    if (isSpecial(pfn)) return;
    const head = this.at(pfn);
    assert(head.hugeMapcount > 0, "only a mapped folio is unmapped");
    head.hugeMapcount--;
    if (this.taker != Taker.Unknown) {
      for (let i: u32 = 0; i < 1 << head.order; i++) this.take(this.at(pfn + i));
    }
    head.mappings--;
    this.releaseIfUnused(pfn);
  }

  /** The page's mapping moves to another address. */
  move(pfn: u32): void {
    if (!isSpecial(pfn)) this.take(this.at(pfn));
  }

  /** The page can be written through its mapping no more. */
  protect(pfn: u32): void {
    if (!isSpecial(pfn) && this.taker != Taker.Unknown) this.at(pfn).protectedBy = <u8>this.taker;
  }

  /** The same for the pages of a folio that is mapped whole. */
  protectHuge(pfn: u32): void {
    if (this.taker == Taker.Unknown) return;
    for (let i: u32 = 0; i < 1 << HUGE_ORDER; i++) this.protect(pfn + i);
  }

  // @ts-ignore: decorator
  @inline
  private take(frame: Frame): void {
    if (this.taker == Taker.Unknown) return;
    // The address goes on to show a page of a file: the next fault brings the same one back.
    const staysBehind = this.taker == Taker.Dontneed && isOfFile(this.at(frame.head));
    frame.takenBy = staysBehind ? <u8>Taker.Unknown : <u8>this.taker;
  }

  /** How often the page is mapped, by entries of any size. */
  mapcountOf(pfn: u32): u32 {
    const frame = this.at(pfn);
    return frame.mapcount + this.at(frame.head).hugeMapcount;
  }

  releaseIfUnused(headPfn: u32): void {
    const head = this.at(headPfn);
    if (head.mappings != 0 || head.pins != 0 || head.dmaPins != 0 || isSpecial(headPfn)) return;
    if ((head.flags & FRAME_FILE) != 0 || (head.flags & FRAME_USED) == 0) return;
    if ((head.flags & FRAME_SWAPCACHE) != 0) {
      // free_swap_cache: the page stays as long as an entry names its slot
      if (this.swap.countOf(head.slot) != 0) return;
      this.swap.release(head.slot);
    }
    this.release(headPfn);
  }

  /**
   * Drops a reference that was held over a flush; that one is over, so the folio may be used again
   * at once.
   */
  putFlushed(headPfn: u32): void {
    const wasQuarantined = this.isQuarantined;
    this.isQuarantined = false;
    this.at(headPfn).pins--;
    this.releaseIfUnused(headPfn);
    this.isQuarantined = wasQuarantined;
  }

  /** Frees the folio at `pfn`, its first frame. */
  release(pfn: u32): void {
    const head = this.at(pfn);
    const order = head.order;
    assert((head.flags & FRAME_USED) != 0, "a frame is freed once");
    for (let i: u32 = 0; i < 1 << order; i++) this.at(pfn + i).flags = 0;
    this.inUse -= 1 << order;
    if (this.isQuarantined) {
      head.slot = this.quarantine;
      this.quarantine = pfn;
    } else {
      this.putOnFreeList(pfn);
    }
  }

  /** The flush is over: what was freed before it may be used again. */
  endQuarantine(): void {
    while (this.quarantine != 0) {
      const pfn = this.quarantine;
      this.quarantine = this.at(pfn).slot;
      this.putOnFreeList(pfn);
    }
  }

  private putOnFreeList(pfn: u32): void {
    const head = this.at(pfn);
    this.sink.freedPage(head.order);
    const list = this.free + ((<usize>head.order) << 2);
    head.slot = load<u32>(list);
    store<u32>(list, pfn);
  }

  /** Makes single pages, or folios of `order`, of the folio that starts at `pfn`. */
  split(pfn: u32, order: u32): void {
    const old = this.at(pfn);
    const size: u32 = 1 << old.order;
    const extra = old.flags & ~FRAME_USED;
    for (let i: u32 = 0; i < size; i++) {
      const frame = this.at(pfn + i);
      frame.head = (pfn + i) & ~((1 << order) - 1);
      frame.order = order;
      frame.flags |=
        FRAME_USED | (extra & (FRAME_DIRTY | FRAME_LAZYFREE | FRAME_FILE | FRAME_ANON));
      frame.owner = old.owner;
      frame.index = old.index + i;
      frame.mappings = 0;
    }
    for (let i: u32 = 0; i < size; i++)
      this.at(this.at(pfn + i).head).mappings += this.at(pfn + i).mapcount;
    for (let i: u32 = 0; i < size; i += 1 << order) this.releaseIfUnused(pfn + i);
  }

  /**
   * Splits the folio at `pfn` so that page `at` of it becomes single and the halves left aside stay
   * as large as they can be.
   */
  splitAround(pfn: u32, at: u32): void {
    const old = this.at(pfn);
    const flags = old.flags & (FRAME_DIRTY | FRAME_LAZYFREE | FRAME_FILE | FRAME_ANON | FRAME_USED);
    const index = old.index;
    let first: u32 = 0;
    for (let order = old.order; order > 0;) {
      order--;
      const half: u32 = 1 << order;
      const kept = at < first + half ? first + half : first;
      this.makeFolio(pfn + kept, order, flags, old.owner, index + kept);
      if (kept == first) first += half;
    }
    this.makeFolio(pfn + first, 0, flags, old.owner, index + first);
  }

  private makeFolio(pfn: u32, order: u32, flags: u32, owner: u32, index: u64): void {
    let mappings: u32 = 0;
    for (let i: u32 = 0; i < 1 << order; i++) {
      const frame = this.at(pfn + i);
      frame.head = pfn;
      frame.flags |= flags;
      frame.owner = owner;
      frame.index = index + i;
      frame.mappings = 0;
      mappings += frame.mapcount;
    }
    const head = this.at(pfn);
    head.order = order;
    head.mappings = mappings;
  }

  private releaseSingle(pfn: u32): void {
    const frame = this.reach(pfn);
    frame.flags = 0;
    frame.slot = load<u32>(this.free);
    store<u32>(this.free, pfn);
  }

  private use(pfn: u32, order: u32, flags: u32): void {
    for (let i: u32 = 0; i < 1 << order; i++) {
      const frame = this.reach(pfn + i);
      const serialBefore = frame.serial;
      const takenBefore = frame.takenBy;
      const takenEver = serialBefore == 0 ? <u8>0 : commonTaker(frame.takenEver, takenBefore);
      memory.fill(changetype<usize>(frame), 0, offsetof<Frame>());
      frame.serialBefore = serialBefore;
      frame.takenBefore = takenBefore;
      frame.takenEver = takenEver;
      frame.serial = ++this.serials;
      frame.head = pfn;
      frame.order = order;
      frame.flags = flags | FRAME_USED;
    }
  }

  /** The frame's record, whose chunk is made when it is first needed. */
  private reach(pfn: u32): Frame {
    const entry = this.chunks + ((<usize>(pfn >> CHUNK_SHIFT)) << 2);
    if (load<u32>(entry) == 0)
      store<u32>(entry, <u32>this.arena.take(1 << (CHUNK_SHIFT + <u32>FRAME_SHIFT)));
    return this.at(pfn);
  }
}
