/**
 * Splitting a large folio into smaller ones.
 *
 * Models:     the folio is unmapped first: the notifier is called for its extent in each VMA until
 *             nobody maps it, each entry is flushed, a 2 MiB entry at once. Anonymous entries come
 *             back afterwards, those of files fault again. Anonymous pages that hold only zeroes
 *             come back as the zero page. A dirty file folio cannot be split,
 *             nor one with references besides its mappings.
 * Simplifies: contents are not kept: a page of a large folio counts as zero when no write to it was
 *             recorded. (DEVIATIONS R4)
 * Source:     linux 6.18 mm/huge_memory.c (__folio_split, unmap_folio, remap_page), mm/migrate.c
 */
import { LEVEL_PMD, PMD_SIZE, TABLE_ENTRIES, alignDown } from "../../base/page";
import {
  PTE_DIRTY,
  PTE_PAGE_SIZE,
  PTE_WRITE,
  entryFrame,
  invalidEntry,
  isHuge,
  isPresent,
  mapsFrame,
  tableEntry,
} from "../../hardware/pgtable/pte";
import { NotifierEvent } from "../events";
import { Kernel } from "../kernel";
import { FRAME_ANON, FRAME_DIRTY, FRAME_FILE, FRAME_ZEROED, Frame, ZERO_PFN } from "./frames";
import { hiddenEntry, isUnderMigration } from "./migration";
import { Mm } from "./mm";
import { RmapVisitor, walkFolio } from "./rmap";
import { endRmap, flushMigrated, flushReclaimed, flushUnmapped, startRmap } from "./unmap_flush";
import { Vma } from "./vma";

/** try_to_migrate or try_to_unmap of the whole folio, with TTU_SPLIT_HUGE_PMD. */
export class UnmapFolio extends RmapVisitor {
  /** Mappings that are still to be found. */
  left: u32 = 0;
  /** TTU_BATCH_FLUSH. */
  isBatched: bool = false;
  /** Entries stay hidden until the caller shows them again. */
  hides: bool = false;

  visit(kernel: Kernel, mm: Mm, vma: Vma, va: u64, headPfn: u32, first: u32, count: u32): bool {
    const keepsEntries = (kernel.frames.at(headPfn).flags & FRAME_ANON) != 0;
    startRmap(kernel, mm, NotifierEvent.Clear, va, va + ((<u64>count) << 12));
    const address = kernel.tables.find(mm, va, LEVEL_PMD);
    const pmd = address == 0 ? 0 : load<u64>(address);
    if (isHuge(pmd)) {
      if (entryFrame(pmd) == headPfn)
        this.unmapHuge(kernel, mm, alignDown(va, PMD_SIZE), address, keepsEntries);
    } else {
      for (let i: u32 = 0; i < count; i++) {
        this.unmapPage(kernel, mm, va + ((<u64>i) << 12), headPfn + first + i, keepsEntries);
      }
    }
    endRmap(kernel, mm);
    return this.left != 0;
  }

  private unmapHuge(kernel: Kernel, mm: Mm, block: u64, address: usize, keepsEntries: bool): void {
    const entry = load<u64>(address);
    const pfn = entryFrame(entry);
    store<u64>(address, invalidEntry(entry));
    kernel.tlbs.flushPmd(mm, block);
    this.left--;
    if ((entry & PTE_DIRTY) != 0) kernel.frames.at(pfn).flags |= FRAME_DIRTY;
    if (!keepsEntries) {
      store<u64>(address, 0);
      kernel.frames.unmapHuge(pfn);
      return;
    }
    const table = kernel.tables.newTable();
    for (let i: u32 = 0; i < TABLE_ENTRIES; i++) {
      kernel.tables.memory.writeEntry(table, i, (entry & ~PTE_PAGE_SIZE) + ((<u64>i) << 12));
      kernel.frames.map(pfn + i);
    }
    store<u64>(address, tableEntry(table));
    kernel.frames.unmapHuge(pfn);
  }

  private unmapPage(kernel: Kernel, mm: Mm, va: u64, pfn: u32, keepsEntries: bool): void {
    const address = kernel.tables.findPte(mm, va);
    if (address == 0) return;
    const entry = load<u64>(address);
    if (!mapsFrame(entry) || entryFrame(entry) != pfn || isUnderMigration(entry)) return;
    this.left--;
    store<u64>(address, invalidEntry(entry));
    if (keepsEntries) flushMigrated(kernel, mm, va, entry);
    else flushUnmapped(kernel, mm, va, 1, entry, this.isBatched);
    if (!keepsEntries) store<u64>(address, 0);
    kernel.sink.invalidatePage(mm, va);
    if ((entry & PTE_DIRTY) != 0) kernel.frames.head(pfn).flags |= FRAME_DIRTY;
    if (keepsEntries) {
      store<u64>(address, this.hides && isPresent(entry) ? hiddenEntry(entry) : entry);
      return;
    }
    kernel.frames.unmap(pfn);
  }
}

