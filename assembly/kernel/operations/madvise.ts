/**
 * madvise and process_madvise.
 *
 * Models:     DONTNEED and FREE announce each VMA's part and flush once for the call; COLD only
 *             flushes, once for each VMA; advice that is a flag only cuts VMAs; guard regions; a
 *             hole is passed over.
 * Source:     linux 6.18 mm/madvise.c
 */
import { PMD_SIZE, alignDown, alignUp } from "../../base/page";
import { isGuard, isHuge } from "../../hardware/pgtable/pte";
import { NotifierEvent } from "../events";
import { Kernel } from "../kernel";
import { prepareAnonVma } from "../mm/anon_vma";
import { sharedEnd, sharedStart } from "../mm/hugetlb_sharing";
import { unmergeRange } from "../mm/ksm";
import { Mm, addressOfMm, findVma, indexOf, mmAt, vmaOf } from "../mm/mm";
import { blockEnd } from "../mm/page_tables";
import { Vma, isAnonymous, isHugetlb, isShared, linearPage } from "../mm/vma";
import {
  VM_DONTCOPY,
  VM_DONTDUMP,
  VM_HUGEPAGE,
  VM_HUGETLB,
  VM_LOCKED,
  VM_MERGEABLE,
  VM_NOHUGEPAGE,
  VM_PFNMAP,
  VM_RAND_READ,
  VM_SEALED,
  VM_SEQ_READ,
  VM_WIPEONFORK,
  VM_WRITE,
} from "../mm/vm_flags";
import { modifyVma } from "../mm/vma_modify";
import { ZapKind } from "../plan";
import { collapseRange } from "./collapse";
import { Access } from "../mm/access";
import { pageOutRange, swapInRange } from "./pageout";
import { populateAdvice } from "./populate";
import { punchHole } from "./file_operations";

export const enum Advice {
  Normal = 0,
  Random = 1,
  Sequential = 2,
  WillNeed = 3,
  DontNeed = 4,
  Free = 8,
  Remove = 9,
  DontFork = 10,
  DoFork = 11,
  Mergeable = 12,
  Unmergeable = 13,
  HugePage = 14,
  NoHugePage = 15,
  DontDump = 16,
  DoDump = 17,
  WipeOnFork = 18,
  KeepOnFork = 19,
  Cold = 20,
  PageOut = 21,
  PopulateRead = 22,
  PopulateWrite = 23,
  DontNeedLocked = 24,
  Collapse = 25,
  GuardInstall = 102,
  GuardRemove = 103,
}

/** One madvise call. */
export function advise(kernel: Kernel, mm: Mm, start: u64, end: u64, advice: i32): void {
  beginAdvice(kernel, mm, advice);
  adviseRange(kernel, mm, start, end, advice);
  finishAdvice(kernel, mm, advice);
}

/** UIO_MAXIOV: a call with more ranges does nothing. */
const RANGES_MAX: u64 = 1024;

/**
 * process_madvise of `count` ranges of `length` bytes, `step` bytes apart: one after another, up to
 * the first that fails, under one lock and gather.
 */
export function adviseEach(
  kernel: Kernel,
  mm: Mm,
  first: u64,
  count: u64,
  length: u64,
  step: u64,
  advice: i32,
): void {
  if (count > RANGES_MAX || !isKnownAdvice(advice)) return;
  beginAdvice(kernel, mm, advice);
  for (let i: u64 = 0; i < count; i++) {
    const start = first + i * step;
    const end = start + alignUp(length, 4096);
    // check_input_range
    if ((start & 4095) != 0 || end < start) break;
    if (!adviseRange(kernel, mm, start, end, advice)) break;
  }
  finishAdvice(kernel, mm, advice);
}

/** Opens what the ranges of one call share: mmap_lock (get_lock_mode) and the gather. */
function beginAdvice(kernel: Kernel, mm: Mm, advice: i32): void {
  if (changesFlags(advice)) kernel.plan.mmapLockWrite(mm);
  else if (advice != Advice.Remove) kernel.plan.mmapLockRead(mm);
  if (needsGather(advice) && kernel.facts.sharesAdviceGather) kernel.plan.beginGather(mm);
}

function finishAdvice(kernel: Kernel, mm: Mm, advice: i32): void {
  if (needsGather(advice) && kernel.facts.sharesAdviceGather) kernel.plan.finishGather();
  // madvise_remove works on the file without the lock
  if (advice != Advice.Remove) kernel.plan.mmapUnlock(mm);
}

/** Advice that VMAs remember. */
function changesFlags(advice: i32): bool {
  if (advice <= Advice.Sequential) return true;
  return advice >= Advice.DontFork && advice <= Advice.KeepOnFork;
}

function needsGather(advice: i32): bool {
  return advice == Advice.DontNeed || advice == Advice.DontNeedLocked || advice == Advice.Free;
}

