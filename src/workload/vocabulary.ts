/**
 * The words that recordings use, in the order of their numbers in the encoding.
 *
 * Source: linux 6.18 include/linux/mm_types.h (enum tlb_flush_reason),
 *         include/linux/migrate_mode.h (enum migrate_mode, enum migrate_reason),
 *         include/trace/events/huge_memory.h, include/trace/events/ksm.h (tracepoints).
 */
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

export const FILE_KINDS: readonly string[] = ["ext4", "tmpfs", "memfd", "hugetlb"];

export const MIGRATE_MODES: readonly string[] = [
  "MIGRATE_ASYNC",
  "MIGRATE_SYNC_LIGHT",
  "MIGRATE_SYNC",
];

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
];

export const THP_STEPS: readonly string[] = [
  "collapse_huge_page",
  "collapse_huge_page_isolate",
  "collapse_huge_page_swapin",
  "khugepaged_scan_pmd",
  "khugepaged_scan_file",
  "khugepaged_collapse_file",
];

export const KSM_STEPS: readonly string[] = ["ksm_merge_one_page", "ksm_merge_with_ksm_page"];

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
