/**
 * The steps that operations are made of, in the order in which an operation names them.
 *
 * A planner (kernel/operations) reads VMAs and decides; it never writes a page table. Each step
 * binds to the page tables as they are when the step is carried out: at once in a replay, with
 * latencies and other actors in between in a simulation. Steps of one plan are carried out in the
 * order of the calls.
 */
import { NotifierEvent } from "./events";
import { Mm } from "./mm/mm";
import { Vma } from "./mm/vma";

/** What a zap may do besides clearing entries. */
export const enum ZapKind {
  Unmap = 0,
  /** MADV_DONTNEED: pte tables of whole blocks that become empty are freed too (PT_RECLAIM). */
  Discard = 1,
  /** A hole in a file: private copies stay. */
  FileOnly = 2,
  /** A truncated file: private copies go too. */
  File = 3,
  /** A range that is emptied for guard markers: tables stay. */
  Guard = 4,
  /** An mm that is about to die. */
  Reap = 5,
}

/** What change_protection is called for. */
export const enum ProtectKind {
  Mprotect = 0,
  UffdProtect = 1,
  UffdResolve = 2,
  /** change_prot_numa: the next access faults, and tells where the page is used. */
  NumaHint = 3,
}

/** Who asks whether a folio is in use. */
export const enum AgeReason {
  /** Idle page tracking, which flushes nothing. */
  Idle = 0,
  /** Reclaim from the classic LRU. */
  Reclaim = 1,
  /** Reclaim from an LRU of generations. */
  Generations = 2,
}

export abstract class Plan {
  abstract mmapLockWrite(mm: Mm): void;
  abstract mmapLockRead(mm: Mm): void;
  abstract mmapUnlock(mm: Mm): void;
  /** The VMAs of `[start, end)` are out of reach of faults from here on. */
  abstract detach(mm: Mm, start: u64, end: u64): void;
  /** Faults find a VMA at `[start, end)` from here on. */
  abstract attach(mm: Mm, start: u64, end: u64): void;

  abstract rangeStart(mm: Mm, event: NotifierEvent, start: u64, end: u64): void;
  /** A range whose notifiers may not block; false when one of them refuses it. */
  abstract rangeStartNonblock(mm: Mm, event: NotifierEvent, start: u64, end: u64): bool;
  /** A range that says whose it is: a driver may leave its own alone. */
  abstract rangeStartOwned(mm: Mm, event: NotifierEvent, start: u64, end: u64, owner: u32): void;
  abstract rangeEnd(mm: Mm): void;
  /** The end of a pair in which secondary TLBs were flushed. */
  abstract rangeOnlyEnd(mm: Mm): void;

  /** Opens the gather that the zaps, protections and freed tables up to `finishGather` share. */
  abstract beginGather(mm: Mm): void;
  abstract finishGather(): void;

  /** Clears the entries of `[start, end)`, which belongs to `vma`. */
  abstract zap(vma: Vma, start: u64, end: u64, kind: ZapKind): void;
  /** The VMAs that were zapped are about to be unlinked (tlb_free_vmas). */
  abstract freeVmas(): void;
  /** A driver maps frames of its device at `[start, end)`. */
  abstract mapFrames(vma: Vma, start: u64, end: u64): void;
  /**
   * Unlinks the page tables that `[start, end)` used and that nothing in `[floor, ceiling)` can
   * need.
   */
  abstract freeTables(mm: Mm, start: u64, end: u64, floor: u64, ceiling: u64): void;
  /** Gives the entries of `[start, end)` the protection that `vma` has now. */
  abstract changeProtection(vma: Vma, start: u64, end: u64): void;
  /** NUMA balancing: the next access to a page of the range faults. */
  abstract hintNuma(vma: Vma, start: u64, end: u64): void;
  /** userfaultfd: write-protects the range, or lifts that. */
  abstract protectForUffd(vma: Vma, start: u64, end: u64, protects: bool): void;
  /** MADV_FREE: entries become clean and old, their pages lazily freed. */
  abstract markLazyFree(vma: Vma, start: u64, end: u64): void;
  /** Entries lose the right to write and the mark that they were written. */
  abstract clearSoftDirty(vma: Vma, start: u64, end: u64): void;
  /** MADV_PAGEOUT: folios of `[start, end)`, which is in one block, leave the LRU. */
  abstract isolateFolios(vma: Vma, start: u64, end: u64): void;
  /** The folios that have left the LRU are reclaimed, and their flush is done. */
  abstract reclaimIsolated(): void;
  /** UFFDIO_COPY and UFFDIO_ZEROPAGE: one page; false when there is one. */
  abstract fillUserHole(vma: Vma, va: u64, isZero: bool): bool;
  /** PAGEMAP_SCAN: what was written in a part of one pte table is protected and flushed. */
  abstract scanTable(vma: Vma, start: u64, end: u64): void;
  /** ... or a 2 MiB entry. */
  abstract scanHugeEntry(vma: Vma, block: u64): void;
  /** MADV_COLD: entries become old. */
  abstract markCold(vma: Vma, start: u64, end: u64): void;
  /**
   * Clears the accessed bits of a folio in every mm; how many were set.
   */
  abstract ageFolio(headPfn: u32, reason: AgeReason): u32;
  /** A new generation of the LRU begins: entries that were accessed become old. */
  abstract ageEntries(vma: Vma, start: u64, end: u64): void;
  /** khugepaged: whether the pages that the table of `block` maps are in use. */
  abstract testYoungTable(vma: Vma, block: u64, table: u32): void;
  /** A driver that tracks writes: entries lose the right to write, or their dirty bits. */
  abstract trackWrites(vma: Vma, start: u64, end: u64, cleans: bool): void;
  /** DAMON: the entry of `va` becomes old. */
  abstract sampleYoung(vma: Vma, va: u64): void;
  /** DAMON: whether `va` was accessed since. */
  abstract testYoung(vma: Vma, va: u64): bool;
  /** Moves the entries of `[start, end)` of `source` to `target` in `targetVma`. */
  abstract moveTables(source: Vma, start: u64, target: u64, end: u64, targetVma: Vma): void;
  /** UFFDIO_MOVE of single entries, as long as they can go in one run; how many bytes went. */
  abstract moveUserPages(vma: Vma, source: u64, target: u64, length: u64): u64;
  /** ... of a 2 MiB entry; false when it has to stay. */
  abstract moveUserBlock(vma: Vma, source: u64, target: u64): bool;
  /** fork: copies the entries of `parent`, write-protecting both sides where pages are private. */
  abstract copyRange(parent: Vma, child: Vma): void;
  abstract flushMm(mm: Mm): void;
  /** hugetlb: whoever shared tables of the range does not any more. */
  abstract unshareTables(mm: Mm, start: u64, end: u64): void;
  /** Splits what maps the block of `va` as 2 MiB. */
  abstract splitHugeEntry(vma: Vma, va: u64): void;

