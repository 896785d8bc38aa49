/**
 * Which CPUs a flush of an mm reaches, and how much each of them flushes.
 *
 * Models:     TLB generations, the ceiling of 33 strides, the full flush of a CPU that missed a
 *             generation, the mask of CPUs (a CPU stays in it until a flush finds it elsewhere),
 *             batched flushes; on arm64 broadcasts with their barrier; where either tells secondary
 *             TLBs.
 * Simplifies: which tasks the scheduler runs where is told from outside; arm64 has no range
 *             instructions.
 * Source:     linux 6.18 arch/x86/mm/tlb.c (flush_tlb_mm_range, flush_tlb_func,
 *             arch_tlbbatch_flush), arch/arm64/include/asm/tlbflush.h
 */
import { PMD_SIZE } from "../../base/page";
import { FlushReason } from "../../abi/recording";
import { EraFacts, SecondaryFlush } from "../era";
import { EventSink, FLUSH_ALL } from "../events";
import { CPUS, Mm, addressOfMm, mmAt } from "./mm";
import { allocate } from "../../base/bytes";

const EVERYTHING: u64 = u64.MAX_VALUE;
/** The answer to "how many more flushes ask other CPUs" when nobody knows. */
export const AS_THE_MASK_SAYS: i32 = -1;

export class CpuTlbs {
  cpu: u32 = 0;
  /** A kernel thread runs: it flushes nothing of the mm whose tables it borrows. */
  isLazy: bool = false;
  /**
   * How many of the flushes to come reach other CPUs, where the recording tells; see `asksOthers`.
   */
  requestsLeft: i32 = AS_THE_MASK_SAYS;
  /**
   * More strides than this are flushed as everything (tlb_single_page_flush_ceiling, MAX_DVM_OPS).
   */
  ceiling: u64;
  private batchMask: u64 = 0;
  /** An entry that the batch is to flush was dirty (tlbflush_unmap_batch.writable). */
  isBatchWritable: bool = false;
  /** The mm whose page the batch got last, or 0 when it holds none. */
  private batchMm: u32 = 0;
  private readonly loaded: usize = allocate(CPUS * 4);

  constructor(
    private readonly sink: EventSink,
    private readonly facts: EraFacts,
  ) {
    this.ceiling = facts.flushCeiling;
  }

  /**
   * The task that runs on `cpu` now belongs to `mm`: it loads the tables, and its TLB is up to
   * date.
   */
  load(cpu: u32, mm: Mm): void {
    this.cpu = cpu;
    const at = this.loaded + ((<usize>cpu) << 2);
    if (load<u32>(at) != addressOfMm(mm)) {
      store<u32>(at, addressOfMm(mm));
      this.catchUp(cpu, mm);
    }
    mm.cpuMask |= (<u64>1) << cpu;
  }

  /** The mm that `cpu` has loaded, by address; 0 when none is known. */
  loadedOn(cpu: u32): u32 {
    return load<u32>(this.loaded + ((<usize>cpu) << 2));
  }

  /** Says which mm `cpu` had loaded at the time of what is carried out next. */
  setLoaded(cpu: u32, mm: u32): void {
    store<u32>(this.loaded + ((<usize>cpu) << 2), mm);
  }

  forget(mm: Mm): void {
    for (let cpu: u32 = 0; cpu < CPUS; cpu++) {
      const at = this.loaded + ((<usize>cpu) << 2);
      if (load<u32>(at) == addressOfMm(mm)) store<u32>(at, 0);
    }
  }

  flushMm(mm: Mm): void {
    this.flushRange(mm, 0, EVERYTHING, 12, true);
  }

  flushPage(mm: Mm, va: u64): void {
    this.flushRange(mm, va, va + 4096, 12, false);
  }

  /** ptep_clear_flush_notify, behind the clearing. */
  flushPageNotify(mm: Mm, va: u64): void {
    this.flushRangeNotify(mm, va, va + 4096, 12, false);
  }

  /** mmu_notifier_invalidate_range by hand, where a flush of CPUs before it did not tell. */
  notifySecondary(mm: Mm, start: u64, end: u64): void {
    if (this.facts.secondaryFlush == SecondaryFlush.NotifySites) {
      this.sink.secondaryFlush(mm, start, end);
    }
  }

  /**
   * A flush of CPUs that stands beside mmu_notifier_invalidate_range, as long as that was called by
   * hand.
   */
  flushRangeNotify(mm: Mm, start: u64, end: u64, strideShift: u64, freedTables: bool): void {
    this.flushRange(mm, start, end, strideShift, freedTables);
    this.notifySecondary(mm, start, end);
  }

