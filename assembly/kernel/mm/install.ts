/**
 * Making absent pages present: anonymous memory, files, swap. Never announced to notifiers.
 *
 * Models:     zero pages, 2 MiB pages and folios of other sizes, where they fit and the range is
 *             empty; the 16-page window of the page cache around a read fault and whole large
 *             folios that reach into it, unless the first of them ends the file; whole folios of
 *             files on a write; swap-in of one page.
 * Source:     linux 6.18 mm/memory.c (do_anonymous_page, do_fault, finish_fault, do_swap_page),
 *             mm/filemap.c (filemap_map_pages, filemap_map_folio_range), mm/huge_memory.c
 *             (do_huge_pmd_anonymous_page)
 */
import { ThpPolicy } from "../../abi/recording";
import { LEVEL_PMD, PMD_SIZE, alignDown } from "../../base/page";
import {
  PTE_DIRTY,
  PTE_PAGE_SIZE,
  PTE_SOFT_DIRTY,
  PTE_SWAP_EXCLUSIVE,
  PTE_UFFD_WP,
  PTE_WRITE,
  entryFrame,
} from "../../hardware/pgtable/pte";
import { Kernel } from "../kernel";
import { prepareAnonVma } from "./anon_vma";
import { entryFor, writeBit } from "./entries";
import { FileKind } from "./files";
import {
  FRAME_ANON,
  FRAME_DIRTY,
  FRAME_EXCLUSIVE,
  FRAME_FILE,
  FRAME_SWAPCACHE,
  FRAME_ZEROED,
  Frame,
  HUGE_ORDER,
  HUGE_ZERO_PFN,
  ZERO_PFN,
} from "./frames";
import { Mm, mmAt } from "./mm";
import { swapEntryMapped } from "./swap_entries";
import { Vma, isAnonymous, isShared, linearPage } from "./vma";
import { VM_HUGEPAGE, VM_NOHUGEPAGE, VM_WRITE } from "./vm_flags";

/** fault_around_bytes / PAGE_SIZE. */
const FAULT_AROUND_PAGES: u64 = 16;
/** VM_READAHEAD_PAGES: a fault that misses the cache reads this much, half of it below. */
const READ_AROUND_PAGES: u64 = 32;

/** A new anonymous folio of `vma`, exclusive to it, for the page at `va`. */
export function newAnonFolio(kernel: Kernel, vma: Vma, va: u64, order: u32): u32 {
  prepareAnonVma(kernel, vma);
  const pfn = kernel.frames.allocate(
    order,
    FRAME_ANON | FRAME_EXCLUSIVE | (order != 0 ? FRAME_ZEROED : 0),
  );
  const head = kernel.frames.at(pfn);
  head.owner = vma.anonVma;
  head.index = linearPage(vma, va);
  kernel.pending.addNew(pfn);
  return pfn;
}

// ---- anonymous memory

/** Whether a fault in the block of `va` may be served by 2 MiB. */
export function allowsHuge(kernel: Kernel, vma: Vma, va: u64): bool {
  const block = alignDown(va, PMD_SIZE);
  if (block < vma.start || block + PMD_SIZE > vma.end) return false;
  if ((vma.flags & VM_NOHUGEPAGE) != 0 || mmAt(vma.mm).thpDisabled != 0) return false;
  if (kernel.pmdThp == ThpPolicy.Always) return true;
  return kernel.pmdThp == ThpPolicy.Madvise && (vma.flags & VM_HUGEPAGE) != 0;
}

export function installHuge(kernel: Kernel, vma: Vma, va: u64, isWrite: bool): void {
  const mm = mmAt(vma.mm);
  const block = alignDown(va, PMD_SIZE);
  const address = kernel.tables.make(mm, block, LEVEL_PMD);
  if (!isWrite) {
    prepareAnonVma(kernel, vma);
    store<u64>(address, entryFor(vma, HUGE_ZERO_PFN) | PTE_PAGE_SIZE);
    return;
  }
  const pfn = newAnonFolio(kernel, vma, block, HUGE_ORDER);
  kernel.frames.mapHuge(pfn);
  store<u64>(
    address,
    entryFor(vma, pfn) | PTE_PAGE_SIZE | writeBit(vma) | PTE_DIRTY | PTE_SOFT_DIRTY,
  );
}

export function installAnonymous(kernel: Kernel, vma: Vma, va: u64, isWrite: bool): void {
  const mm = mmAt(vma.mm);
  const page = alignDown(va, 4096);
  const keepsWp = load<u64>(kernel.tables.make(mm, page, 1)) & PTE_UFFD_WP;
  if (!isWrite) {
    store<u64>(kernel.tables.make(mm, page, 1), entryFor(vma, ZERO_PFN) | keepsWp);
    return;
  }
  const order = anonOrder(kernel, vma, page);
  const first = alignDown(page, (<u64>4096) << order);
  const pfn = newAnonFolio(kernel, vma, first, order);
  for (let i: u32 = 0; i < 1 << order; i++) {
    kernel.frames.map(pfn + i);
    const entry = entryFor(vma, pfn + i) | writeBit(vma) | PTE_DIRTY | PTE_SOFT_DIRTY;
    store<u64>(kernel.tables.make(mm, first + ((<u64>i) << 12), 1), entry | keepsWp);
  }
}