  // migrate_vma, in this order; the first stands inside a pair, the third inside another.
  abstract collectForDevice(vma: Vma, start: u64, end: u64): void;
  abstract unmapCollected(): void;
  abstract fillHoles(vma: Vma): void;
  abstract finishMigration(): void;
  /** The pages of the range are a device's alone. */
  abstract makeExclusive(vma: Vma, start: u64, end: u64): void;
  /** The page of `va` is back from the device that had it to itself. */
  abstract restoreExclusive(vma: Vma, va: u64): void;
  /** uprobes: clears and flushes the entry of `va`, then puts it back or drops its page. */
  abstract rewritePage(vma: Vma, va: u64, isDropped: bool): void;

  abstract installGuards(vma: Vma, start: u64, end: u64): void;
  abstract removeGuards(vma: Vma, start: u64, end: u64): void;
  /**
   * Unlinks and flushes the pte table of `block`, inside a pair of the block; returns the table.
   */
  abstract detachTable(vma: Vma, block: u64): u32;
  /** Copies what the detached `table` maps into a huge page, and maps that. */
  abstract collapseTable(vma: Vma, block: u64, table: u32): void;
  /** The cached pages of 2 MiB of a file, from `index` on, leave every mapping, and are flushed. */
  abstract unmapCached(file: u32, index: u64): void;
  /** One huge folio takes the place of the cached pages; returns its first frame. */
  abstract replaceCached(file: u32, index: u64): u32;
  /** Unlinks, flushes and frees the pte table of a file's block, inside a pair of it. */
  abstract retractTable(vma: Vma, block: u64): void;
  abstract freeRetracted(): void;
  /** Maps the huge folio at `block`, where nothing is mapped. */
  abstract mapCollapsed(vma: Vma, block: u64, pfn: u32): void;

  // Folios of files, in every mm that maps them.
  /** Splits the folio around its page `at`; false when it is dirty or held. */
  abstract splitFileFolio(headPfn: u32, at: i32): bool;
  abstract unmapFileFolio(headPfn: u32): void;
  /** Its entries lose the right to write, and the mark that they were written. */
  abstract cleanFileFolio(headPfn: u32): void;

  /** The mm is going away: its notifiers are released, and nothing that follows is announced. */
  abstract beginExit(mm: Mm): void;
  abstract finishExit(mm: Mm): void;

  // Faults. Only `replacePage` and `replaceHugePage` stand inside a notifier pair.
  abstract installAnonymous(vma: Vma, va: u64, isWrite: bool): void;
  abstract installHuge(vma: Vma, va: u64, isWrite: bool): void;
  abstract installHugetlb(vma: Vma, va: u64, isWrite: bool): void;
  abstract installForRead(vma: Vma, va: u64): void;
  abstract installForWrite(vma: Vma, va: u64): void;
  abstract installPrivateCopy(vma: Vma, va: u64): void;
  abstract installFromSwap(vma: Vma, va: u64, isWrite: bool): void;
  abstract makeWritable(vma: Vma, va: u64): void;
  abstract makeHugeWritable(mm: Mm, va: u64): void;
  abstract clearNumaHint(vma: Vma, va: u64): void;
  abstract clearUffdProtection(vma: Vma, va: u64): void;
  /** Clears and flushes the entry, then points it to a private copy. */
  abstract replacePage(vma: Vma, va: u64): void;
  /** The same for 2 MiB. */
  abstract replaceHugePage(vma: Vma, va: u64): void;
  /** Drops the mm's reference to the page that was replaced, behind the pair. */
  abstract putReplaced(): void;
}