  /**
   * flush_tlb_range and its kin: secondary TLBs hear of it only where the architecture tells them.
   */
  flushRange(mm: Mm, start: u64, end: u64, strideShift: u64, freedTables: bool): void {
    if (this.facts.broadcasts) {
      this.broadcastRange(mm, start, end, strideShift);
      return;
    }
    this.flushCpus(mm, start, end, strideShift);
    // last, and exact although the CPUs may have flushed everything
    if (this.tellsSecondary()) this.sink.secondaryFlush(mm, start, end);
  }

  /** flush_pmd_tlb_range of the block that one entry maps. */
  flushPmd(mm: Mm, block: u64): void {
    this.flushRange(mm, block, block + PMD_SIZE, this.facts.pmdFlushShift, true);
  }

  /** pmdp_huge_clear_flush_notify, behind the clearing. */
  flushPmdNotify(mm: Mm, block: u64): void {
    this.flushPmd(mm, block);
    this.notifySecondary(mm, block, block + PMD_SIZE);
  }

  /**
   * The entry of `va` became writable in a fault: CPUs that hold it read-only fault once more on
   * x86.
   */
  flushUpgrade(mm: Mm, va: u64): void {
    if (!this.facts.flushesUpgrades) return;
    const page = va & ~4095;
    if (this.tellsSecondary()) {
      this.sink.cpuFlush(mm, FlushReason.LocalMm, 1);
      this.sink.secondaryFlush(mm, page, page + 4096);
    } else {
      this.sink.cpuFlush(mm, FlushReason.Broadcast, 1);
    }
    this.sink.tlbBarrier(mm);
  }

  /** The secondary flush stands in the architecture's flush functions. */
  private tellsSecondary(): bool {
    return this.facts.secondaryFlush == SecondaryFlush.ArchFlush;
  }

  /**
   * __flush_tlb_range of arm64: secondary TLBs are told between the instructions and the barrier.
   */
  private broadcastRange(mm: Mm, start: u64, end: u64, strideShift: u64): void {
    const stride = (<u64>1) << strideShift;
    const from = start & ~(stride - 1);
    const to = end == EVERYTHING ? EVERYTHING : (end + stride - 1) & ~(stride - 1);
    if (to == EVERYTHING || (to - from) >> strideShift > this.ceiling) {
      this.broadcastAll(mm);
      if (this.tellsSecondary()) this.sink.secondaryFlush(mm, 0, EVERYTHING);
      return;
    }
    this.sink.cpuFlush(mm, FlushReason.Broadcast, <i32>((to - from) >> strideShift));
    if (this.tellsSecondary()) this.sink.secondaryFlush(mm, from, to);
    this.sink.tlbBarrier(mm);
  }

  /** flush_tlb_mm of arm64: TLBI by ASID. */
  private broadcastAll(mm: Mm): void {
    this.sink.cpuFlush(mm, FlushReason.Broadcast, FLUSH_ALL);
    this.sink.tlbBarrier(mm);
  }

  /** flush_tlb_mm_range of x86, as far as CPUs are concerned. */
  private flushCpus(mm: Mm, start: u64, end: u64, strideShift: u64): void {
    let from = start;
    let to = end;
    if (to == EVERYTHING || (to - from) >> strideShift > this.ceiling) {
      from = 0;
      to = EVERYTHING;
    }
    const generation = ++mm.tlbGeneration;
    const isLoaded =
      !this.isLazy && load<u32>(this.loaded + ((<usize>this.cpu) << 2)) == addressOfMm(mm);
    if (this.asksOthers(mm)) {
      this.sink.cpuFlush(
        mm,
        FlushReason.SendIpi,
        to == EVERYTHING ? FLUSH_ALL : <i32>((to - from) >> 12),
      );
      this.serveOthers(mm, generation);
    }
    if (isLoaded) this.flushHere(mm, from, to, strideShift, generation);
  }

  /** The mm was torn down: its last CPU is lazy by now and flushes nothing itself. */
  flushExit(mm: Mm, freedTables: bool): void {
    if (this.facts.broadcasts) {
      if (freedTables) this.broadcastAll(mm);
      return;
    }
    if (this.asksOthers(mm)) this.sink.cpuFlush(mm, FlushReason.SendIpi, FLUSH_ALL);
  }

  /** should_defer_flush: reclaim may leave the flush of an unmapped page to the batch. */
  defersFlush(mm: Mm): bool {
    return this.facts.batchesReclaim && (this.facts.broadcasts || this.hasOtherCpus(mm));
  }