/** False when the call fails here; a hole makes it fail at the end of the range. */
export function adviseRange(kernel: Kernel, mm: Mm, start: u64, end: u64, advice: i32): bool {
  if (start >= end) return true;
  if (advice == Advice.PopulateRead || advice == Advice.PopulateWrite) {
    const access = advice == Advice.PopulateWrite ? Access.Write : Access.Read;
    return populateAdvice(kernel, mm, start, end, access);
  }
  let va = start;
  let isWhole = true;
  while (va < end) {
    const index = indexOf(mm, va);
    if (index == mm.count || vmaOf(mm, index).start >= end) return false;
    const vma = vmaOf(mm, index);
    if (vma.start > va) isWhole = false;
    const from = max(va, vma.start);
    const stop = min(vma.end, end);
    if (!adviseVma(kernel, mm, vma, from, stop, advice)) return false;
    va = stop;
  }
  return isWhole;
}

/** One VMA's part; false ends the call with an error. */
function adviseVma(kernel: Kernel, mm: Mm, vma: Vma, start: u64, end: u64, advice: i32): bool {
  if (isDiscard(advice) && isSealedAgainstDiscard(vma)) return false;
  switch (advice) {
    case Advice.DontNeed:
    case Advice.DontNeedLocked:
      return discard(kernel, mm, vma, start, end, advice);
    case Advice.Free:
      return freeLazily(kernel, mm, vma, start, end);
    case Advice.Cold:
      return cool(kernel, mm, vma, start, end);
    case Advice.PageOut:
      if ((vma.flags & (VM_LOCKED | VM_PFNMAP | VM_HUGETLB)) != 0) return false;
      kernel.pending.drain();
      pageOutRange(kernel, vma, start, end);
      return true;
    case Advice.Collapse:
      return collapseRange(kernel, vma, start, end);
    case Advice.Remove:
      return remove(kernel, vma, start, end);
    case Advice.GuardInstall:
      return installGuards(kernel, mm, vma, start, end);
    case Advice.GuardRemove:
      if (isHugetlb(vma)) return false;
      kernel.plan.removeGuards(vma, start, end);
      return true;
    case Advice.WillNeed:
      if (isAnonymous(vma)) {
        swapInRange(kernel, vma, start, end);
        kernel.pending.drain();
      }
      return true;
    default:
      return changeAdviceFlags(kernel, vma, start, end, advice);
  }
}

/** is_discard: what takes contents away, now or at a fork. */
function isDiscard(advice: i32): bool {
  switch (advice) {
    case Advice.DontNeed:
    case Advice.DontNeedLocked:
    case Advice.Free:
    case Advice.Remove:
    case Advice.DontFork:
    case Advice.WipeOnFork:
    case Advice.GuardInstall:
      return true;
    default:
      return false;
  }
}

/** Read-only private memory that is sealed may not be discarded. */
function isSealedAgainstDiscard(vma: Vma): bool {
  return (vma.flags & VM_SEALED) != 0 && isAnonymous(vma) && (vma.flags & VM_WRITE) == 0;
}

function discard(kernel: Kernel, mm: Mm, vma: Vma, start: u64, end: u64, advice: i32): bool {
  const forbidden = advice == Advice.DontNeed ? VM_LOCKED | VM_PFNMAP : VM_PFNMAP;
  if ((vma.flags & forbidden) != 0) return false;
  let stop = end;
  if (isHugetlb(vma)) {
    if ((start & (PMD_SIZE - 1)) != 0) return false;
    stop = alignDown(end, PMD_SIZE);
    if (stop <= start) return true;
  }
  const hasOwnGather = !kernel.facts.sharesAdviceGather;
  if (hasOwnGather) kernel.plan.beginGather(mm);
  const from = sharedStart(kernel, vma, start, stop);
  kernel.plan.rangeStart(mm, NotifierEvent.Clear, from, sharedEnd(kernel, vma, start, stop));
  kernel.plan.zap(vma, start, stop, ZapKind.Discard);
  kernel.plan.rangeEnd(mm);
  if (hasOwnGather) kernel.plan.finishGather();
  return true;
}

function freeLazily(kernel: Kernel, mm: Mm, vma: Vma, start: u64, end: u64): bool {
  if (!isAnonymous(vma) || (vma.flags & (VM_LOCKED | VM_PFNMAP)) != 0) return false;
  kernel.pending.drain();
  const hasOwnGather = !kernel.facts.sharesAdviceGather;
  if (hasOwnGather) kernel.plan.beginGather(mm);
  kernel.plan.rangeStart(mm, NotifierEvent.Clear, start, end);
  kernel.plan.markLazyFree(vma, start, end);
  kernel.plan.rangeEnd(mm);
  if (hasOwnGather) kernel.plan.finishGather();
  return true;
}

function cool(kernel: Kernel, mm: Mm, vma: Vma, start: u64, end: u64): bool {
  if ((vma.flags & (VM_LOCKED | VM_PFNMAP | VM_HUGETLB)) != 0) return false;
  kernel.pending.drain();
  kernel.plan.beginGather(mm);
  kernel.plan.markCold(vma, start, end);
  kernel.plan.finishGather();
  return true;
}