/** The largest enabled folio around `page` that fits the VMA and whose entries are all empty. */
function anonOrder(kernel: Kernel, vma: Vma, page: u64): u32 {
  let orders = kernel.anonOrdersAlways;
  if ((vma.flags & VM_HUGEPAGE) != 0) orders |= kernel.anonOrdersMadvise;
  if ((vma.flags & VM_NOHUGEPAGE) != 0 || vma.uffd != 0 || mmAt(vma.mm).thpDisabled != 0) return 0;
  for (let order: u32 = 8; order > 1; order--) {
    if ((orders & (1 << order)) == 0) continue;
    const first = alignDown(page, (<u64>4096) << order);
    if (first < vma.start || first + ((<u64>4096) << order) > vma.end) continue;
    if (isRangeEmpty(kernel, mmAt(vma.mm), first, (<u32>1) << order)) return order;
  }
  return 0;
}

function isRangeEmpty(kernel: Kernel, mm: Mm, start: u64, count: u32): bool {
  for (let i: u32 = 0; i < count; i++) {
    const address = kernel.tables.findPte(mm, start + ((<u64>i) << 12));
    if (address != 0 && load<u64>(address) != 0) return false;
  }
  return true;
}

// ---- files

/** do_cow_fault: a private copy of a page that was not mapped. */
export function installPrivateCopy(kernel: Kernel, vma: Vma, va: u64): void {
  readIfMissing(kernel, vma, linearPage(vma, va));
  cacheFor(kernel, vma, linearPage(vma, va));
  const pfn = newAnonFolio(kernel, vma, alignDown(va, 4096), 0);
  kernel.frames.map(pfn);
  const address = kernel.tables.make(mmAt(vma.mm), va, 1);
  const keepsWp = load<u64>(address) & PTE_UFFD_WP;
  store<u64>(address, entryFor(vma, pfn) | writeBit(vma) | PTE_DIRTY | PTE_SOFT_DIRTY | keepsWp);
}

/** do_read_fault: what the page cache holds around `va`, or the one page that it has to get. */
export function installForRead(kernel: Kernel, vma: Vma, va: u64): void {
  if (allowsHugeFile(kernel, vma, va) && installHugeFile(kernel, vma, va, false)) return;
  const page = alignDown(va, 4096);
  const pageInTable = (page >> 12) & 511;
  const pageInVma = (page - vma.start) >> 12;
  const aligned = pageInTable & ~(FAULT_AROUND_PAGES - 1);
  const lowest = pageInTable - min(pageInTable, pageInVma);
  const from = max(aligned, lowest);
  const pagesLeft = ((vma.end - vma.start) >> 12) - pageInVma;
  const to = min(min(from + FAULT_AROUND_PAGES, 512), pageInTable + pagesLeft);
  const start = page + (from << 12) - (pageInTable << 12);
  if (vma.uffd == 0) mapAround(kernel, vma, start, to - from);
  const address = kernel.tables.make(mmAt(vma.mm), page, 1);
  if (load<u64>(address) != 0) return;
  if (linearPage(vma, page) >= kernel.files.at(vma.file).pages) return;
  if (!kernel.files.isShmem(vma.file) && readAround(kernel, vma, linearPage(vma, page))) {
    // the fault dropped its lock for the disk and comes again
    installForRead(kernel, vma, va);
    return;
  }
  installFolio(kernel, vma, page, false);
}

/** filemap_fault reads around for a write, too. */
function readIfMissing(kernel: Kernel, vma: Vma, index: u64): void {
  const kind = kernel.files.at(vma.file).kind;
  if (kind == FileKind.Ext4) readAround(kernel, vma, index);
}

/**
 * Reads what the cache lacks of the read-ahead window around page `index`; false when nothing was
 * missing.
 */
function readAround(kernel: Kernel, vma: Vma, index: u64): bool {
  const files = kernel.files;
  if (files.cachedPage(vma.file, index) != 0) return false;
  const first = index - min(index, READ_AROUND_PAGES / 2);
  const end = min(first + READ_AROUND_PAGES, files.at(vma.file).pages);
  for (let at = first; at < end; at++) {
    if (files.cachedPage(vma.file, at) == 0) addFolioToCache(kernel, vma.file, at, 0);
  }
  return true;
}

