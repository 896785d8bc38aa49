/**
 * Finding out what is in use: reclaim before it takes a page, idle page tracking, DAMON.
 *
 * Models:     reclaim and idle page tracking ask folio by folio, across mms; DAMON samples an
 *             address of one mm; a generation looks at every entry of an mm.
 * Source:     linux 6.18 mm/rmap.c (folio_referenced), mm/page_idle.c (page_idle_clear_pte_refs),
 *             mm/damon/vaddr.c (damon_va_mkold, damon_va_young), mm/vmscan.c (walk_mm)
 */
import { LEVEL_PMD } from "../../base/page";
import { entryFrame, isHuge, isPresent } from "../../hardware/pgtable/pte";
import { Kernel } from "../kernel";
import { isSpecial } from "../mm/frames";
import { Mm, findVma, indexOf, vmaOf } from "../mm/mm";
import { Vma, isAnonymous } from "../mm/vma";
import {
  VM_ACCESS_FLAGS,
  VM_DONTEXPAND,
  VM_HUGETLB,
  VM_LOCKED,
  VM_PFNMAP,
  VM_RAND_READ,
  VM_SEQ_READ,
} from "../mm/vm_flags";
import { AgeReason } from "../plan";

/** What is locked, special or read ahead and dropped (vma_has_recency). */
const NEVER_AGED: u64 =
  VM_HUGETLB | VM_LOCKED | VM_PFNMAP | VM_DONTEXPAND | VM_SEQ_READ | VM_RAND_READ;

/** folio_referenced of each folio that the mm maps in the range, as reclaim calls it. */
export function checkReferenced(kernel: Kernel, mm: Mm, start: u64, end: u64): void {
  ageRange(kernel, mm, start, end, AgeReason.Reclaim);
}

/** The same where the LRU has generations. */
export function lookAroundRange(kernel: Kernel, mm: Mm, start: u64, end: u64): void {
  ageRange(kernel, mm, start, end, AgeReason.Generations);
}

/** A new generation begins for the VMAs of the range that reclaim may take pages from. */
export function ageGeneration(kernel: Kernel, mm: Mm, start: u64, end: u64): void {
  if (!kernel.facts.hasGenerations) return;
  kernel.pending.drain();
  kernel.plan.mmapLockRead(mm);
  for (let i = indexOf(mm, start); i < mm.count && vmaOf(mm, i).start < end; i++) {
    const vma = vmaOf(mm, i);
    if (mayAge(kernel, vma)) kernel.plan.ageEntries(vma, max(start, vma.start), min(end, vma.end));
  }
  kernel.plan.mmapUnlock(mm);
}

/** should_skip_vma: without swap there is nowhere for anonymous and shared memory to go. */
function mayAge(kernel: Kernel, vma: Vma): bool {
  if ((vma.flags & VM_ACCESS_FLAGS) == 0 || (vma.flags & NEVER_AGED) != 0) return false;
  return kernel.hasSwap || (!isAnonymous(vma) && !kernel.files.isShmem(vma.file));
}

/** A write to /sys/kernel/mm/page_idle/bitmap for the folios that the mm maps in the range. */
export function trackIdle(kernel: Kernel, mm: Mm, start: u64, end: u64): void {
  ageRange(kernel, mm, start, end, AgeReason.Idle);
}

/** Only folios on the LRU are looked at; each is, once. */
function ageRange(kernel: Kernel, mm: Mm, start: u64, end: u64, reason: AgeReason): void {
  kernel.pending.drain();
  let last: u32 = 0;
  for (let va = start; va < end; va += 4096) {
    const folio = folioAt(kernel, mm, va);
    if (folio != 0 && folio != last) kernel.plan.ageFolio(folio, reason);
    last = folio;
  }
}

function folioAt(kernel: Kernel, mm: Mm, va: u64): u32 {
  const address = kernel.tables.find(mm, va, LEVEL_PMD);
  if (address == 0 || load<u64>(address) == 0) return 0;
  const pmd = load<u64>(address);
  const entry = isHuge(pmd) ? pmd : load<u64>(kernel.tables.pteIn(pmd, va));
  if (!isPresent(entry) || isSpecial(entryFrame(entry))) return 0;
  return kernel.frames.at(entryFrame(entry)).head;
}

/** DAMON prepares a sample of `va`. */
export function prepareSample(kernel: Kernel, mm: Mm, va: u64): void {
  const vma = findVma(mm, va);
  if (vma == null) return;
  kernel.plan.mmapLockRead(mm);
  kernel.plan.sampleYoung(vma, va);
  kernel.plan.mmapUnlock(mm);
}

/** DAMON looks whether `va` was accessed since the sample was prepared. */
export function checkSample(kernel: Kernel, mm: Mm, va: u64): void {
  const vma = findVma(mm, va);
  if (vma == null) return;
  kernel.plan.mmapLockRead(mm);
  kernel.plan.testYoung(vma, va);
  kernel.plan.mmapUnlock(mm);
}
