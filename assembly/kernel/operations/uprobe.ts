/**
 * Breakpoints that uprobes write into private pages of programs, and take out again.
 *
 * Models:     since 6.15 the page is made private by a write fault, and written where it is behind
 *             a flush, without a pair; before, a copy takes its place inside one. Taking the
 *             breakpoint out drops a copy that equals the file's page again.
 * Simplifies: one breakpoint to a page.
 * Source:     linux 6.18 kernel/events/uprobes.c (uprobe_write, __uprobe_write), linux 3.17 to 6.4
 *             (__replace_page)
 */
import { alignDown } from "../../base/page";
import { entryFrame, isPresent } from "../../hardware/pgtable/pte";
import { NotifierEvent } from "../events";
import { Kernel } from "../kernel";
import { Access } from "../mm/access";
import { FRAME_ANON, isSpecial } from "../mm/frames";
import { Mm, findVma } from "../mm/mm";
import { Vma, isShared, linearPage } from "../mm/vma";
import { handleFault, wouldFault } from "./fault";

export function setBreakpoint(kernel: Kernel, mm: Mm, va: u64): void {
  const vma = findVma(mm, va);
  if (vma == null || vma.file == 0 || isShared(vma)) return;
  const page = alignDown(va, 4096);
  if (wouldFault(kernel, mm, page, Access.Read)) handleFault(kernel, mm, page, Access.Read, true);
  if (!kernel.facts.rewritesProbed) {
    replacePage(kernel, mm, vma, page);
    return;
  }
  if (!isAnonymousAt(kernel, mm, page)) handleFault(kernel, mm, page, Access.Write, true);
  kernel.plan.rewritePage(vma, page, false);
}

export function clearBreakpoint(kernel: Kernel, mm: Mm, va: u64): void {
  const vma = findVma(mm, va);
  const page = alignDown(va, 4096);
  if (vma == null || !isAnonymousAt(kernel, mm, page)) return;
  const isDropped =
    kernel.facts.dropsProbed && kernel.files.cachedPage(vma.file, linearPage(vma, page)) != 0;
  if (!isDropped && !kernel.facts.rewritesProbed) {
    replacePage(kernel, mm, vma, page);
    return;
  }
  kernel.plan.rangeStart(mm, NotifierEvent.Clear, page, page + 4096);
  kernel.plan.rewritePage(vma, page, isDropped);
  kernel.plan.rangeEnd(mm);
  kernel.plan.putReplaced();
}

/** __replace_page. */
function replacePage(kernel: Kernel, mm: Mm, vma: Vma, page: u64): void {
  kernel.plan.rangeStart(mm, NotifierEvent.Clear, page, page + 4096);
  kernel.plan.replacePage(vma, page);
  kernel.plan.rangeEnd(mm);
  kernel.plan.putReplaced();
}

function isAnonymousAt(kernel: Kernel, mm: Mm, va: u64): bool {
  const address = kernel.tables.findPte(mm, va);
  if (address == 0 || !isPresent(load<u64>(address))) return false;
  const pfn = entryFrame(load<u64>(address));
  return !isSpecial(pfn) && (kernel.frames.at(pfn).flags & FRAME_ANON) != 0;
}
