/**
 * Which CPUs a flush of an mm reaches, and how much each of them flushes.
 *
 * Models:     TLB generations, the ceiling of 33 strides, the full flush of a CPU that missed a
 *             generation, the mask of CPUs (a CPU stays in it until a flush finds it elsewhere),
 *             batched flushes.
 * Simplifies: which tasks the scheduler runs where is told from outside.
 * Source:     linux 6.18 arch/x86/mm/tlb.c (flush_tlb_mm_range, flush_tlb_func,
 *             arch_tlbbatch_flush)
 */
import { FlushReason } from "../../abi/recording";
import { EventSink, FLUSH_ALL } from "../events";
import { CPUS, Mm, addressOfMm, mmAt } from "./mm";
import { allocate } from "../../base/bytes";

/** tlb_single_page_flush_ceiling. */
const CEILING: u64 = 33;
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
  ceiling: u64 = CEILING;
  private batchMask: u64 = 0;
  /**
   * The mm whose pages the batch holds, or 0: reclaim of one mm's pages at a time is what
   * recordings show.
   */
  private batchMm: u32 = 0;
  private readonly loaded: usize = allocate(CPUS * 4);

  constructor(private readonly sink: EventSink) {}

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

  flushRange(mm: Mm, start: u64, end: u64, strideShift: u64, freedTables: bool): void {
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
    this.sink.secondaryFlush(mm, from, to);
  }

  /** The mm was torn down: its last CPU is lazy by now and flushes nothing itself. */
  flushExit(mm: Mm): void {
    if (this.asksOthers(mm)) this.sink.cpuFlush(mm, FlushReason.SendIpi, FLUSH_ALL);
  }

  /** Reclaim unmapped a page of `mm` and leaves the flush for later. */
  addToBatch(mm: Mm): void {
    mm.tlbGeneration++;
    this.batchMask |= mm.cpuMask;
    this.batchMm = addressOfMm(mm);
    this.sink.secondaryFlush(mm, 0, EVERYTHING);
  }

  /** Flushes what the batch has gathered, on every CPU that runs one of its mms. */
  flushPendingBatch(): void {
    if (this.batchMm == 0) return;
    const mm = mmAt(this.batchMm);
    const self = (<u64>1) << this.cpu;
    if (this.asksOthers(mm)) this.sink.cpuFlush(mm, FlushReason.SendIpi, FLUSH_ALL);
    if ((this.batchMask & self) != 0) {
      const upToDate = this.generationOf(mm, this.cpu) == mm.tlbGeneration;
      this.sink.cpuFlush(mm, FlushReason.Local, upToDate ? 0 : FLUSH_ALL);
      this.catchUp(this.cpu, mm);
    }
    for (let cpu: u32 = 0; cpu < CPUS; cpu++) {
      if (load<u32>(this.loaded + ((<usize>cpu) << 2)) == addressOfMm(mm)) this.catchUp(cpu, mm);
    }
    this.batchMask = 0;
    this.batchMm = 0;
  }

  hasOtherCpus(mm: Mm): bool {
    return (mm.cpuMask & ~((<u64>1) << this.cpu)) != 0;
  }

  /** Whether a CPU other than this one is in the mask of `mm`, and so has to be asked. */
  private asksOthers(mm: Mm): bool {
    if (this.requestsLeft == AS_THE_MASK_SAYS) return this.hasOtherCpus(mm);
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
