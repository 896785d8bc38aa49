/** The operations that can be explored, by the ids of the command line. */
import { Operation } from "../abi/vocabulary.generated.js";

export const OPERATIONS = {
  munmap: {
    code: Operation.Munmap,
    title: "munmap whose gather is full: leaf pages are freed inside the range pair",
    pagesMax: 2,
  },
  munmap_late: {
    code: Operation.MunmapLate,
    title: "the usual small munmap: flush and free after the range pair",
    pagesMax: 2,
  },
  dontneed: {
    code: Operation.Dontneed,
    title: "madvise(MADV_DONTNEED): the VMA stays, a fault may map a new page in the window",
    pagesMax: 2,
  },
  mprotect: { code: Operation.Mprotect, title: "mprotect to read-only", pagesMax: 2 },
  cow: { code: Operation.Cow, title: "fork, then the parent's write", pagesMax: 2 },
  migrate: { code: Operation.Migrate, title: "migration of a page", pagesMax: 2 },
  ksm: { code: Operation.Ksm, title: "KSM merges a page", pagesMax: 2 },
  collapse: { code: Operation.Collapse, title: "khugepaged collapses a table", pagesMax: 1 },
  mremap: {
    code: Operation.Mremap,
    title: "mremap moves the mapping, then another one takes its place",
    pagesMax: 1,
  },
} as const;

export type OperationId = keyof typeof OPERATIONS;

export const OPERATION_IDS = Object.keys(OPERATIONS) as OperationId[];

/** The operations of the matrix that verdicts of other checkers are compared with. */
export const MATRIX_IDS: readonly OperationId[] = OPERATION_IDS.filter((id) => id !== "mremap");