/**
 * filemap_map_pages: maps the cached pages of the window, large folios whole where they fit. The
 * first folio of the window decides for all of them whether that is allowed: on a disk's file it
 * has to end before the file's last page.
 */
function mapAround(kernel: Kernel, vma: Vma, start: u64, count: u64): void {
  // nothing beyond the end of the file is mapped
  const first = linearPage(vma, start);
  const filePages = kernel.files.at(vma.file).pages;
  const limit = first >= filePages ? 0 : min(count, filePages - first);
  let mapsWhole = kernel.files.isShmem(vma.file);
  let isFirst = true;
  let i: u64 = 0;
  while (i < limit) {
    const va = start + (i << 12);
    const pfn = cachedAt(kernel, vma, va);
    if (pfn == 0) {
      i++;
      continue;
    }
    const frame = kernel.frames.at(pfn);
    const head = kernel.frames.at(frame.head);
    const size = (<u64>1) << head.order;
    const offset = <u64>(pfn - frame.head);
    if (isFirst) mapsWhole = mapsWhole || head.index + size < filePages;
    isFirst = false;
    let first = va;
    let pages = min(size - offset, limit - i);
    if (mapsWhole && fitsVma(vma, va, offset, size)) {
      first = va - (offset << 12);
      pages = size;
    }
    const firstPfn = first == va ? pfn : frame.head;
    for (let j: u64 = 0; j < pages; j++)
      mapFilePage(kernel, vma, first + (j << 12), firstPfn + <u32>j, false);
    i += size - offset;
  }
}

/** Whether the folio of `size` pages, of which `va` is page `offset`, lies in the VMA and block. */
function fitsVma(vma: Vma, va: u64, offset: u64, size: u64): bool {
  if (size == 1) return true;
  if ((va - vma.start) >> 12 < offset) return false;
  const first = va - (offset << 12);
  const end = first + (size << 12);
  return end <= vma.end && alignDown(first, PMD_SIZE) == alignDown(end - 1, PMD_SIZE);
}

/** Only the folios of shared memory may reach beyond the end of their file. */
function endsInFile(kernel: Kernel, vma: Vma, head: Frame): bool {
  if (kernel.files.isShmem(vma.file)) return true;
  return head.index + ((<u64>1) << head.order) <= kernel.files.at(vma.file).pages;
}

function mapFilePage(kernel: Kernel, vma: Vma, va: u64, pfn: u32, isWrite: bool): void {
  const address = kernel.tables.make(mmAt(vma.mm), va, 1);
  if (load<u64>(address) != 0) return;
  kernel.frames.map(pfn);
  store<u64>(address, fileEntry(kernel, vma, pfn, isWrite));
}

/** The entry of a page of the page cache. */
export function fileEntry(kernel: Kernel, vma: Vma, pfn: u32, isWrite: bool): u64 {
  let entry = entryFor(vma, pfn);
  if (
    isShared(vma) &&
    (vma.flags & VM_WRITE) != 0 &&
    (isWrite || !kernel.files.isTracked(vma.file)) &&
    vma.uffd == 0
  ) {
    entry |= PTE_WRITE;
  }
  // set_pte_range: a writable entry of a dirty folio is born dirty
  const isDirty = (entry & PTE_WRITE) != 0 && (kernel.frames.head(pfn).flags & FRAME_DIRTY) != 0;
  if (isWrite || isDirty) entry |= PTE_DIRTY;
  return entry;
}

/** do_shared_fault: the folio becomes writable and dirty. */
export function installForWrite(kernel: Kernel, vma: Vma, va: u64): void {
  if (allowsHugeFile(kernel, vma, va) && installHugeFile(kernel, vma, va, true)) return;
  readIfMissing(kernel, vma, linearPage(vma, va));
  installFolio(kernel, vma, alignDown(va, 4096), true);
}

/** finish_fault: the whole folio when its entries are empty and it fits, else the one page. */
function installFolio(kernel: Kernel, vma: Vma, page: u64, isWrite: bool): void {
  const mm = mmAt(vma.mm);
  const pfn = cacheFor(kernel, vma, linearPage(vma, page));
  const frame = kernel.frames.at(pfn);
  const head = kernel.frames.at(frame.head);
  const offset = <u64>(pfn - frame.head);
  const size = (<u64>1) << head.order;
  if (isWrite) head.flags |= FRAME_DIRTY;
  const first = page - (offset << 12);
  if (
    size > 1 &&
    vma.uffd == 0 &&
    endsInFile(kernel, vma, head) &&
    fitsVma(vma, page, offset, size) &&
    isRangeEmpty(kernel, mm, first, <u32>size)
  ) {
    for (let i: u64 = 0; i < size; i++)
      mapFilePage(kernel, vma, first + (i << 12), frame.head + <u32>i, isWrite);
    return;
  }
  const address = kernel.tables.make(mm, page, 1);
  store<u64>(address, 0);
  mapFilePage(kernel, vma, page, pfn, isWrite);
}

