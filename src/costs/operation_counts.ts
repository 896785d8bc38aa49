/**
 * What an operation does, in counts: the same counts that a timed run makes, by rule.
 *
 * Models:     one range pair for each call (two for mremap, one for each written vma in fork); one
 *             flush for each call, of single pages up to the ceiling and of everything above it.
 * Simplifies: page tables that munmap and MADV_DONTNEED free cost nothing of their own.
 * Source:     linux 6.18 mm/, arch/x86/mm/tlb.c (tlb_single_page_flush_ceiling)
 */
import { z } from "zod";
import { argumentsOf } from "../scenario/arguments.js";
import { MEASURED_OPERATIONS, type MeasuredOperation } from "./measured.js";
import type { CostCounts } from "./parameters.js";

export const FLUSH_CEILING_PAGES = 33;
const TABLE_PAGES = 512;

/** What a flush of `pages` pages is made of. */
export function flushCounts(pages: number): CostCounts {
  return pages <= FLUSH_CEILING_PAGES ? { flushPage: pages } : { flushAll: 1 };
}

export interface OperationCounts {
  /** Without a notifier. */
  steps: CostCounts;
  /** TLB flushes, each of which is sent to every other CPU that runs the mm. */
  flushes: number;
  /** Range pairs announced, as far as they are known. */
  pairs: number;
}

const checkArguments = argumentsOf("countsOf", {
  operation: z.enum(MEASURED_OPERATIONS),
  pages: z.int().min(1),
});

/** The counts of one call, or of one fault, for operations that were measured. */
export function countsOf(operation: MeasuredOperation, pages: number): OperationCounts {
  checkArguments({ operation, pages });
  switch (operation) {
    case "munmap":
    case "dontneed":
      return call({ [operation]: 1, pageZapped: pages, ...flushCounts(pages) });
    case "mprotect_ro":
    case "mprotect_rw":
      return call({ [operation]: 1, pageProtected: pages, ...flushCounts(pages) });
    case "mremap":
      return moved(pages);
    case "fork":
      return forked(1, pages);
    case "fork_vmas":
      return forked(pages, pages);
    case "cow_fault":
      return call({ fault: 1, pageCopied: 1, pageReplaced: 1, ...flushCounts(1) });
    case "fault_zero_cow":
      return call({ fault: 1, pageZeroed: 1, pageReplaced: 1, ...flushCounts(1) });
    case "fault_write":
      return { steps: { fault: 1, pageZeroed: 1 }, flushes: 0, pairs: 0 };
    case "fault_read":
      return { steps: { fault: 1 }, flushes: 0, pairs: 0 };
    case "fault_file_read":
      return { steps: { fileFault: 1 }, flushes: 0, pairs: 0 };
  }
}

function call(steps: CostCounts): OperationCounts {
  return { steps, flushes: 1, pairs: 1 };
}

/**
 * Whole tables move by one entry each and are flushed one by one; the source is announced twice.
 */
function moved(pages: number): OperationCounts {
  const tables = Math.floor(pages / TABLE_PAGES);
  const rest = pages % TABLE_PAGES;
  const flush = rest === 0 ? {} : flushCounts(rest);
  const flushAll = tables + (flush.flushAll ?? 0);
  return {
    steps: { mremap: 1, pageMoved: rest, tableMoved: tables, ...flush, flushAll },
    flushes: tables + (rest === 0 ? 0 : 1),
    pairs: 2,
  };
}

/** The parent's mm is flushed once, when every vma has been copied. */
function forked(vmas: number, pages: number): OperationCounts {
  const steps = { fork: 1, vmaForked: vmas, pageForked: pages, flushAll: 1 };
  return { steps, flushes: 1, pairs: vmas };
}
