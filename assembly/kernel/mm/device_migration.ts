/**
 * Moving pages of one VMA to memory of a device and back: migrate_vma.
 *
 * Models:     entries are hidden table by table and flushed once for each, exclusive ones at once
 *             too; large folios are split; a page that others map is unmapped there by the reverse
 *             map; holes and zero pages are filled; pages of files, and what is held, come back.
 * Simplifies: CPUs can map the device's memory (MEMORY_DEVICE_COHERENT).        (DEVIATIONS D12)
 * Source:     linux 6.18 mm/migrate_device.c (migrate_vma_collect_pmd, migrate_device_unmap,
 *             migrate_vma_insert_page, __migrate_device_finalize)
 */
import { Taker } from "../../abi/vocabulary";
import { Arena } from "../../base/arena";
import { WordList } from "../../base/word_list";
import {
  PTE_DIRTY,
  PTE_SOFT_DIRTY,
  entryFrame,
  isHuge,
  isPresent,
  mapsFrame,
} from "../../hardware/pgtable/pte";
import { Kernel } from "../kernel";
import { entryFor, writeBit } from "./entries";
import {
  FRAME_ANON,
  FRAME_DIRTY,
  FRAME_EXCLUSIVE,
  FRAME_KSM,
  FRAME_SWAPCACHE,
  FRAME_USED,
  isSpecial,
} from "./frames";
import { prepareAnonVma } from "./anon_vma";
import { hiddenEntry, showAfterMigration } from "./migration";
import { Mm, mmAt } from "./mm";
import { blockEnd } from "./page_tables";
import { RmapVisitor, walkFolio } from "./rmap";
import { Vma, isAnonymous, linearPage } from "./vma";

/** No hole was found. */
export const NO_HOLE: u64 = u64.MAX_VALUE;

/** remove_migration_ptes: what mapped `from` maps `to`. */
class ShowFolio extends RmapVisitor {
  to: u32 = 0;

  visit(kernel: Kernel, mm: Mm, vma: Vma, va: u64, headPfn: u32, first: u32, count: u32): bool {
    const address = kernel.tables.findPte(mm, va);
    if (address == 0) return true;
    const entry = showAfterMigration(load<u64>(address));
    if (!mapsFrame(entry) || entryFrame(entry) != headPfn) return true;
    if (this.to == headPfn) {
      store<u64>(address, entry);
      return true;
    }
    kernel.frames.map(this.to);
    store<u64>(address, (entry & ~0x000ffffffffff000) | ((<u64>this.to) << 12));
    kernel.frames.unmap(headPfn);
    return true;
  }
}

export class DeviceMigration {
  /** Frames that were collected, and pages that hold nothing, counted from the start. */
  private readonly pages: WordList;
  private readonly holes: WordList;
  private readonly show: ShowFolio = new ShowFolio();
  private start: u64 = 0;

  constructor(arena: Arena) {
    this.pages = new WordList(arena);
    this.holes = new WordList(arena);
  }

  /** The first page that is to be filled, or NO_HOLE. */
  get firstHole(): u64 {
    return this.holes.length == 0 ? NO_HOLE : this.start + ((<u64>this.holes.at(0)) << 12);
  }

  /** migrate_vma_collect. */
  collect(kernel: Kernel, vma: Vma, start: u64, end: u64): void {
    this.pages.clear();
    this.holes.clear();
    this.start = start;
    const mm = mmAt(vma.mm);
    let va = start;
    while (va < end) {
      const table = min(kernel.tables.firstPmd(mm, va, end), end);
      this.addHoles(vma, va, table);
      if (table == end) return;
      va = blockEnd(table, end);
      const address = kernel.tables.pmdAddress;
      if (isHuge(load<u64>(address)) && !this.splitHuge(kernel, vma, load<u64>(address), table, va))
        continue;
      this.collectTable(kernel, vma, load<u64>(address), table, va);
    }
  }

  /** False when there is no table of small pages then. */
  private splitHuge(kernel: Kernel, vma: Vma, entry: u64, start: u64, end: u64): bool {
    if (!isSpecial(entryFrame(entry))) return kernel.splitter.split(kernel, entryFrame(entry));
    this.addHoles(vma, start, end);
    return false;
  }

  private addHoles(vma: Vma, start: u64, end: u64): void {
    if (!isAnonymous(vma)) return;
    for (let va = start; va < end; va += 4096) this.holes.push(<u32>((va - this.start) >> 12));
  }

