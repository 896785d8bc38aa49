/** Small programs, each ending in one operation that the notifier table of the mm has a row for. */
import { ReplayAction } from "../../src/abi/recording.generated.js";
import type { RecordingHeader } from "../../src/workload/recording.js";
import { type ArchName, type EraName, KernelProbe } from "./kernel_probe.js";
import { at, PAGE, PRIVATE, type Program, R, RW } from "./program.js";

const SHARED_FILE = 1;
const HUGETLB = PRIVATE | 0x40000;
const DONTNEED = 4;
const FREE = 8;
const MERGEABLE = 12;
const COLD = 20;
const PAGEOUT = 21;
const COLLAPSE = 25;
const GUARD_INSTALL = 102;
/** Pages of 2 MiB; block 1 is where huge pages lie. */
export const BLOCK = 512;

interface Operation {
  settings?: Partial<RecordingHeader>;
  prepare: (program: Program) => unknown;
  act: (program: Program) => unknown;
}

const mapped = (pages: number) => (p: Program) => p.map(0, pages).write(0, pages).drain();
const forked = (pages: number) => (p: Program) => mapped(pages)(p).fork();
const hugePage = (p: Program) => p.map(BLOCK, BLOCK).write(BLOCK, 1).drain();
const hugetlb = (p: Program) =>
  p
    .map(BLOCK, 2 * BLOCK, RW, HUGETLB)
    .write(BLOCK, 1)
    .write(2 * BLOCK, 1);
const cleanFile = (p: Program) =>
  p.file(10, "memfd", 8).map(0, 8, R, SHARED_FILE, 10).read(0, 8).drain();

