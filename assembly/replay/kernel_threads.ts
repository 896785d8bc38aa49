/**
 * What kernel threads did to the mms: when and to which page is taken from the recording, the
 * ranges and flushes that follow are predicted.
 *
 * Models:     ksmd (the first notifier call for a page write-protects it, the second replaces it; a
 *             page merged after one call becomes the shared page), khugepaged, reclaim by kswapd,
 *             writing back by a kworker, and migration by kcompactd or by a task that compacts.
 * Source:     linux 6.18 mm/ksm.c (try_to_merge_one_page), mm/khugepaged.c, mm/vmscan.c,
 *             mm/migrate.c
 */
import { Taker } from "../abi/vocabulary";
import { LongMap } from "../base/long_map";
import { PMD_SIZE } from "../base/page";
import { PTE_PRESENT, entryFrame, isWritable, mapsFrame } from "../hardware/pgtable/pte";
import { NotifierEvent } from "../kernel/events";
import { Kernel } from "../kernel/kernel";
import { FRAME_DIRTY, FRAME_FILE, FRAME_KSM, FRAME_USED, isSpecial } from "../kernel/mm/frames";
import { becomeKsmPage, protectForMerge, replaceByMerged } from "../kernel/mm/ksm";
import { Mm, findVma, mmAt } from "../kernel/mm/mm";
import { reclaimFolio } from "../kernel/mm/reclaim";
import { endRmap, flushReclaimed, flushMigrated, startRmap } from "../kernel/mm/unmap_flush";
import { hideUnderMigration, isUnderMigration, showAfterMigration } from "../kernel/mm/migration";
import { Vma, isShared, linearPage } from "../kernel/mm/vma";
import { collapseForDaemon } from "../kernel/operations/collapse";
import { cleanFolio } from "../kernel/operations/file_operations";

export class KernelThreads {
  private ksmPage: u64 = 0;
  private ksmCalls: u32 = 0;
  /** The frame that the first call write-protected. */
  private ksmFrame: u32 = 0;
  /** The shared page of each content, by what was last written to its pages. */
  private readonly merged: LongMap;

  constructor(private readonly kernel: Kernel) {
    this.merged = new LongMap(kernel.arena);
  }

  /** The VMA that a notifier call for `va` can only belong to, in an mm with a notifier. */
  vmaOfCall(va: u64): Vma | null {
    for (let i: u32 = 0; i < this.kernel.mms.length; i++) {
      const mm = mmAt(this.kernel.mms.at(i));
      if (mm.hasNotifier == 0) continue;
      const vma = findVma(mm, va);
      if (vma != null && this.frameAt(mm, va) != 0) return vma;
    }
    return null;
  }

  /** An mm whose notifier hears what kernel threads do, or 0. */
  firstSubscribed(): u32 {
    for (let i: u32 = 0; i < this.kernel.mms.length; i++) {
      if (mmAt(this.kernel.mms.at(i)).hasNotifier != 0) return this.kernel.mms.at(i);
    }
    return 0;
  }

  // ---- ksmd

  ksmCall(va: u64): void {
    const vma = this.vmaOfCall(va);
    if (vma == null) return;
    const mm = mmAt(vma.mm);
    this.ksmCalls = va == this.ksmPage ? this.ksmCalls + 1 : 1;
    this.ksmPage = va;
    this.kernel.frames.taker = Taker.Ksm;
    this.kernel.sink.rangeStart(mm, NotifierEvent.Clear, va, va + 4096);
    if (this.ksmCalls == 1) {
      protectForMerge(this.kernel, mm, va);
      this.ksmFrame = this.frameAt(mm, va);
    } else if (this.isStillProtected(mm, va)) {
      const shared = this.merged.get(this.contentAt(mm, va));
      if (shared != 0 && this.isKsmPage(shared)) replaceByMerged(this.kernel, vma, va, shared);
    }
    this.kernel.sink.rangeEnd(mm);
  }

  ksmMerged(): void {
    const vma = this.vmaOfCall(this.ksmPage);
    if (vma != null && this.ksmCalls == 1 && this.isStillProtected(mmAt(vma.mm), this.ksmPage)) {
      const mm = mmAt(vma.mm);
      const content = this.contentAt(mm, this.ksmPage);
      becomeKsmPage(this.kernel, mm, this.ksmPage, <u32>content);
      this.merged.set(content, this.frameAt(mm, this.ksmPage));
    }
    this.ksmCalls = 0;
    this.ksmPage = 0;
  }

  /** pte_same: nobody has written the page, and so made it writable or another, since the call. */
  private isStillProtected(mm: Mm, va: u64): bool {
    const address = this.kernel.tables.findPte(mm, va);
    if (address == 0) return false;
    const entry = load<u64>(address);
    return mapsFrame(entry) && !isWritable(entry) && entryFrame(entry) == this.ksmFrame;
  }

