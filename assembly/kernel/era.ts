/**
 * What versions of the kernel and architectures do differently: a table of facts, read at the top
 * of an operation or of a flush. It is written from the newest kernel backwards: each function
 * below says what an older one lacks, or does in another way.
 *
 * Models:     3.17, 3.19, 4.15, 6.4 and 6.19, on x86-64 and arm64; 6.18 is 6.19.
 * Simplifies: an operation that a version does not have is carried out as later ones do it; CPU
 *             flushes of old versions have the ranges of 6.19 where docs/eras.md says nothing else.
 *                                                                             (DEVIATIONS D10)
 * Source:     linux 3.17 to 6.19: include/linux/mmu_notifier.h, include/asm-generic/tlb.h, mm/,
 *             arch/x86/mm/tlb.c, arch/arm64/include/asm/tlbflush.h
 */
import { LEVEL_PMD, LEVEL_PUD } from "../base/page";
import { Arch, Era, InvalidationScope } from "../abi/vocabulary";

/** Which CPU flushes reach secondary TLBs. */
export const enum SecondaryFlush {
  /** None: there is no such callback. */
  None = 0,
  /** Those of the gather, and the sites that call the `_notify` form of a flush. */
  NotifySites = 1,
  /** All of them: the call stands in the architecture's flush functions. */
  ArchFlush = 2,
}

/** Where the zap of a VMA that maps frames without pages is flushed, besides with its gather. */
export const enum FrameMapFlush {
  None = 0,
  /** At the end of the VMA, inside the pair (5.19). */
  VmaEnd = 1,
  /** Behind the pair, before the VMAs are unlinked (6.16). */
  VmaFree = 2,
}

export class EraFacts {
  // ---- secondary TLBs
  secondaryFlush: SecondaryFlush = SecondaryFlush.ArchFlush;
  /** mmu_notifier_invalidate_range_end flushes the pair's range once more. */
  endFlushesSecondary: bool = false;
  /**
   * mmu_notifier_invalidate_range_only_end exists, for sites that have flushed inside their pair.
   */
  hasOnlyEnd: bool = false;
  /** KSM, hugetlb and huge zero pages use the `_notify` form where an entry only loses rights. */
  notifiesDowngrades: bool = false;
  /** A gather that flushes at the end of a vma tells secondary TLBs. */
  vmaEndNotifies: bool = true;
  /** How the AMD driver of that time names a range to the IOMMU. */
  scope: InvalidationScope = InvalidationScope.PowerOfTwo;

  // ---- callbacks
  /**
   * invalidate_page, after the page-table lock is dropped, in place of a pair in the reverse map.
   */
  hasInvalidatePage: bool = false;
  /** set_pte_at_notify calls change_pte before it sets the entry. */
  hasChangePte: bool = false;

  /** clear_flush_young is given a range; else one address. */
  youngHasRange: bool = true;
  /** clear_young, for who needs no flush (4.3). */
  hasClearYoung: bool = true;

  /** The LRU may be one of generations (6.1) ... */
  hasGenerations: bool = true;
  /** ... which tells notifiers of the bits that it clears (6.14). */
  tellsGenerations: bool = true;

  /** A range says whose it is (5.9). */
  rangesHaveOwners: bool = true;

  // ---- operations
  /** migrate_vma flushes an exclusive page as soon as its entry is cleared (5.19). */
  flushesExclusive: bool = true;
  /** A device gets a page's whole folio to itself, and the fault that ends it is EXCLUSIVE too. */
  takesFolios: bool = false;
  /** uprobes write a private page where it is (6.15); else they replace it by a copy. */
  rewritesProbed: bool = true;
  /** uprobes drop the copy with the last breakpoint (5.4). */
  dropsProbed: bool = true;
  /** Ranges of hugetlb reach to where a pmd table may be shared (4.20). */
  widensShared: bool = true;
  /** ... and a VMA that is cut inside such a table unshares it (6.2). */
  unsharesSplit: bool = true;
  /** ... and userfaultfd's write protection unshares what it marks (5.13). */
  unsharesMarked: bool = true;
  /** A zap flushes for a pmd table that it unshares (5.16). */
  flushesUnshared: bool = true;
  /** The OOM reaper takes an mm with a notifier, which may not block then (4.19). */
  reapsNotified: bool = true;
  /** ... and begins at its last VMA (6.18). */
  reapsBackwards: bool = true;
  /** mprotect's pair begins at the first populated entry of this level ... */
  protectLevel: u32 = LEVEL_PUD;
  /**
   * ... and its flush is the gather's, of what needs one; else it is of the range, if anything
   * changed.
   */
  gathersProtection: bool = true;
  /** NUMA hints spare private pages that others map, and dirty ones of disks (4.17). */
  sparesShared: bool = true;
  /** The gather keeps a run of a folio's pages as one, with its length (6.9). */
  gathersFolios: bool = true;
  /** Tables are freed by the page full of them (MMU_GATHER_RCU_TABLE_FREE). */
  batchesTables: bool = true;
  /** mprotect of hugetlb pages has a gather of its own: the outer one flushes everything. */
  nestsHugetlbGather: bool = true;
  /** The flush of frames without pages. */
  frameMapFlush: FrameMapFlush = FrameMapFlush.VmaFree;
  /** One gather serves all ranges of a madvise call; else each vma has its own. */
  sharesAdviceGather: bool = true;
  /** MADV_DONTNEED frees pte tables that it empties (PT_RECLAIM). */
  reclaimsTables: bool = true;
  /** mremap moves pmd and pud entries whole, and flushes step by step; else once for the range. */
  movesTables: bool = true;
  /** mremap begins at the block's start when nothing else lies there. */
  realignsMoves: bool = true;
  /** Writing to a 2 MiB page that is shared copies it whole; else it is split. */
  copiesHugePages: bool = false;
  /** Writing to the huge zero page installs a huge page; else it is split. */
  replacesHugeZero: bool = true;
  /**
   * try_to_unmap clears the entries of a lazily freed folio as one, and flushes the range whatever
   * was in it (6.15).
   */
  unmapsInRuns: bool = true;
  /** A block of anonymous memory collapses only if some entry of it is writable (until 6.17). */
  collapsesWritable: bool = false;
  /**
   * Retracting the pte table of a file's block stands in a pair and is flushed to secondary TLBs.
   */
  announcesRetract: bool = true;

