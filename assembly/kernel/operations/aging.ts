/**
 * Finding out what is in use: reclaim before it takes a page, idle page tracking, DAMON.
 *
 * Models:     reclaim and idle page tracking ask folio by folio, across mms; DAMON samples an
 *             address of one mm.
 * Source:     linux 6.18 mm/rmap.c (folio_referenced), mm/page_idle.c (page_idle_clear_pte_refs),
 *             mm/damon/vaddr.c (damon_va_mkold, damon_va_young)
 */
import { LEVEL_PMD } from "../../base/page";
import { entryFrame, isHuge, isPresent } from "../../hardware/pgtable/pte";
import { Kernel } from "../kernel";
import { isSpecial } from "../mm/frames";
import { Mm, findVma } from "../mm/mm";

/** folio_referenced of each folio that the mm maps in the range, as reclaim calls it. */
export function checkReferenced(kernel: Kernel, mm: Mm, start: u64, end: u64): void {
  ageRange(kernel, mm, start, end, true);
}

/** A write to /sys/kernel/mm/page_idle/bitmap for the folios that the mm maps in the range. */
export function trackIdle(kernel: Kernel, mm: Mm, start: u64, end: u64): void {
  ageRange(kernel, mm, start, end, false);
}

/** Only folios on the LRU are looked at; each is, once. */
function ageRange(kernel: Kernel, mm: Mm, start: u64, end: u64, flushes: bool): void {
  kernel.pending.drain();
  let last: u32 = 0;
  for (let va = start; va < end; va += 4096) {
    const folio = folioAt(kernel, mm, va);
    if (folio != 0 && folio != last) kernel.plan.ageFolio(folio, flushes);
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
