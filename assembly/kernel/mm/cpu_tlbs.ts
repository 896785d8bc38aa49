/**
 * Which CPUs a flush of an mm reaches, and how much each of them flushes.
 *
 * Models:     TLB generations, the ceiling of 33 strides, the full flush of a CPU that missed a
 *             generation, the mask of CPUs (a CPU stays in it until a flush finds it elsewhere),
 *             requests by IPI to each CPU of the mask, of which one that runs something else has
 *             nothing to flush; the flush of a CPU that comes back and is behind; batched flushes;
 *             on arm64 broadcasts with their barrier; where either tells secondary TLBs.
 * Simplifies: which tasks the scheduler runs where is told from outside; arm64 has no range
 *             instructions; a CPU that a kernel thread has borrowed is asked like any other.
 * Source:     linux 6.18 arch/x86/mm/tlb.c (flush_tlb_mm_range, flush_tlb_func,
 *             arch_tlbbatch_flush), arch/arm64/include/asm/tlbflush.h
 */
import { PAGE_SHIFT, PMD_SIZE } from "../../base/page";
import { FlushReason } from "../../abi/recording";
import { EraFacts, SecondaryFlush } from "../era";
import { EVERYTHING, EventSink, FLUSH_ALL } from "../events";
import { CPUS, Mm, addressOfMm, mmAt } from "./mm";
import { allocate } from "../../base/bytes";

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
  /** CPUs that the machine has, as a mask: no other is sent an IPI. */
  private possible: u64 = u64.MAX_VALUE;
  /** CPUs on which threads of one mm always run, and that mm by address. */
  private residents: u64 = 0;
  private residentMm: u32 = 0;
  /** CPUs on which a kernel thread has flushed, without flushing what it had borrowed. */
  private lazy: u64 = 0;

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
    const bit = (<u64>1) << cpu;
    this.possible |= bit;
    const isNew = load<u32>(at) != addressOfMm(mm);
    if (isNew || (mm.cpuMask & bit) == 0 || (this.lazy & bit) != 0) this.flushIfBehind(cpu, mm);
    if (isNew) {
      store<u32>(at, addressOfMm(mm));
      this.catchUp(cpu, mm);
    }
    mm.cpuMask |= bit;
    this.lazy &= ~bit;
  }

  /** The recording shows that `cpu` has flushed what it had missed. */
  reload(cpu: u32, mm: Mm): void {
    this.flushIfBehind(cpu, mm);
    this.catchUp(cpu, mm);
    this.load(cpu, mm);
  }

  /** switch_mm_irqs_off: a CPU that missed a flush while it ran something else does it now. */
  private flushIfBehind(cpu: u32, mm: Mm): void {
    if (this.isBehind(cpu, mm)) this.sink.flushSwitchedIn(mm, cpu);
  }

  /** How many CPUs the machine has (nr_cpu_ids). */
  setPossible(cpus: u32): void {
    this.possible = cpus >= CPUS ? u64.MAX_VALUE : ((<u64>1) << cpus) - 1;
  }

  /** A thread of the mm runs on `cpu` from now on, whatever else happens. */
  addResident(cpu: u32, mm: Mm): void {
    const bit = (<u64>1) << cpu;
    const program = this.cpu;
    this.load(cpu, mm);
    this.cpu = program;
    this.residents |= bit;
    this.possible |= bit;
    this.residentMm = addressOfMm(mm);
  }

  /** No thread is left on any CPU. */
  dropResidents(): void {
    this.residents = 0;
    this.residentMm = 0;
  }

  /** The recording tells which CPUs are in the mask; those that always run the mm are as well. */
  adoptMask(mm: Mm, mask: u64): void {
    mm.cpuMask = this.residentMm == addressOfMm(mm) ? mask | this.residents : mask;
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
      this.sink.flushCpu(mm, this.cpu, page, page + 4096, PAGE_SHIFT);
      this.sink.secondaryFlush(mm, page, page + 4096);
    } else {
      this.sink.cpuFlush(mm, FlushReason.Broadcast, 1);
      this.sink.broadcastFlush(mm, page, page + 4096, PAGE_SHIFT);
    }
    this.sink.tlbBarrier(mm);
  }

  /** ptep_clear_flush_young: the entry of `va` was young and is not any more. */
  flushYoung(mm: Mm, va: u64): void {
    if (!this.facts.flushesYoung) return;
    this.broadcastPage(mm, va);
    if (this.facts.awaitsYoung) this.sink.tlbBarrier(mm);
  }

  /** flush_tlb_page_nosync of arm64. */
  private broadcastPage(mm: Mm, va: u64): void {
    this.sink.cpuFlush(mm, FlushReason.Broadcast, 1);
    this.sink.broadcastFlush(mm, va, va + 4096, PAGE_SHIFT);
    if (this.tellsSecondary()) this.sink.secondaryFlush(mm, va, va + 4096);
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
    this.sink.broadcastFlush(mm, from, to, strideShift);
    if (this.tellsSecondary()) this.sink.secondaryFlush(mm, from, to);
    this.sink.tlbBarrier(mm);
  }

  /** flush_tlb_mm of arm64: TLBI by ASID. */
  private broadcastAll(mm: Mm): void {
    this.sink.cpuFlush(mm, FlushReason.Broadcast, FLUSH_ALL);
    this.sink.broadcastFlush(mm, 0, EVERYTHING, PAGE_SHIFT);
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
    const asks = this.asksOthers(mm);
    if (asks) {
      this.sink.cpuFlush(
        mm,
        FlushReason.SendIpi,
        to == EVERYTHING ? FLUSH_ALL : <i32>((to - from) >> 12),
      );
      this.serveOthers(mm, from, to, strideShift, generation);
    }
    if (isLoaded) this.flushHere(mm, from, to, strideShift, generation);
    else if (this.isLazy) this.lazy |= (<u64>1) << this.cpu;
    if (asks) this.sink.awaitCpus(mm);
  }

  /** The mm was torn down: its last CPU is lazy by now and flushes nothing itself. */
  flushExit(mm: Mm, freedTables: bool): void {
    if (this.facts.broadcasts) {
      if (freedTables) this.broadcastAll(mm);
      return;
    }
    if (this.asksOthers(mm)) {
      this.sink.cpuFlush(mm, FlushReason.SendIpi, FLUSH_ALL);
      this.askMask(mm);
      this.sink.awaitCpus(mm);
    }
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
    mm.batched = 1;
    this.isBatchWritable = this.isBatchWritable || isDirty;
    if (this.facts.broadcasts) {
      this.broadcastPage(mm, va);
      return;
    }
    mm.tlbGeneration++;
    this.batchMask |= mm.cpuMask;
    if (this.tellsSecondary()) this.sink.secondaryFlush(mm, 0, EVERYTHING);
  }

  /**
   * flush_tlb_batched_pending: reclaim has cleared entries of the mm, and their flush may still be
   * to come. Nobody takes the mark off when it has come.
   */
  flushBatchedPending(mm: Mm): void {
    if (mm.batched == 0) return;
    mm.batched = 0;
    this.flushMm(mm);
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
    const asks = this.asksAny(this.batchMask);
    if (asks) {
      this.sink.cpuFlush(mm, FlushReason.SendIpi, FLUSH_ALL);
      this.askBatch(mm);
    }
    if ((this.batchMask & self) != 0) {
      const own = this.loadedOn(this.cpu);
      const loaded = own == 0 ? mm : mmAt(own);
      const isBehind = this.isBehind(this.cpu, loaded);
      this.sink.cpuFlush(loaded, FlushReason.Local, isBehind ? FLUSH_ALL : 0);
      if (isBehind) this.sink.flushCpu(loaded, this.cpu, 0, EVERYTHING, PAGE_SHIFT);
      this.catchUp(this.cpu, loaded);
    }
    if (asks) this.sink.awaitCpus(mm);
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
    const isNext = end != EVERYTHING && generation == known + 1;
    if (isNext) pages = <i32>((end - start) >> strideShift);
    this.catchUp(this.cpu, mm);
    this.sink.cpuFlush(mm, FlushReason.LocalMm, pages);
    this.sink.flushCpu(mm, this.cpu, isNext ? start : 0, isNext ? end : EVERYTHING, strideShift);
  }

  /** CPUs that run `mm` serve the request; those that run something else leave the mask. */
  private serveOthers(mm: Mm, start: u64, end: u64, strideShift: u64, generation: u64): void {
    let asked: u32 = 0;
    for (let cpu: u32 = 0; cpu < CPUS; cpu++) {
      const bit = (<u64>1) << cpu;
      if (cpu == this.cpu || (mm.cpuMask & bit) == 0) continue;
      if (this.loadedOn(cpu) != addressOfMm(mm)) {
        mm.cpuMask &= ~bit;
        if ((this.possible & bit) == 0) continue;
        this.sink.askCpu(mm, cpu, 0, 0, PAGE_SHIFT);
      } else {
        const isNext = end != EVERYTHING && generation == this.generationOf(mm, cpu) + 1;
        this.sink.askCpu(mm, cpu, isNext ? start : 0, isNext ? end : EVERYTHING, strideShift);
        store<u64>(<usize>mm.cpuGenerations + ((<usize>cpu) << 3), generation);
      }
      asked++;
    }
    if (asked == 0) this.askUnknown(mm);
  }

  /** Asks each other CPU of the batch to flush all of what it has loaded, if that lags behind. */
  private askBatch(mm: Mm): void {
    let asked: u32 = 0;
    for (let cpu: u32 = 0; cpu < CPUS; cpu++) {
      if (!this.isAsked(cpu, this.batchMask)) continue;
      const loaded = this.loadedOn(cpu);
      const isBehind = loaded != 0 && this.isBehind(cpu, mmAt(loaded));
      const end = isBehind ? EVERYTHING : 0;
      this.sink.askCpu(loaded == 0 ? mm : mmAt(loaded), cpu, 0, end, PAGE_SHIFT);
      asked++;
    }
    if (asked == 0) this.askUnknown(mm);
  }

  /** Asks each other CPU of its mask to flush all of the mm, if that is what it has loaded. */
  private askMask(mm: Mm): void {
    let asked: u32 = 0;
    for (let cpu: u32 = 0; cpu < CPUS; cpu++) {
      if (!this.isAsked(cpu, mm.cpuMask)) continue;
      const end = this.loadedOn(cpu) == addressOfMm(mm) ? EVERYTHING : 0;
      this.sink.askCpu(mm, cpu, 0, end, PAGE_SHIFT);
      asked++;
    }
    if (asked == 0) this.askUnknown(mm);
  }

  private isAsked(cpu: u32, mask: u64): bool {
    return cpu != this.cpu && (mask & this.possible & ((<u64>1) << cpu)) != 0;
  }

  /** The recording shows a request, and not to which CPU. */
  private askUnknown(mm: Mm): void {
    this.sink.askCpu(mm, this.cpu == 0 ? 1 : 0, 0, 0, PAGE_SHIFT);
  }

  private isBehind(cpu: u32, mm: Mm): bool {
    return this.generationOf(mm, cpu) != mm.tlbGeneration;
  }

  private generationOf(mm: Mm, cpu: u32): u64 {
    return load<u64>(<usize>mm.cpuGenerations + ((<usize>cpu) << 3));
  }

  /** The TLB of `cpu` knows all flushes of `mm` so far. */
  private catchUp(cpu: u32, mm: Mm): void {
    store<u64>(<usize>mm.cpuGenerations + ((<usize>cpu) << 3), mm.tlbGeneration);
  }
}