  /**
   * Reclaim unmapped the page at `va` and leaves the flush for later (arch_tlbbatch_add_pending).
   */
  addToBatch(mm: Mm, va: u64, isDirty: bool): void {
    this.batchMm = addressOfMm(mm);
    this.isBatchWritable = this.isBatchWritable || isDirty;
    if (this.facts.broadcasts) {
      this.sink.cpuFlush(mm, FlushReason.Broadcast, 1);
      if (this.tellsSecondary()) this.sink.secondaryFlush(mm, va, va + 4096);
      return;
    }
    mm.tlbGeneration++;
    this.batchMask |= mm.cpuMask;
    if (this.tellsSecondary()) this.sink.secondaryFlush(mm, 0, EVERYTHING);
  }

  hasPendingBatch(): bool {
    return this.batchMm != 0;
  }

  /** Flushes what the batch has gathered, on every CPU that runs one of its mms. */
  flushPendingBatch(): void {
    if (this.batchMm == 0) return;
    const mm = mmAt(this.batchMm);
    if (this.facts.broadcasts) this.sink.tlbBarrier(mm);
    else this.flushBatchOfCpus(mm);
    this.batchMask = 0;
    this.batchMm = 0;
    this.isBatchWritable = false;
  }

  /** Every CPU asked flushes the mm that it has loaded, if that lags behind. */
  private flushBatchOfCpus(mm: Mm): void {
    const self = (<u64>1) << this.cpu;
    if (this.asksAny(this.batchMask)) this.sink.cpuFlush(mm, FlushReason.SendIpi, FLUSH_ALL);
    if ((this.batchMask & self) != 0) {
      const own = load<u32>(this.loaded + ((<usize>this.cpu) << 2));
      const loaded = own == 0 ? mm : mmAt(own);
      const upToDate = this.generationOf(loaded, this.cpu) == loaded.tlbGeneration;
      this.sink.cpuFlush(loaded, FlushReason.Local, upToDate ? 0 : FLUSH_ALL);
      this.catchUp(this.cpu, loaded);
    }
    for (let cpu: u32 = 0; cpu < CPUS; cpu++) {
      const other = load<u32>(this.loaded + ((<usize>cpu) << 2));
      if (other != 0 && (this.batchMask & ((<u64>1) << cpu)) != 0) this.catchUp(cpu, mmAt(other));
    }
  }

  hasOtherCpus(mm: Mm): bool {
    return (mm.cpuMask & ~((<u64>1) << this.cpu)) != 0;
  }

  /** Whether a CPU other than this one is in the mask of `mm`, and so has to be asked. */
  private asksOthers(mm: Mm): bool {
    return this.asksAny(mm.cpuMask);
  }

  private asksAny(mask: u64): bool {
    if (this.requestsLeft == AS_THE_MASK_SAYS) return (mask & ~((<u64>1) << this.cpu)) != 0;
    if (this.requestsLeft == 0) return false;
    this.requestsLeft--;
    return true;
  }

  private flushHere(mm: Mm, start: u64, end: u64, strideShift: u64, generation: u64): void {
    const known = this.generationOf(mm, this.cpu);
    let pages = FLUSH_ALL;
    if (end != EVERYTHING && generation == known + 1) pages = <i32>((end - start) >> strideShift);
    this.catchUp(this.cpu, mm);
    this.sink.cpuFlush(mm, FlushReason.LocalMm, pages);
  }

  /** CPUs that run `mm` serve the request; those that run something else leave the mask. */
  private serveOthers(mm: Mm, generation: u64): void {
    for (let cpu: u32 = 0; cpu < CPUS; cpu++) {
      const bit = (<u64>1) << cpu;
      if (cpu == this.cpu || (mm.cpuMask & bit) == 0) continue;
      if (load<u32>(this.loaded + ((<usize>cpu) << 2)) == addressOfMm(mm)) {
        store<u64>(<usize>mm.cpuGenerations + ((<usize>cpu) << 3), generation);
      } else {
        mm.cpuMask &= ~bit;
      }
    }
  }

  private generationOf(mm: Mm, cpu: u32): u64 {
    return load<u64>(<usize>mm.cpuGenerations + ((<usize>cpu) << 3));
  }

  /** The TLB of `cpu` knows all flushes of `mm` so far. */
  catchUp(cpu: u32, mm: Mm): void {
    store<u64>(<usize>mm.cpuGenerations + ((<usize>cpu) << 3), mm.tlbGeneration);
  }
}
