/**
 * The words that recordings use, in the order of their numbers in the encoding.
 *
 * Source: linux 6.18 include/linux/mm_types.h (enum tlb_flush_reason),
 *         include/linux/migrate_mode.h (enum migrate_mode, enum migrate_reason),
 *         include/trace/events/huge_memory.h, include/trace/events/ksm.h (tracepoints).
 */
import { FlushRule } from "../abi/recording.generated.js";
import type { TlbFlushReason } from "./events.js";

/** Numbered from 0, as the kernel does: FlushReason. */
export const TLB_FLUSH_REASONS: readonly TlbFlushReason[] = [
  "task_switch",
  "remote",
  "local",
  "local_mm",
  "send_ipi",
  "remote_wrong_cpu",
];

/** A flush that is not of one range of one mm is of everything, or found nothing to do. */
export const TLB_FLUSH_RULES: Readonly<Record<TlbFlushReason, FlushRule>> = {
  task_switch: FlushRule.AllOrNone,
  remote: FlushRule.Any,
  local: FlushRule.AllOrNone,
  local_mm: FlushRule.Any,
  send_ipi: FlushRule.Any,
  remote_wrong_cpu: FlushRule.None,
};

/** Whether a flush for this reason can be of so many pages; -1 is everything. */
export function isFlushOf(reason: TlbFlushReason, pages: number): boolean {
  const allowed = TLB_FLUSH_RULES[reason];
  return pages <= 0
    ? pages === 0 || (pages === -1 && allowed !== FlushRule.None)
    : allowed === FlushRule.Any;
}

/** Bits that the error code of an x86 page fault has (arch/x86/include/asm/trap_pf.h). */
export const FAULT_ERROR_BITS = 0x8000_807f;

/** Folios have at most 2^18 pages of 4 KiB: a hugetlb page of 1 GiB. */
export const FOLIO_ORDERS = 19;

export const FILE_KINDS: readonly string[] = ["ext4", "tmpfs", "memfd", "hugetlb"];

/** The last one only up to linux 6.10. */
export const MIGRATE_MODES: readonly string[] = [
  "MIGRATE_ASYNC",
  "MIGRATE_SYNC_LIGHT",
  "MIGRATE_SYNC",
  "MIGRATE_SYNC_NO_COPY",
];

/** The last one is what linux called contig_range up to 5.11. */
export const MIGRATE_REASONS: readonly string[] = [
  "compaction",
  "memory_failure",
  "memory_hotplug",
  "syscall_or_cpuset",
  "mempolicy_mbind",
  "numa_misplaced",
  "contig_range",
  "longterm_pin",
  "demotion",
  "damon",
  "cma",
];

/** Tracepoints of huge_memory, without their mm_. */
export const THP_STEPS: readonly string[] = [
  "collapse_huge_page",
  "collapse_huge_page_isolate",
  "collapse_huge_page_swapin",
  "khugepaged_scan_pmd",
  "khugepaged_scan_file",
  "khugepaged_collapse_file",
];

/** What khugepaged says of a scan or a collapse; some of them only older or newer kernels have. */
export const THP_STATUSES: readonly string[] = [
  "succeeded",
  "failed",
  "pmd_null",
  "pmd_none",
  "no_pte_table",
  "page_pmd_mapped",
  "exceed_none_pte",
  "exceed_swap_pte",
  "exceed_shared_pte",
  "pte_non_present",
  "pte_uffd_wp",
  "pte_mapped_hugepage",
  "no_writable_page",
  "lack_referenced_page",
  "page_null",
  "scan_aborted",
  "not_suitable_page_count",
  "page_not_in_lru",
  "page_locked",
  "page_not_anon",
  "page_lazyfree",
  "page_compound",
  "no_process_for_page",
  "vma_null",
  "vma_check_failed",
  "not_suitable_address_range",
  "page_swap_cache",
  "could_not_delete_page_from_lru",
  "alloc_huge_page_failed",
  "ccgroup_charge_failed",
  "truncated",
  "page_has_private",
  "store_failed",
  "copy_poisoned_page",
  "page_filled",
  "page_dirty_or_writeback",
  "invalid_ptes_none",
];

/** Tracepoints of ksm; the function that reports the first is try_to_merge_one_page. */
export const KSM_STEPS: readonly string[] = ["ksm_merge_one_page", "ksm_merge_with_ksm_page"];

/** Names of signals that an access can raise, without SIG, and their x86-64 numbers. */
export const SIGNAL_NUMBERS: Readonly<Record<string, number>> = {
  ILL: 4,
  TRAP: 5,
  BUS: 7,
  FPE: 8,
  SEGV: 11,
};

export const VMA_NAMES: readonly string[] = [
  "[heap]",
  "[stack]",
  "[vdso]",
  "[vvar]",
  "[vvar_vclock]",
];

/**
 * How the names of the kernel threads that call notifiers begin, by their Kthread number from 1.
 */
export const KTHREAD_PREFIXES: readonly string[] = [
  "ksmd",
  "khugepaged",
  "kcompactd",
  "kswapd",
  "kworker",
  "kdamond",
];

/** Number of a word: from 1 in the order of its list, 0 when the list does not have it. */
export function wordNumber(words: readonly string[], word: string): number {
  return words.indexOf(word) + 1;
}