/** remap_page: puts the zero page where a page of the folio holds only zeroes. */
class RemapZeroes extends RmapVisitor {
  visit(kernel: Kernel, mm: Mm, vma: Vma, va: u64, headPfn: u32, first: u32, count: u32): bool {
    for (let i: u32 = 0; i < count; i++) {
      const pfn = headPfn + first + i;
      if ((kernel.frames.at(pfn).flags & FRAME_ZEROED) == 0) continue;
      const address = kernel.tables.findPte(mm, va + ((<u64>i) << 12));
      if (address == 0) continue;
      const entry = load<u64>(address);
      if (!mapsFrame(entry) || entryFrame(entry) != pfn) continue;
      store<u64>(
        address,
        (entry & ~(0x000ffffffffff000 | PTE_WRITE | PTE_DIRTY)) | ((<u64>ZERO_PFN) << 12),
      );
      kernel.frames.unmap(pfn);
    }
    return true;
  }
}

/** The visitors, made once for each kernel. */
export class FolioSplitter {
  private readonly unmapFolio: UnmapFolio = new UnmapFolio();
  private readonly remapZeroes: RemapZeroes = new RemapZeroes();

  /** try_to_unmap of a folio that keeps its place in the page cache; flushes each entry at once. */
  unmapAtOnce(kernel: Kernel, headPfn: u32): void {
    this.walk(kernel, headPfn, false);
  }

  /** try_to_unmap with TTU_BATCH_FLUSH: may leave a flush pending. */
  unmapLater(kernel: Kernel, headPfn: u32): void {
    this.walk(kernel, headPfn, true);
  }

  /** unmap_folio, and unmapping before a collapse: batched, and flushed before anything else. */
  unmap(kernel: Kernel, headPfn: u32): void {
    this.walk(kernel, headPfn, true);
    flushReclaimed(kernel);
  }

  /** try_to_migrate of what still maps a page, one entry of which is hidden already. */
  unmapOthers(kernel: Kernel, pfn: u32): void {
    this.unmapFolio.hides = true;
    this.walk(kernel, pfn, false, 1);
    this.unmapFolio.hides = false;
    flushReclaimed(kernel);
  }

  private walk(kernel: Kernel, headPfn: u32, isBatched: bool, hidden: u32 = 0): void {
    const head = kernel.frames.at(headPfn);
    this.unmapFolio.left = head.mappings - hidden;
    this.unmapFolio.isBatched = isBatched;
    head.pins++;
    walkFolio(kernel, headPfn, this.unmapFolio);
    head.pins--;
  }

  /** Splits an anonymous folio into single pages. */
  private splitAnon(kernel: Kernel, headPfn: u32): void {
    this.unmap(kernel, headPfn);
    const head = kernel.frames.at(headPfn);
    head.pins++;
    walkFolio(kernel, headPfn, this.remapZeroes);
    head.pins--;
    kernel.frames.split(headPfn, 0);
  }

  /**
   * Splits a file folio around page `at`, or into single pages when `at` is -1; false when it is
   * dirty, or held by more than its mappings.
   */
  splitFile(kernel: Kernel, headPfn: u32, at: i32): bool {
    const head = kernel.frames.at(headPfn);
    if ((head.flags & FRAME_DIRTY) != 0 && !kernel.files.isShmem(head.owner)) return false;
    if (isHeld(head)) return false;
    this.unmap(kernel, headPfn);
    if (at < 0) kernel.frames.split(headPfn, 0);
    else kernel.frames.splitAround(headPfn, <u32>at);
    return true;
  }

  /** split_folio: into single pages; false when that cannot be done. */
  split(kernel: Kernel, headPfn: u32): bool {
    const head = kernel.frames.at(headPfn);
    if ((head.flags & FRAME_FILE) != 0) return this.splitFile(kernel, headPfn, -1);
    if (isHeld(head)) return false;
    this.splitAnon(kernel, headPfn);
    return true;
  }
}

/** A folio with references besides its mappings cannot be split. */
function isHeld(head: Frame): bool {
  return head.pins != 0 || head.dmaPins != 0;
}
