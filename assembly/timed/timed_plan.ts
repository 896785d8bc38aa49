/**
 * The plan of a timed run: each step is carried out at once, and then time passes for it, in which
 * devices, IOMMU and workers act before the next step of the same operation.
 *
 * Models:     mmap_lock against workers; the window between a change of entries and its flush; the
 *             page-table lock, held over every flush but that of a gather.
 * Source:     linux mm/mmap_lock.c, include/asm-generic/tlb.h
 */
import { Latency, Taker, TraceWhat } from "../abi/vocabulary";
import { ImmediatePlan } from "../kernel/immediate_plan";
import { Locks, NOBODY } from "../kernel/locks";
import { addressOfMm, Mm } from "../kernel/mm/mm";
import { Vma } from "../kernel/mm/vma";
import { ZapKind } from "../kernel/plan";
import { Machine } from "./machine";
import { Notifier, PROGRAM_ID } from "./notifier";
import { Workers } from "./workers";

export class TimedPlan extends ImmediatePlan {
  /** The id of the mm that devices are attached to; others cost no time. */
  attachedMm: u32 = 0;
  workers: Workers | null = null;
  /** An operation of the attached mm is being carried out. */
  isOperating: bool = false;
  private readers: u32 = 0;
  private writers: u32 = 0;

  constructor(
    private readonly machine: Machine,
    private readonly notifier: Notifier,
    private readonly locks: Locks,
  ) {
    super();
  }

  /** Whoever holds the lock for read gives it up for that long, as khugepaged's callers do. */
  mmapLockWrite(mm: Mm): void {
    if (mm.id != this.attachedMm || this.notifier.isImmediate) return;
    if (this.writers++ > 0) return;
    if (this.readers > 0) this.locks.mmapReaders--;
    while (!this.locks.canWrite()) {
      if (this.isDeadlocked()) this.machine.deadlock();
      this.machine.step();
    }
    this.locks.mmapWriter = PROGRAM_ID;
    this.notifier.spend(this.machine.cost(Latency.Operation));
  }

  /** Readers of mmap_lock wait for the driver's lock, which nobody will release. */
  private isDeadlocked(): bool {
    const holder = this.locks.driver;
    if (holder == NOBODY) return false;
    const workers = this.workers!;
    return holder == PROGRAM_ID ? workers.wantsDriverLock() : workers.isBlocked(holder);
  }

  mmapLockRead(mm: Mm): void {
    if (mm.id != this.attachedMm || this.notifier.isImmediate) return;
    if (this.writers > 0 || this.readers++ > 0) return;
    this.locks.mmapReaders++;
    this.notifier.spend(this.machine.cost(Latency.Operation));
  }

  mmapUnlock(mm: Mm): void {
    if (mm.id != this.attachedMm || this.notifier.isImmediate) return;
    if (this.writers > 0) {
      if (--this.writers > 0) return;
      this.locks.mmapWriter = NOBODY;
      if (this.readers > 0) this.locks.mmapReaders++;
    } else if (this.readers > 0) {
      if (--this.readers > 0) return;
      this.locks.mmapReaders--;
    }
    const workers = this.workers;
    if (workers != null) workers.wake();
  }

  /** A page fault of the program takes mmap_lock for read. */
  mmapLockForFault(): void {
    while (!this.locks.canRead()) this.machine.step();
    this.locks.mmapReaders++;
  }

  mmapUnlockAfterFault(): void {
    if (this.locks.mmapReaders > 0) this.locks.mmapReaders--;
  }

  finishGather(): void {
    this.notifier.holdsPageTable = false;
    super.finishGather();
    this.notifier.holdsPageTable = true;
  }

  freeVmas(): void {
    this.notifier.holdsPageTable = false;
    super.freeVmas();
    this.notifier.holdsPageTable = true;
  }

  /** Says what takes entries away from here on; nobody watches those of another mm. */
  private enter(taker: Taker, mm: u32): void {
    const now = mm == this.attachedAddress ? taker : Taker.Unknown;
    this.kernel.frames.taker = now;
    this.kernel.tables.taker = now;
  }

  /** The same for folios that several mms may map. */
  private enterFolios(taker: Taker): void {
    const now = this.isOperating ? taker : Taker.Unknown;
    this.kernel.frames.taker = now;
    this.kernel.tables.taker = now;
  }

  zap(vma: Vma, start: u64, end: u64, kind: ZapKind): void {
    this.enter(takerOf(kind), vma.mm);
    super.zap(vma, start, end, kind);
    this.spendOn(TraceWhat.Cleared, vma, start, end);
  }

  freeTables(mm: Mm, start: u64, end: u64, floor: u64, ceiling: u64): void {
    this.enter(Taker.Munmap, addressOfMm(mm));
    if (mm.id == this.attachedMm) this.notifier.beforeChange(start, end);
    super.freeTables(mm, start, end, floor, ceiling);
  }

  changeProtection(vma: Vma, start: u64, end: u64): void {
    this.enter(Taker.Mprotect, vma.mm);
    super.changeProtection(vma, start, end);
    this.spendOn(TraceWhat.Protected, vma, start, end);
  }

  hintNuma(vma: Vma, start: u64, end: u64): void {
    this.enter(Taker.Other, vma.mm);
    super.hintNuma(vma, start, end);
    this.spendOn(TraceWhat.Protected, vma, start, end);
  }

  protectForUffd(vma: Vma, start: u64, end: u64, protects: bool): void {
    this.enter(Taker.Other, vma.mm);
    super.protectForUffd(vma, start, end, protects);
  }

