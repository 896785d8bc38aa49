/**
 * The oracle: judges every use of a translation, and is consulted by nobody in the model.
 *
 * Models:     stale reads and writes (the frame belongs to somebody else by now), writes to a frame
 *             that was promised read-only, writes lost after a copy, two frames for one address,
 *             walks through a table page that was freed and reused, failed devices.
 * Simplifies: memory is sequentially consistent; the judgement falls when an access reaches memory,
 *             not when it is issued.
 * Source:     linux include/asm-generic/tlb.h (unhook, flush, free); PCIe base specification,
 *             chapter 10 (what a device may still do before an invalidation completes).
 */
import { FrameMark, FrameOwner, Property, Taker } from "../abi/vocabulary";
import { allocate, byteAt, longAt, putByte, putLong, wordAt } from "../base/bytes";

export const MARK_PROMISED: u8 = <u8>FrameMark.Promised;
export const MARK_COPIED: u8 = <u8>FrameMark.Copied;
export const MARK_REPLACED: u8 = <u8>FrameMark.Replaced;

const PROPERTIES: u32 = 8;

export class Oracle {
  /** A bit for each property violated since the last take(). */
  private found: u32 = 0;
  /** What was promised of each frame. */
  readonly marks: usize;
  /** How often each property was violated, and when first (time in ns). */
  private readonly counts: usize;
  private readonly firstAt: usize;
  private readonly firstPages: usize;
  /** For each property, how often what the mm did led to a violation, and what led to the first. */
  private readonly takerCounts: usize;
  private readonly firstTakers: usize;
  /** The table of the last stale walk. */
  table: u32 = 0;
  /** The clock of a timed run; an exploration has none. */
  now: u64 = 0;
  /** The page whose use a timed run judges. */
  page: u64 = 0;

  /**
   * Owners and generations are the kernel's own tables, of data frames and of table frames; they
   * are read here and never written.
   */
  constructor(
    frames: u32,
    private readonly owners: usize,
    private readonly generations: usize,
    private readonly tableOwners: usize,
    private readonly tableGenerations: usize,
  ) {
    this.marks = allocate(frames);
    this.counts = allocate(PROPERTIES << 3);
    this.firstAt = allocate(PROPERTIES << 3);
    this.firstPages = allocate(PROPERTIES << 3);
    this.takerCounts = allocate((PROPERTIES * Taker.COUNT) << 3);
    this.firstTakers = allocate(PROPERTIES);
  }

  mark(frame: u32, mark: u8): void {
    putByte(this.marks, frame, byteAt(this.marks, frame) | mark);
  }

  unmark(frame: u32, mark: u8): void {
    putByte(this.marks, frame, byteAt(this.marks, frame) & ~mark);
  }

  /** The frame starts a new life with a new owner. */
  forget(frame: u32): void {
    putByte(this.marks, frame, 0);
  }

  /** An access of a device reaches memory; `generation` is the frame's when it was translated. */
  accessLands(frame: u32, isWrite: bool, generation: u32): void {
    const isReused = this.isOwnedAnew(this.owners, this.generations, frame, generation);
    if (isReused) {
      this.report(isWrite ? Property.StaleWrite : Property.StaleRead);
      return;
    }
    const marks = byteAt(this.marks, frame);
    if (marks == 0) return;
    if ((marks & MARK_REPLACED) != 0) this.report(Property.SplitBrain);
    if (!isWrite) return;
    if ((marks & MARK_PROMISED) != 0) this.report(Property.ReadonlyWrite);
    if ((marks & MARK_COPIED) != 0) this.report(Property.LostWrite);
  }

  /** A walker reads an entry of the table in `frame`, which it came to know at `generation`. */
  walkReads(frame: u32, generation: u32): void {
    if (this.isOwnedAnew(this.tableOwners, this.tableGenerations, frame, generation)) {
      this.table = frame;
      this.report(Property.StaleWalk);
    }
  }

  deviceFailed(): void {
    this.report(Property.DeviceFailure);
  }

  /** The bits of the properties violated since the last call. */
  take(): u32 {
    const found = this.found;
    this.found = 0;
    return found;
  }

  count(property: Property): u64 {
    return longAt(this.counts, property);
  }

  firstTime(property: Property): u64 {
    return longAt(this.firstAt, property);
  }

  /** The page of a property's first violation. */
  firstPage(property: Property): u64 {
    return longAt(this.firstPages, property);
  }

  /** The violation that was reported last came about through what `taker` did. */
  attribute(property: Property, taker: Taker): void {
    const slot = property * Taker.COUNT + taker;
    if (this.count(property) == 1) putByte(this.firstTakers, property, <u8>taker);
    putLong(this.takerCounts, slot, longAt(this.takerCounts, slot) + 1);
  }

  countBy(property: Property, taker: Taker): u64 {
    return longAt(this.takerCounts, property * Taker.COUNT + taker);
  }

  /** What led to a property's first violation. */
  firstTaker(property: Property): Taker {
    return <Taker>byteAt(this.firstTakers, property);
  }

  private isOwnedAnew(owners: usize, generations: usize, frame: u32, generation: u32): bool {
    return (
      byteAt(owners, frame) == <u8>FrameOwner.Reused || wordAt(generations, frame) != generation
    );
  }

  /** Records a violation. */
  report(property: Property): void {
    this.found |= 1 << property;
    const seen = longAt(this.counts, property);
    if (seen == 0) {
      putLong(this.firstAt, property, this.now);
      putLong(this.firstPages, property, this.page);
    }
    putLong(this.counts, property, seen + 1);
  }
}