/** MADV_REMOVE is a hole punched in the file behind a shared mapping. */
function remove(kernel: Kernel, vma: Vma, start: u64, end: u64): bool {
  if (
    (vma.flags & VM_LOCKED) != 0 ||
    vma.file == 0 ||
    !isShared(vma) ||
    (vma.flags & VM_WRITE) == 0
  )
    return false;
  punchHole(
    kernel,
    vma.file,
    linearPage(vma, start),
    linearPage(vma, start) + ((end - start) >> 12),
  );
  return true;
}

/** Pages that are in the way are zapped, with a pair; an empty range gets its markers silently. */
function installGuards(kernel: Kernel, mm: Mm, vma: Vma, start: u64, end: u64): bool {
  if ((vma.flags & (VM_LOCKED | VM_PFNMAP | VM_HUGETLB)) != 0) return false;
  prepareAnonVma(kernel, vma);
  if (hasPages(kernel, mm, start, end)) {
    kernel.plan.beginGather(mm);
    kernel.plan.rangeStart(mm, NotifierEvent.Clear, start, end);
    kernel.plan.zap(vma, start, end, ZapKind.Guard);
    kernel.plan.rangeEnd(mm);
    kernel.plan.finishGather();
  }
  kernel.plan.installGuards(vma, start, end);
  return true;
}

/** Whether any entry is neither empty nor a guard marker (guard_install_pte_entry). */
function hasPages(kernel: Kernel, mm: Mm, start: u64, end: u64): bool {
  const tables = kernel.tables;
  let va = tables.firstPmd(mm, start, end);
  while (va < end) {
    const next = blockEnd(va, end);
    const pmd = load<u64>(tables.pmdAddress);
    if (isHuge(pmd)) return true;
    for (let page = va; page < next; page += 4096) {
      const entry = load<u64>(tables.pteIn(pmd, page));
      if (entry != 0 && !isGuard(entry)) return true;
    }
    va = tables.firstPmd(mm, next, end);
  }
  return false;
}

function changeAdviceFlags(kernel: Kernel, vma: Vma, start: u64, end: u64, advice: i32): bool {
  let flags = vma.flags;
  switch (advice) {
    case Advice.Normal:
      flags &= ~(VM_RAND_READ | VM_SEQ_READ);
      break;
    case Advice.Random:
      flags = (flags & ~VM_SEQ_READ) | VM_RAND_READ;
      break;
    case Advice.Sequential:
      flags = (flags & ~VM_RAND_READ) | VM_SEQ_READ;
      break;
    case Advice.DontFork:
      flags |= VM_DONTCOPY;
      break;
    case Advice.DoFork:
      flags &= ~VM_DONTCOPY;
      break;
    case Advice.DontDump:
      flags |= VM_DONTDUMP;
      break;
    case Advice.DoDump:
      flags &= ~VM_DONTDUMP;
      break;
    case Advice.WipeOnFork:
      if (!isAnonymous(vma)) return false;
      flags |= VM_WIPEONFORK;
      break;
    case Advice.KeepOnFork:
      flags &= ~VM_WIPEONFORK;
      break;
    case Advice.HugePage:
      flags = (flags & ~VM_NOHUGEPAGE) | VM_HUGEPAGE;
      break;
    case Advice.NoHugePage:
      flags = (flags & ~VM_HUGEPAGE) | VM_NOHUGEPAGE;
      break;
    case Advice.Mergeable:
      if (isShared(vma) || isHugetlb(vma)) return true;
      flags |= VM_MERGEABLE;
      break;
    case Advice.Unmergeable:
      unmergeRange(kernel, vma, start, end);
      flags &= ~VM_MERGEABLE;
      break;
    default:
      return false;
  }
  if (flags == vma.flags) return true;
  // hugetlb_vm_op_split: huge pages are not cut
  if (isHugetlb(vma) && ((start | end) & (PMD_SIZE - 1)) != 0) return false;
  modifyVma(kernel, vma, start, end, flags).flags = flags;
  return true;
}

/** Whether the advice is one of those above; what others do is not modelled. */
export function isKnownAdvice(advice: i32): bool {
  if (advice == Advice.GuardInstall || advice == Advice.GuardRemove) return true;
  if (advice > Advice.DontNeed && advice < Advice.Free) return false;
  return advice >= Advice.Normal && advice <= Advice.Collapse;
}

/** The VMA of `va` when it belongs to `mm`, for callers outside. */
export function vmaForAdvice(mm: Mm, va: u64): Vma | null {
  const vma = findVma(mm, va);
  return vma != null && addressOfMm(mmAt(vma.mm)) == addressOfMm(mm) ? vma : null;
}

/** The end of a request of `length` bytes at `start`. */
export function endOfRequest(start: u64, length: u64): u64 {
  return start + alignUp(length, 4096);
}