  clearSoftDirty(vma: Vma, start: u64, end: u64): void {
    this.enter(Taker.Other, vma.mm);
    super.clearSoftDirty(vma, start, end);
    this.spendOn(TraceWhat.Protected, vma, start, end);
  }

  collectForDevice(vma: Vma, start: u64, end: u64): void {
    this.enter(Taker.Migrate, vma.mm);
    super.collectForDevice(vma, start, end);
    this.spendOn(TraceWhat.Protected, vma, start, end);
  }

  moveTables(source: Vma, start: u64, target: u64, end: u64, targetVma: Vma): void {
    this.enter(Taker.Mremap, source.mm);
    super.moveTables(source, start, target, end, targetVma);
  }

  isolateFolios(vma: Vma, start: u64, end: u64): void {
    this.enter(Taker.Reclaim, vma.mm);
    super.isolateFolios(vma, start, end);
    this.spendOn(TraceWhat.Protected, vma, start, end);
  }

  reclaimIsolated(): void {
    this.enterFolios(Taker.Reclaim);
    super.reclaimIsolated();
  }

  fillUserHole(vma: Vma, va: u64, isZero: bool): bool {
    const isFilled = super.fillUserHole(vma, va, isZero);
    if (isFilled && vma.mm == this.attachedAddress)
      this.notifier.spend(this.machine.cost(Latency.Fault));
    return isFilled;
  }

  scanTable(vma: Vma, start: u64, end: u64): void {
    this.enter(Taker.Other, vma.mm);
    super.scanTable(vma, start, end);
    this.spendOn(TraceWhat.Protected, vma, start, end);
  }

  scanHugeEntry(vma: Vma, block: u64): void {
    this.enter(Taker.Other, vma.mm);
    super.scanHugeEntry(vma, block);
  }

  moveUserPages(vma: Vma, source: u64, target: u64, length: u64): u64 {
    this.enter(Taker.Other, vma.mm);
    const moved = super.moveUserPages(vma, source, target, length);
    if (moved != 0) this.spendOn(TraceWhat.Cleared, vma, source, source + moved);
    return moved;
  }

  moveUserBlock(vma: Vma, source: u64, target: u64): bool {
    this.enter(Taker.Other, vma.mm);
    return super.moveUserBlock(vma, source, target);
  }

  detachTable(vma: Vma, block: u64): u32 {
    this.enter(Taker.Collapse, vma.mm);
    return super.detachTable(vma, block);
  }

  collapseTable(vma: Vma, block: u64, table: u32): void {
    this.enter(Taker.Collapse, vma.mm);
    super.collapseTable(vma, block, table);
  }

  unmapCached(file: u32, index: u64): void {
    this.enterFolios(Taker.Collapse);
    super.unmapCached(file, index);
  }

  retractTable(vma: Vma, block: u64): void {
    this.enter(Taker.Collapse, vma.mm);
    super.retractTable(vma, block);
  }

  splitFileFolio(headPfn: u32, at: i32): bool {
    this.enterFolios(Taker.Truncate);
    return super.splitFileFolio(headPfn, at);
  }

  unmapFileFolio(headPfn: u32): void {
    this.enterFolios(Taker.Truncate);
    super.unmapFileFolio(headPfn);
  }

  cleanFileFolio(headPfn: u32): void {
    this.enterFolios(Taker.Other);
    super.cleanFileFolio(headPfn);
  }

  trackWrites(vma: Vma, start: u64, end: u64, cleans: bool): void {
    this.enter(Taker.Other, vma.mm);
    super.trackWrites(vma, start, end, cleans);
    this.spendOn(TraceWhat.Protected, vma, start, end);
  }

  replaceHugePage(vma: Vma, va: u64): void {
    this.enter(Taker.Cow, vma.mm);
    super.replaceHugePage(vma, va);
  }

  copyRange(parent: Vma, child: Vma): void {
    this.enter(Taker.Cow, parent.mm);
    super.copyRange(parent, child);
    this.spendOn(TraceWhat.Protected, parent, parent.start, parent.end);
  }

  replacePage(vma: Vma, va: u64): void {
    this.enter(Taker.Cow, vma.mm);
    super.replacePage(vma, va);
    if (vma.mm == this.attachedAddress) this.machine.note(TraceWhat.Replaced, va >> 12, 1);
  }

  /** The mm is gone: whoever waited for its lock is answered without it. */
  forgetLocks(): void {
    this.readers = 0;
    this.writers = 0;
    this.locks.mmapWriter = NOBODY;
  }

  /** Clearing or changing the entries of a range; sparse ranges cost what their tables can hold. */
  private spendOn(what: TraceWhat, vma: Vma, start: u64, end: u64): void {
    if (vma.mm != this.attachedAddress) return;
    this.machine.note(what, start >> 12, (end - start) >> 12);
    const pages = min((end - start) >> 12, ENTRIES_MAX);
    this.notifier.spend(pages * this.machine.cost(Latency.ClearEntry));
  }

  /** Where the attached mm lies in memory; VMAs name their mm by it. */
  attachedAddress: u32 = 0;
}

function takerOf(kind: ZapKind): Taker {
  if (kind == ZapKind.Unmap) return Taker.Munmap;
  if (kind == ZapKind.Reap) return Taker.Other;
  return kind == ZapKind.Discard ? Taker.Dontneed : Taker.Truncate;
}

/** A range is charged for at most this many entries, since most of a large one is empty. */
const ENTRIES_MAX: u64 = 512;
