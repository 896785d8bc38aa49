/**
 * What the page cache of a real program's files held is not recorded, but a fault tells whether its
 * page was mapped, and the flush of a munmap how many were.
 */
import { LEVEL_PMD, PMD_SIZE, alignDown } from "../base/page";
import { entryFrame, isHuge, mapsFrame } from "../hardware/pgtable/pte";
import { Kernel } from "../kernel/kernel";
import { FileKind } from "../kernel/mm/files";
import { FRAME_FILE, isSpecial } from "../kernel/mm/frames";
import { installForRead } from "../kernel/mm/install";
import { Mm, findVma } from "../kernel/mm/mm";
import { Vma } from "../kernel/mm/vma";

/**
 * Makes the entry of `va`, in a mapping of an unknown file, present or absent as the fault says;
 * true when it was not.
 */
export function learnPageCache(kernel: Kernel, mm: Mm, va: u64, wasPresent: bool): bool {
  const vma = findVma(mm, va);
  if (vma == null || !isOfUnknownFile(kernel, vma)) return false;
  const pmd = kernel.tables.find(mm, va, LEVEL_PMD);
  if (pmd != 0 && isHuge(load<u64>(pmd))) return false;
  const address = kernel.tables.findPte(mm, va);
  const entry = address == 0 ? 0 : load<u64>(address);
  if (wasPresent && entry == 0) {
    installForRead(kernel, vma, va);
    return true;
  }
  if (wasPresent) return false;
  return dropFilePage(kernel, address);
}

/**
 * The one flush of a munmap in a mapping of an unknown file covered `pages`: entries of the file
 * behind them were not there; true when there are some.
 */
export function learnFromUnmap(kernel: Kernel, mm: Mm, start: u64, end: u64, pages: u64): bool {
  const vma = findVma(mm, start);
  if (vma == null || vma.end < end || !isOfUnknownFile(kernel, vma)) return false;
  let covered: u64 = 0;
  let changed = false;
  for (let va = start; va < end; va += 4096) {
    const address = kernel.tables.findPte(mm, va);
    if (address == 0) va = alignDown(va, PMD_SIZE) + PMD_SIZE - 4096;
    if (address == 0 || load<u64>(address) == 0) continue;
    if (covered == 0) covered = va + (pages << 12);
    if (va >= covered && dropFilePage(kernel, address)) changed = true;
  }
  return changed;
}

function isOfUnknownFile(kernel: Kernel, vma: Vma): bool {
  return vma.file != 0 && kernel.files.at(vma.file).kind == FileKind.Unknown;
}

/** Takes the entry away if it maps a page of a file. */
function dropFilePage(kernel: Kernel, address: usize): bool {
  if (address == 0) return false;
  const entry = load<u64>(address);
  if (!mapsFrame(entry)) return false;
  const pfn = entryFrame(entry);
  if (isSpecial(pfn) || (kernel.frames.head(pfn).flags & FRAME_FILE) == 0) return false;
  store<u64>(address, 0);
  kernel.frames.unmap(pfn);
  return true;
}
