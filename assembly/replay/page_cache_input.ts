/**
 * What the page cache of a real program's files held is not recorded, but a fault tells whether its
 * page was mapped.
 */
import { LEVEL_PMD } from "../base/page";
import { entryFrame, isHuge, mapsFrame } from "../hardware/pgtable/pte";
import { Kernel } from "../kernel/kernel";
import { FileKind } from "../kernel/mm/files";
import { FRAME_FILE, isSpecial } from "../kernel/mm/frames";
import { installForRead } from "../kernel/mm/install";
import { Mm, findVma } from "../kernel/mm/mm";

/**
 * Makes the entry of `va`, in a mapping of an unknown file, present or absent as the fault says;
 * true when it was not.
 */
export function learnPageCache(kernel: Kernel, mm: Mm, va: u64, wasPresent: bool): bool {
  const vma = findVma(mm, va);
  if (vma == null || vma.file == 0 || kernel.files.at(vma.file).kind != FileKind.Unknown)
    return false;
  const pmd = kernel.tables.find(mm, va, LEVEL_PMD);
  if (pmd != 0 && isHuge(load<u64>(pmd))) return false;
  const address = kernel.tables.findPte(mm, va);
  const entry = address == 0 ? 0 : load<u64>(address);
  if (wasPresent && entry == 0) {
    installForRead(kernel, vma, va);
    return true;
  }
  if (wasPresent || !mapsFrame(entry)) return false;
  const pfn = entryFrame(entry);
  if (isSpecial(pfn) || (kernel.frames.head(pfn).flags & FRAME_FILE) == 0) return false;
  store<u64>(address, 0);
  kernel.frames.unmap(pfn);
  return true;
}
