/**
 * Between the mm and whoever listens: what the mm says, as the calls that its version of the kernel
 * makes of it.
 *
 * Models:     the flush that the end of a pair implies, its absence behind `_only_end`, and which
 *             callbacks exist. Nobody is called before a notifier is registered or after its
 *             release.
 * Simplifies: some callers of the kernel are left out.                         (DEVIATIONS D12)
 * Source:     linux include/linux/mmu_notifier.h, mm/mmu_notifier.c of 3.17, 3.19, 4.15, 6.4 and
 *             6.19
 */
import { FlushReason } from "../abi/recording";
import { allocate, longAt, putLong } from "../base/bytes";
import { EraFacts, SecondaryFlush } from "./era";
import { EventSink, NotifierEvent } from "./events";
import { Mm } from "./mm/mm";

/** Pairs nest by a few; those that never end (mprotect at address 0) are kept up to this. */
const OPEN_MAX: u32 = 64;

export class Announcer extends EventSink {
  private open: u32 = 0;
  private readonly starts: usize = allocate(OPEN_MAX << 3);
  private readonly ends: usize = allocate(OPEN_MAX << 3);

  /**
   * An address for which a notifier holds a lock: it refuses a range of it that may not block; 0:
   * none.
   */
  heldAt: u64 = 0;

  constructor(
    private readonly sink: EventSink,
    private readonly facts: EraFacts,
  ) {
    super();
  }

  rangeStart(mm: Mm, event: NotifierEvent, start: u64, end: u64): void {
    this.push(start, end);
    if (mm.hasNotifier != 0) this.sink.rangeStart(mm, event, start, end);
  }

  rangeStartNonblock(mm: Mm, event: NotifierEvent, start: u64, end: u64): bool {
    const refuses = this.heldAt >= start && this.heldAt < end && this.heldAt != 0;
    if (mm.hasNotifier != 0 && refuses) return false;
    const wasHeard = mm.hasNotifier == 0 || this.sink.rangeStartNonblock(mm, event, start, end);
    if (wasHeard) this.push(start, end);
    return wasHeard;
  }

  rangeStartOwned(mm: Mm, event: NotifierEvent, start: u64, end: u64, owner: u32): void {
    this.push(start, end);
    if (mm.hasNotifier == 0) return;
    if (this.facts.rangesHaveOwners) this.sink.rangeStartOwned(mm, event, start, end, owner);
    else this.sink.rangeStart(mm, event, start, end);
  }

  rangeEnd(mm: Mm): void {
    const last = --this.open;
    if (mm.hasNotifier == 0) return;
    if (this.facts.endFlushesSecondary && last < OPEN_MAX) {
      this.sink.secondaryFlushAtEnd(mm, longAt(this.starts, last), longAt(this.ends, last));
    }
    this.sink.rangeEnd(mm);
  }

  /**
   * mmu_notifier_invalidate_range_only_end: the flush that the end implies was done inside the
   * pair.
   */
  rangeOnlyEnd(mm: Mm): void {
    if (!this.facts.hasOnlyEnd) {
      this.rangeEnd(mm);
      return;
    }
    this.open--;
    if (mm.hasNotifier != 0) this.sink.rangeEnd(mm);
  }

  cpuFlush(mm: Mm, reason: FlushReason, pages: i32): void {
    this.sink.cpuFlush(mm, reason, pages);
  }

  flushCpu(mm: Mm, cpu: u32, start: u64, end: u64, strideShift: u64): void {
    this.sink.flushCpu(mm, cpu, start, end, strideShift);
  }

  flushSwitchedIn(mm: Mm, cpu: u32): void {
    this.sink.flushSwitchedIn(mm, cpu);
  }

  askCpu(mm: Mm, cpu: u32, start: u64, end: u64, strideShift: u64): void {
    this.sink.askCpu(mm, cpu, start, end, strideShift);
  }

  awaitCpus(mm: Mm): void {
    this.sink.awaitCpus(mm);
  }

  broadcastFlush(mm: Mm, start: u64, end: u64, strideShift: u64): void {
    this.sink.broadcastFlush(mm, start, end, strideShift);
  }

  tlbBarrier(mm: Mm): void {
    this.sink.tlbBarrier(mm);
  }

  secondaryFlush(mm: Mm, start: u64, end: u64): void {
    if (this.facts.secondaryFlush == SecondaryFlush.None || mm.hasNotifier == 0) return;
    this.sink.secondaryFlush(mm, start, end);
  }

  invalidatePage(mm: Mm, va: u64): void {
    if (this.facts.hasInvalidatePage && mm.hasNotifier != 0) this.sink.invalidatePage(mm, va);
  }

  changePte(mm: Mm, va: u64): void {
    if (this.facts.hasChangePte && mm.hasNotifier != 0) this.sink.changePte(mm, va);
  }

  clearFlushYoung(mm: Mm, start: u64, end: u64): void {
    if (mm.hasNotifier == 0) return;
    this.sink.clearFlushYoung(mm, start, this.facts.youngHasRange ? end : start + 4096);
  }

  clearYoung(mm: Mm, start: u64, end: u64): void {
    if (this.facts.hasClearYoung && mm.hasNotifier != 0) this.sink.clearYoung(mm, start, end);
  }

  testYoung(mm: Mm, va: u64): void {
    if (mm.hasNotifier != 0) this.sink.testYoung(mm, va);
  }

  private push(start: u64, end: u64): void {
    if (this.open < OPEN_MAX) {
      putLong(this.starts, this.open, start);
      putLong(this.ends, this.open, end);
    }
    this.open++;
  }

  /** The notifier hears of nothing that follows. */
  release(mm: Mm): void {
    if (mm.hasNotifier != 0) this.sink.release(mm);
    mm.hasNotifier = 0;
  }

  freedPage(order: u32): void {
    this.sink.freedPage(order);
  }

  freedTable(): void {
    this.sink.freedTable();
  }
}
