/**
 * Same-page merging, as far as the mm sees it: pages of equal content become one page, and apart
 * again.
 *
 * Models:     the write protection, the flush and the replacement of an entry; unmerging as a write
 *             fault.
 * Simplifies: which pages ksmd merges is taken from its own notifier calls.
 * Source:     linux 6.18 mm/ksm.c (unmerge_ksm_pages, break_ksm, write_protect_page, replace_page)
 */
import { PTE_DIRTY, PTE_WRITE, entryFrame, mapsFrame } from "../../hardware/pgtable/pte";
import { Kernel } from "../kernel";
import { entryFor } from "./entries";
import { FRAME_ANON, FRAME_EXCLUSIVE, FRAME_KSM, isSpecial } from "./frames";
import { handleFault } from "../operations/fault";
import { Access } from "./access";
import { blockEnd } from "./page_tables";
import { Mm, mmAt } from "./mm";
import { Vma } from "./vma";
import { VM_MERGEABLE } from "./vm_flags";

/** Gives each merged page of the range a private copy, as a write to it would. */
export function unmergeRange(kernel: Kernel, vma: Vma, start: u64, end: u64): void {
  if ((vma.flags & VM_MERGEABLE) == 0 || vma.anonVma == 0) return;
  const mm = mmAt(vma.mm);
  let va = kernel.tables.firstPmd(mm, start, end);
  while (va < end) {
    const next = blockEnd(va, end);
    for (let page = va; page < next; page += 4096) {
      if (isKsmPage(kernel, mm, page)) handleFault(kernel, mm, page, Access.Write, true);
    }
    va = kernel.tables.firstPmd(mm, next, end);
  }
}

function isKsmPage(kernel: Kernel, mm: Mm, va: u64): bool {
  const address = kernel.tables.findPte(mm, va);
  if (address == 0 || !mapsFrame(load<u64>(address))) return false;
  const pfn = entryFrame(load<u64>(address));
  return !isSpecial(pfn) && (kernel.frames.head(pfn).flags & FRAME_KSM) != 0;
}

/** write_protect_page: the page may be compared now; it is shared from here on. */
export function protectForMerge(kernel: Kernel, mm: Mm, va: u64): void {
  const address = kernel.tables.findPte(mm, va);
  if (address == 0) return;
  const entry = load<u64>(address);
  if (!mapsFrame(entry)) return;
  if ((entry & (PTE_WRITE | PTE_DIRTY)) == 0) return;
  store<u64>(address, 0);
  flushDowngrade(kernel, mm, va);
  // More references than mappings: somebody may write it by another way, so it stays as it is.
  if (kernel.frames.head(entryFrame(entry)).dmaPins != 0) {
    store<u64>(address, entry);
    return;
  }
  kernel.sink.changePte(mm, va);
  kernel.frames.protect(entryFrame(entry));
  store<u64>(address, entry & ~(PTE_WRITE | PTE_DIRTY));
  kernel.frames.head(entryFrame(entry)).flags &= ~FRAME_EXCLUSIVE;
}

/** An entry that only loses rights, or gets a page of the same content. */
function flushDowngrade(kernel: Kernel, mm: Mm, va: u64): void {
  if (kernel.facts.notifiesDowngrades) kernel.tlbs.flushPageNotify(mm, va);
  else kernel.tlbs.flushPage(mm, va);
}

/** The page at `va` becomes the one that others of equal content will map. */
export function becomeKsmPage(kernel: Kernel, mm: Mm, va: u64, content: u32): void {
  const address = kernel.tables.findPte(mm, va);
  if (address == 0) return;
  const frame = kernel.frames.head(entryFrame(load<u64>(address)));
  frame.flags = (frame.flags | FRAME_KSM | FRAME_ANON) & ~FRAME_EXCLUSIVE;
  frame.content = content;
}

/** replace_page: `va` maps `pfn` instead of its own page. */
export function replaceByMerged(kernel: Kernel, vma: Vma, va: u64, pfn: u32): void {
  const mm = mmAt(vma.mm);
  const address = kernel.tables.findPte(mm, va);
  if (address == 0 || !mapsFrame(load<u64>(address))) return;
  const old = entryFrame(load<u64>(address));
  store<u64>(address, 0);
  flushDowngrade(kernel, mm, va);
  kernel.frames.map(pfn);
  kernel.sink.changePte(mm, va);
  store<u64>(address, entryFor(vma, pfn));
  kernel.frames.unmap(old);
}