  private collectTable(kernel: Kernel, vma: Vma, pmd: u64, start: u64, end: u64): void {
    const mm = mmAt(vma.mm);
    let isUnmapped = false;
    for (let va = start; va < end; va += 4096) {
      const address = kernel.tables.pteIn(pmd, va);
      const entry = load<u64>(address);
      if (entry == 0 || (mapsFrame(entry) && isSpecial(entryFrame(entry)))) {
        this.addHoles(vma, va, va + 4096);
        continue;
      }
      if (!isPresent(entry) || !splitAround(kernel, entryFrame(entry))) continue;
      const frame = kernel.frames.at(entryFrame(entry));
      const isExclusive = (frame.flags & FRAME_EXCLUSIVE) != 0;
      if (isExclusive && kernel.facts.flushesExclusive) {
        store<u64>(address, hiddenEntry(entry));
        kernel.tlbs.flushPage(mm, va);
        // folio_try_share_anon_rmap_pte: a page that is pinned stays
        if (frame.dmaPins != 0) {
          store<u64>(address, entry);
          continue;
        }
      }
      if ((entry & PTE_DIRTY) != 0) frame.flags |= FRAME_DIRTY;
      store<u64>(address, hiddenEntry(entry));
      this.pages.push(entryFrame(entry));
      isUnmapped = true;
    }
    if (isUnmapped) kernel.tlbs.flushRange(mm, start, end, 12, false);
  }

  /** migrate_device_unmap: whoever else maps a page loses it too. */
  unmapOthers(kernel: Kernel): void {
    kernel.pending.drainAll();
    for (let i: u32 = 0; i < this.pages.length; i++) {
      const pfn = this.pages.at(i);
      if (kernel.frames.at(pfn).mappings > 1) kernel.splitter.unmapOthers(kernel, pfn);
    }
  }

  /** migrate_vma_insert_page, for each hole. */
  fillHoles(kernel: Kernel, vma: Vma): void {
    const mm = mmAt(vma.mm);
    prepareAnonVma(kernel, vma);
    for (let i: u32 = 0; i < this.holes.length; i++) {
      const va = this.start + ((<u64>this.holes.at(i)) << 12);
      const address = kernel.tables.make(mm, va, 1);
      const old = load<u64>(address);
      const pfn = kernel.frames.allocate(0, FRAME_ANON | FRAME_EXCLUSIVE);
      kernel.frames.at(pfn).owner = vma.anonVma;
      kernel.frames.at(pfn).index = linearPage(vma, va);
      kernel.frames.map(pfn);
      store<u64>(address, 0);
      // the zero page was mapped
      if (isPresent(old)) kernel.tlbs.flushPageNotify(mm, va);
      const dirty = writeBit(vma) != 0 ? PTE_DIRTY | PTE_SOFT_DIRTY : 0;
      store<u64>(address, entryFor(vma, pfn) | writeBit(vma) | dirty);
    }
  }

  /** migrate_vma_finalize. */
  finish(kernel: Kernel): void {
    for (let i: u32 = 0; i < this.pages.length; i++) {
      const pfn = this.pages.at(i);
      this.show.to = mayMove(kernel, pfn) ? this.copyOf(kernel, pfn) : pfn;
      const frame = kernel.frames.at(pfn);
      frame.pins++;
      kernel.frames.taker = Taker.Migrate;
      walkFolio(kernel, pfn, this.show);
      frame.pins--;
      kernel.frames.releaseIfUnused(pfn);
    }
  }

  private copyOf(kernel: Kernel, pfn: u32): u32 {
    const from = kernel.frames.at(pfn);
    const copy = kernel.frames.allocate(0, from.flags & ~FRAME_USED);
    const to = kernel.frames.at(copy);
    to.owner = from.owner;
    to.index = from.index;
    to.content = from.content;
    return copy;
  }
}

/** Whether the page of `pfn` stands by itself, split off its folio if need be. */
function splitAround(kernel: Kernel, pfn: u32): bool {
  const head = kernel.frames.head(pfn);
  return head.order == 0 || kernel.splitter.split(kernel, head.head);
}

/** __migrate_device_pages, folio_migrate_mapping: only anonymous pages, with no other reference. */
function mayMove(kernel: Kernel, pfn: u32): bool {
  const frame = kernel.frames.at(pfn);
  if (frame.pins != 0 || frame.dmaPins != 0) return false;
  return (frame.flags & (FRAME_ANON | FRAME_KSM | FRAME_SWAPCACHE)) == FRAME_ANON;
}
