/**
 * What a version of the kernel does where versions differ: a table of facts, read where an
 * operation or a flush begins.
 *
 * Models:     x86 of 3.17, 3.19, 4.15, 6.4 and 6.19, as far as secondary TLBs can tell them apart.
 * Simplifies: the ranges and the order of an operation are those of 6.18 in every era.
 *                                                                              (DEVIATIONS D10)
 * Source:     linux 3.17 to 6.19 include/linux/mmu_notifier.h, mm/mmu_notifier.c, mm/memory.c,
 *             arch/x86/mm/tlb.c
 */
import { Era, InvalidationScope } from "../abi/vocabulary";

export class EraFacts {
  constructor(
    /** invalidate_range or arch_invalidate_secondary_tlbs exists and is called at flushes. */
    readonly hasSecondaryFlush: bool,
    /** How the AMD driver of that time names a range to the IOMMU. */
    readonly scope: InvalidationScope,
  ) {}
}

export function factsOf(era: Era): EraFacts {
  switch (era) {
    case Era.Linux3_17:
      return new EraFacts(false, InvalidationScope.Pasid);
    case Era.Linux3_19:
      return new EraFacts(true, InvalidationScope.PageOrPasid);
    case Era.Linux4_15:
      return new EraFacts(true, InvalidationScope.PageOrPasid);
    case Era.Linux6_4:
      return new EraFacts(true, InvalidationScope.PowerOfTwo);
    default:
      return new EraFacts(true, InvalidationScope.PowerOfTwo);
  }
}