  // ---- the architecture
  /** CPUs are flushed by broadcast instructions and a barrier, not by interrupts. */
  broadcasts: bool = false;
  /**
   * The gather keeps growing over vmas (MMU_GATHER_MERGE_VMAS); else it flushes at the end of each.
   */
  mergesVmas: bool = true;
  /** More strides than this are flushed as everything. */
  flushCeiling: u64 = 33;
  /** The stride of the flush of a 2 MiB entry, as a shift (flush_pmd_tlb_range). */
  pmdFlushShift: u64 = 12;
  /** Reclaim leaves the flush of CPUs to a batch (ARCH_WANT_BATCHED_UNMAP_TLB_FLUSH). */
  batchesReclaim: bool = true;
  /**
   * The flush of an entry that becomes writable in a fault: secondary TLBs may hold it read-only.
   */
  flushesUpgrades: bool = false;
  /** The flush of an entry whose accessed bit reclaim clears ... */
  flushesYoung: bool = false;
  /** ... and whether it is waited for (ptep_clear_flush_young). */
  awaitsYoung: bool = false;
}

export function factsOf(era: Era, arch: Arch): EraFacts {
  const facts = new EraFacts();
  const isArm64 = arch == Arch.Arm64;
  if (isArm64) onArm64(facts);
  if (era <= Era.Linux6_4) asIn6_4(facts, isArm64);
  if (era <= Era.Linux4_15) asIn4_15(facts, isArm64);
  if (era <= Era.Linux3_19) asIn3_19(facts);
  if (era <= Era.Linux3_17) asIn3_17(facts);
  return facts;
}

function onArm64(facts: EraFacts): void {
  facts.broadcasts = true;
  facts.mergesVmas = false;
  // MAX_DVM_OPS: 512 operations are too many
  facts.flushCeiling = 511;
  facts.pmdFlushShift = 21;
  facts.flushesUpgrades = true;
  facts.reclaimsTables = false;
  facts.flushesYoung = true;
}

/** Before 6.6 moved the secondary flush into the architectures' flush functions. */
function asIn6_4(facts: EraFacts, isArm64: bool): void {
  facts.secondaryFlush = SecondaryFlush.NotifySites;
  facts.endFlushesSecondary = true;
  facts.hasOnlyEnd = true;
  facts.hasChangePte = true;
  facts.protectLevel = LEVEL_PMD;
  facts.nestsHugetlbGather = false;
  facts.sharesAdviceGather = false;
  facts.reclaimsTables = false;
  facts.gathersFolios = false;
  facts.batchesTables = isArm64;
  facts.realignsMoves = false;
  facts.replacesHugeZero = false;
  facts.unmapsInRuns = false;
  facts.collapsesWritable = true;
  facts.reapsBackwards = false;
  facts.takesFolios = true;
  facts.tellsGenerations = false;
  facts.frameMapFlush = FrameMapFlush.VmaEnd;
  facts.rewritesProbed = false;
  if (isArm64) facts.batchesReclaim = false;
}

/** Before table moves, the gather of mprotect and the pair of retract_page_tables. */
function asIn4_15(facts: EraFacts, isArm64: bool): void {
  facts.scope = InvalidationScope.PageOrPasid;
  facts.vmaEndNotifies = false;
  facts.gathersProtection = false;
  facts.sparesShared = false;
  facts.rangesHaveOwners = false;
  facts.hasGenerations = false;
  facts.frameMapFlush = FrameMapFlush.None;
  facts.flushesExclusive = false;
  facts.dropsProbed = false;
  facts.widensShared = false;
  facts.unsharesSplit = false;
  facts.unsharesMarked = false;
  facts.flushesUnshared = false;
  facts.movesTables = false;
  facts.copiesHugePages = true;
  facts.replacesHugeZero = true;
  facts.announcesRetract = false;
  // MAX_TLB_RANGE: 1024 pages
  if (isArm64) facts.flushCeiling = 1024;
  facts.pmdFlushShift = 12;
  facts.awaitsYoung = true;
  facts.reapsNotified = false;
}

/** Before the reverse map got pairs, before reclaim was batched. */
function asIn3_19(facts: EraFacts): void {
  facts.hasOnlyEnd = false;
  facts.notifiesDowngrades = true;
  facts.hasClearYoung = false;
  facts.hasInvalidatePage = true;
  facts.batchesReclaim = false;
}

/** Before invalidate_range. */
function asIn3_17(facts: EraFacts): void {
  facts.secondaryFlush = SecondaryFlush.None;
  facts.endFlushesSecondary = false;
  facts.youngHasRange = false;
  facts.scope = InvalidationScope.Pasid;
}