export const OPERATIONS = {
  munmap: { prepare: mapped(8), act: (p) => p.unmap(0, 8) },
  "munmap of two vmas": {
    prepare: (p) => p.map(0, 2).map(16, 2).map(32, 1).write(0, 2).write(16, 2).write(32, 1).drain(),
    act: (p) => p.unmap(0, 32),
  },
  "munmap of 9,800 pages": { prepare: mapped(9800), act: (p) => p.unmap(0, 9800) },
  "munmap of dirty shared memory": {
    prepare: (p) =>
      p.file(10, "memfd", 8).map(0, 8, RW, SHARED_FILE, 10).write(0, 4).touch(0, 4).drain(),
    act: (p) => p.unmap(0, 8),
  },
  "mmap over a mapping": { prepare: mapped(8), act: (p) => p.map(0, 8) },
  exit: { prepare: mapped(8), act: (p) => p.end() },
  MADV_DONTNEED: { prepare: mapped(4), act: (p) => p.advise(0, 4, DONTNEED) },
  "MADV_DONTNEED of two vmas": {
    prepare: (p) => p.map(0, 2).map(2, 2, R).write(0, 2).read(2, 2).drain(),
    act: (p) => p.advise(0, 4, DONTNEED),
  },
  "MADV_DONTNEED of 2 MiB": {
    prepare: (p) => p.map(0, BLOCK).write(0, 2).drain(),
    act: (p) => p.advise(0, BLOCK, DONTNEED),
  },
  MADV_FREE: { prepare: (p) => mapped(4)(p).touch(0, 4), act: (p) => p.advise(0, 4, FREE) },
  MADV_COLD: { prepare: mapped(4), act: (p) => p.advise(0, 4, COLD) },
  "guard pages": { prepare: mapped(4), act: (p) => p.advise(0, 4, GUARD_INSTALL) },
  truncate: { prepare: cleanFile, act: (p) => p.call("ftruncate", { fd: 10, len: 6 * PAGE }) },
  "hole punch": {
    prepare: cleanFile,
    act: (p) => p.call("fallocate", { fd: 10, mode: 3, off: 4 * PAGE, len: 2 * PAGE }),
  },
  mprotect: { prepare: mapped(4), act: (p) => p.protect(0, 4, R) },
  "mprotect of a huge page": {
    settings: { thp: "always" },
    prepare: hugePage,
    act: (p) => p.protect(BLOCK, BLOCK, R),
  },
  "mprotect of hugetlb": { prepare: hugetlb, act: (p) => p.protect(BLOCK, 2 * BLOCK, R) },
  mremap: { prepare: mapped(4), act: (p) => p.remap(0, 4, 100) },
  "mremap of 2 MiB": {
    prepare: (p) => p.map(BLOCK, BLOCK).write(BLOCK, 4).drain(),
    act: (p) => p.remap(BLOCK, BLOCK, 4 * BLOCK),
  },
  "mremap of hugetlb": {
    prepare: hugetlb,
    act: (p) => p.remap(BLOCK, 2 * BLOCK, 8 * BLOCK),
  },
  fork: {
    prepare: (p) => p.map(0, 2).map(16, 2).map(32, 2).write(0, 1).write(16, 1).drain(),
    act: (p) => p.fork(),
  },
  "fork with hugetlb": { prepare: hugetlb, act: (p) => p.fork() },
  "copy-on-write": { prepare: forked(4), act: (p) => p.write(0, 1) },
  "copy-on-write of the zero page": {
    prepare: (p) => p.map(0, 4).read(0, 4).drain(),
    act: (p) => p.write(1, 1),
  },
  "write to a page that nobody shares any more": {
    prepare: (p) => p.exit(forked(4)(p)),
    act: (p) => p.write(0, 1),
  },
  "first write": { prepare: (p) => p.map(0, 4), act: (p) => p.write(0, 4) },
  "write to the huge zero page": {
    settings: { thp: "always" },
    prepare: (p) => p.map(BLOCK, BLOCK).read(BLOCK, 1),
    act: (p) => p.write(BLOCK, 1),
  },
  "write to a shared huge page": {
    settings: { thp: "always" },
    prepare: (p) => hugePage(p).fork(),
    act: (p) => p.write(BLOCK, 1),
  },
  "copy-on-write of hugetlb": {
    prepare: (p) => hugetlb(p).fork(),
    act: (p) => p.write(BLOCK, 1),
  },
  "unmapping of hugetlb": { prepare: hugetlb, act: (p) => p.unmap(BLOCK, 2 * BLOCK) },
  "split of a huge page": {
    settings: { thp: "always" },
    prepare: hugePage,
    act: (p) => p.advise(BLOCK, 1, DONTNEED),
  },
  collapse: {
    prepare: (p) => p.map(BLOCK, BLOCK).write(BLOCK, 4).drain(),
    act: (p) => p.advise(BLOCK, BLOCK, COLLAPSE),
  },
  "collapse of a file's block": {
    prepare: (p) => p.file(10, "memfd", BLOCK).map(BLOCK, BLOCK, R, SHARED_FILE, 10).read(BLOCK, 1),
    act: (p) => p.advise(BLOCK, BLOCK, COLLAPSE),
  },
  "KSM merge": {
    prepare: (p) => {
      mapped(2)(p).advise(0, 2, MERGEABLE);
      ksmd(p, 0);
      merged(p);
    },
    act: (p) => {
      ksmd(p, 1);
      ksmd(p, 1);
      merged(p);
    },
  },
  reclaim: {
    settings: { swap: true },
    prepare: mapped(1),
    act: (p) => p.advise(0, 1, PAGEOUT),
  },
  "reclaim beside a thread elsewhere": {
    settings: { swap: true },
    prepare: (p) => mapped(1)(p).thread(0),
    act: (p) => p.advise(0, 1, PAGEOUT),
  },
  migration: {
    prepare: mapped(1),
    act: (p) =>
      p
        .kernelThread("kcompactd0", { ev: "mig_set", addr: at(0), order: 0 })
        .kernelThread("kcompactd0", { ev: "mig_clear", addr: at(0), order: 0 }),
  },
  "write-back": {
    prepare: (p) => p.file(10, "ext4", 8).map(0, 8, RW, SHARED_FILE, 10).read(0, 8).write(2, 1),
    act: (p) => p.call("fsync", { fd: 10 }),
  },
  "write-back of a page mapped twice": {
    prepare: (p) =>
      p
        .file(10, "ext4", 8)
        .map(0, 8, RW, SHARED_FILE, 10)
        .map(16, 8, RW, SHARED_FILE, 10)
        .read(0, 8)
        .read(16, 8)
        .write(2, 1)
        .write(18, 1),
    act: (p) => p.call("fsync", { fd: 10 }),
  },
  UFFDIO_MOVE: {
    prepare: (p) => p.map(0, 4).map(8, 4).write(8, 4).drain(),
    act: (p) => p.act(ReplayAction.UffdMove, at(0), at(4), at(8)),
  },
  UFFDIO_COPY: {
    prepare: (p) => p.map(0, 4),
    act: (p) => p.act(ReplayAction.UffdCopy, at(0), at(4)),
  },
  "swap-in": {
    settings: { swap: true },
    prepare: (p) => mapped(2)(p).advise(0, 2, PAGEOUT),
    act: (p) => p.read(0, 2),
  },
  "clearing of soft-dirty bits": {
    prepare: mapped(4),
    act: (p) => p.act(ReplayAction.ClearSoftDirty),
  },
  PAGEMAP_SCAN: {
    // for asynchronous write protection
    prepare: (p) => mapped(4)(p).act(ReplayAction.UffdRegister, at(0), at(4), 6),
    act: (p) => p.act(ReplayAction.ScanWritten, at(0), at(4)),
  },
} satisfies Record<string, Operation>;

export type OperationName = keyof typeof OPERATIONS;

/** What the operation makes a kernel tell. */
export async function toldOf(
  name: OperationName,
  era: EraName,
  arch: ArchName = "x86",
): Promise<string[]> {
  const operation: Operation = OPERATIONS[name];
  const probe = await KernelProbe.boot(era, arch, operation.settings);
  operation.prepare(probe.program);
  return probe.tell(operation.act);
}

/** The same without flushes of CPUs and frees. */
export async function notifiedOf(
  name: OperationName,
  era: EraName,
  arch: ArchName = "x86",
): Promise<string[]> {
  return (await toldOf(name, era, arch)).filter((line) => !/^(Fc|IPI|TLBI|DSB|free)/.test(line));
}

function ksmd(p: Program, page: number): void {
  p.kernelThread("ksmd", { ev: "inval", start: at(page), end: at(page + 1) });
}

function merged(p: Program): void {
  p.kernelThread("ksmd", { ev: "ksm", what: "ksm_merge_with_ksm_page", err: 0 });
}