  /** The shared page has not been freed since its last user wrote it. */
  private isKsmPage(pfn: u32): bool {
    return !isSpecial(pfn) && (this.kernel.frames.at(pfn).flags & FRAME_KSM) != 0;
  }

  private contentAt(mm: Mm, va: u64): u64 {
    const pfn = this.frameAt(mm, va);
    return pfn == 0 || isSpecial(pfn) ? 1 : <u64>this.kernel.frames.at(pfn).content + 1;
  }

  // ---- khugepaged

  collapse(start: u64, end: u64): void {
    if (end - start != PMD_SIZE) return;
    const vma = this.vmaOfBlock(start);
    if (vma != null) collapseForDaemon(this.kernel, vma, start);
  }

  private vmaOfBlock(start: u64): Vma | null {
    for (let i: u32 = 0; i < this.kernel.mms.length; i++) {
      const mm = mmAt(this.kernel.mms.at(i));
      if (mm.hasNotifier == 0) continue;
      const vma = findVma(mm, start);
      if (vma != null && vma.end >= start + PMD_SIZE) return vma;
    }
    return null;
  }

  // ---- kswapd

  reclaim(va: u64): void {
    const vma = this.vmaOfCall(va);
    if (vma == null) return;
    const pfn = this.frameAt(mmAt(vma.mm), va);
    if (isSpecial(pfn)) return;
    this.kernel.frames.taker = Taker.Reclaim;
    reclaimFolio(this.kernel, this.kernel.frames.at(pfn).head);
    flushReclaimed(this.kernel);
  }

  // ---- the flusher

  /** The dirty folio that a shared mapping has at `va` is written back. */
  writeBack(va: u64): void {
    for (let i: u32 = 0; i < this.kernel.mms.length; i++) {
      const mm = mmAt(this.kernel.mms.at(i));
      const vma = findVma(mm, va);
      if (mm.hasNotifier == 0 || vma == null || vma.file == 0 || !isShared(vma)) continue;
      const pfn = this.kernel.files.cachedPage(vma.file, linearPage(vma, va));
      if (pfn == 0 || (this.kernel.frames.head(pfn).flags & FRAME_DIRTY) == 0) continue;
      cleanFolio(this.kernel, this.kernel.frames.at(pfn).head);
      return;
    }
  }

  // ---- migration

  /** A migration entry takes the page's place. */
  beginMigration(va: u64, order: u32): void {
    const vma = this.vmaOfCall(va);
    if (vma == null) return;
    const mm = mmAt(vma.mm);
    // Only pages on the LRU are isolated.
    this.kernel.pending.drainAll();
    this.kernel.frames.taker = Taker.Migrate;
    const size = (<u64>4096) << order;
    startRmap(this.kernel, mm, NotifierEvent.Clear, va, va + size);
    for (let page = va; page < va + size; page += 4096) {
      const address = this.kernel.tables.findPte(mm, page);
      const entry = address == 0 ? PTE_PRESENT : load<u64>(address);
      if (order == 0) hideUnderMigration(this.kernel, mm, page);
      flushMigrated(this.kernel, mm, page, entry);
      this.kernel.sink.invalidatePage(mm, page);
    }
    endRmap(this.kernel, mm);
  }

  /** The page is back, in another frame. */
  finishMigration(va: u64): void {
    // try_to_unmap_flush stands between the unmapping and the move
    flushReclaimed(this.kernel);
    const vma = this.vmaOfCall(va);
    if (vma == null) return;
    const frames = this.kernel.frames;
    const address = this.kernel.tables.findPte(mmAt(vma.mm), va);
    if (address == 0) return;
    if (!isUnderMigration(load<u64>(address))) return;
    const entry = showAfterMigration(load<u64>(address));
    store<u64>(address, entry);
    const old = entryFrame(entry);
    if (isSpecial(old) || frames.orderOf(old) != 0 || frames.at(old).mappings != 1) return;
    // A pinned page stays where it is.
    if (frames.at(old).dmaPins != 0) return;
    const from = frames.at(old);
    const pfn = frames.allocate(0, from.flags & ~FRAME_USED);
    const to = frames.at(pfn);
    to.owner = from.owner;
    to.index = from.index;
    to.content = from.content;
    if ((from.flags & FRAME_FILE) != 0) {
      // the page cache holds the new page from now on
      this.kernel.files.dropFromCache(from.owner, from.index);
      this.kernel.files.addToCache(from.owner, from.index, pfn);
      from.flags &= ~FRAME_FILE;
    }
    frames.map(pfn);
    frames.taker = Taker.Migrate;
    store<u64>(address, (entry & ~0x000ffffffffff000) | ((<u64>pfn) << 12));
    frames.unmap(old);
  }

  private frameAt(mm: Mm, va: u64): u32 {
    const address = this.kernel.tables.findPte(mm, va);
    if (address == 0) return 0;
    const entry = load<u64>(address);
    return mapsFrame(entry) ? entryFrame(entry) : 0;
  }
}