/**
 * The cached frame of the page at `va`, or 0; a file that nobody saw being made is cached
 * everywhere.
 */
function cachedAt(kernel: Kernel, vma: Vma, va: u64): u32 {
  const index = linearPage(vma, va);
  const cached = kernel.files.cachedPage(vma.file, index);
  if (cached != 0 || kernel.files.at(vma.file).kind != FileKind.Unknown) return cached;
  return cacheFor(kernel, vma, index);
}

/** The frame that caches page `index` of the VMA's file, which is made when there is none. */
export function cacheFor(kernel: Kernel, vma: Vma, index: u64): u32 {
  const cached = kernel.files.cachedPage(vma.file, index);
  if (cached != 0) return cached;
  return addFolioToCache(kernel, vma.file, index, 0);
}

export function addFolioToCache(kernel: Kernel, file: u32, index: u64, order: u32): u32 {
  const pfn = kernel.frames.allocate(order, FRAME_FILE);
  for (let i: u32 = 0; i < 1 << order; i++) {
    const frame = kernel.frames.at(pfn + i);
    frame.owner = file;
    frame.index = index + i;
    kernel.files.addToCache(file, index + i, pfn + i);
  }
  return pfn;
}

// ---- huge pages of shared memory

function allowsHugeFile(kernel: Kernel, vma: Vma, va: u64): bool {
  const block = alignDown(va, PMD_SIZE);
  if (block < vma.start || block + PMD_SIZE > vma.end || (linearPage(vma, block) & 511) != 0)
    return false;
  const address = kernel.tables.find(mmAt(vma.mm), block, LEVEL_PMD);
  if (address != 0 && load<u64>(address) != 0) return false;
  const cached = kernel.files.cachedPage(vma.file, linearPage(vma, block));
  if (cached != 0) return kernel.frames.orderOf(cached) == HUGE_ORDER;
  if (!kernel.files.isShmem(vma.file) || kernel.shmemThp == ThpPolicy.Never) return false;
  if (kernel.shmemThp == ThpPolicy.Madvise && (vma.flags & VM_HUGEPAGE) == 0) return false;
  for (let i: u64 = 0; i < 512; i++) {
    if (kernel.files.cachedPage(vma.file, linearPage(vma, block) + i) != 0) return false;
  }
  return true;
}

function installHugeFile(kernel: Kernel, vma: Vma, va: u64, isWrite: bool): bool {
  const block = alignDown(va, PMD_SIZE);
  const index = linearPage(vma, block);
  let pfn = kernel.files.cachedPage(vma.file, index);
  if (pfn == 0) pfn = addFolioToCache(kernel, vma.file, index, HUGE_ORDER);
  kernel.frames.mapHuge(pfn);
  const address = kernel.tables.make(mmAt(vma.mm), block, LEVEL_PMD);
  store<u64>(address, fileEntry(kernel, vma, pfn, isWrite) | PTE_PAGE_SIZE);
  return true;
}

// ---- swap

/**
 * do_swap_page: brings one page back; it stays in the swap cache while other entries name its slot.
 */
export function installFromSwap(kernel: Kernel, vma: Vma, va: u64, isWrite: bool): void {
  const address = kernel.tables.make(mmAt(vma.mm), va, 1);
  const old = load<u64>(address);
  const slot = entryFrame(old);
  if (!isAnonymous(vma)) prepareAnonVma(kernel, vma);
  let pfn = kernel.swap.pageOf(slot);
  if (pfn == 0) {
    pfn = newAnonFolio(kernel, vma, alignDown(va, 4096), 0);
    kernel.frames.at(pfn).flags =
      (kernel.frames.at(pfn).flags & ~FRAME_EXCLUSIVE) | FRAME_SWAPCACHE;
    kernel.frames.at(pfn).slot = slot;
    kernel.swap.setPage(slot, pfn);
  }
  const isExclusive = (old & PTE_SWAP_EXCLUSIVE) != 0;
  // __folio_set_anon: a page that may be others', too, belongs to the oldest anon_vma
  if (kernel.frames.head(pfn).mappings == 0)
    kernel.frames.at(pfn).owner = isExclusive ? vma.anonVma : vma.anonRoot;
  let entry = entryFor(vma, pfn) | (old & PTE_UFFD_WP);
  if (isExclusive) {
    kernel.frames.at(pfn).flags |= FRAME_EXCLUSIVE;
    if ((vma.flags & VM_WRITE) != 0 && (entry & PTE_UFFD_WP) == 0) entry |= PTE_WRITE;
    if (isWrite) entry |= PTE_DIRTY;
  }
  kernel.frames.map(pfn);
  store<u64>(address, entry);
  swapEntryMapped(kernel, slot);
}
