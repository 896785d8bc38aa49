/**
 * Snapshots in a recording: compared with the mm that replay has built, or loaded where it has none
 * yet.
 *
 * Models:     VMAs, present pages and their kind, and which pages share a frame.
 * Simplifies: what a snapshot of a real program leaves out (frames, zero pages, large folios) is
 *             not compared.
 */
import { Arena } from "../base/arena";
import { LongMap } from "../base/long_map";
import { LEVEL_PMD } from "../base/page";
import {
  MARKER_UFFD_WP,
  PTE_DIRTY,
  PTE_PAGE_SIZE,
  PTE_UFFD_WP,
  PTE_WRITE,
  entryFrame,
  isGuard,
  isHuge,
  mapsFrame,
} from "../hardware/pgtable/pte";
import { Kernel } from "../kernel/kernel";
import { prepareAnonVma } from "../kernel/mm/anon_vma";
import { entryFor } from "../kernel/mm/entries";
import { FileKind } from "../kernel/mm/files";
import {
  FRAME_ANON,
  FRAME_EXCLUSIVE,
  FRAME_FILE,
  FRAME_HUGETLB,
  FRAME_KSM,
  FRAME_SWAPCACHE,
  FRAME_USED,
  HUGE_ORDER,
  ZERO_PFN,
  isSpecial,
} from "../kernel/mm/frames";
import { cacheFor, newAnonFolio } from "../kernel/mm/install";
import { Mm, findVma, insertVma, vmaOf } from "../kernel/mm/mm";
import { blockEnd } from "../kernel/mm/page_tables";
import { Vma, isShared, linearPage } from "../kernel/mm/vma";
import {
  VM_ACCOUNT,
  VM_GROWSDOWN,
  VM_PFNMAP,
  VM_SHARED,
  VM_SOFTDIRTY,
  VM_WRITE,
} from "../kernel/mm/vm_flags";
import { Windows, populatedIn } from "./windows";

const PRESENT: u32 = 0x1;
const SWAP: u32 = 0x2;
const FILE: u32 = 0x4;
const EXCLUSIVE: u32 = 0x8;
const UFFD_WP: u32 = 0x10;
const GUARD: u32 = 0x20;
const HUGE: u32 = 0x40;
const ZERO: u32 = 0x80;
const KSM: u32 = 0x100;
const COMPOUND: u32 = 0x200;
const HUGETLB: u32 = 0x400;
const SWAPCACHE: u32 = 0x800;
const ANON: u32 = 0x1000;

const NAME_HEAP: u64 = 1;
const NAME_STACK: u64 = 2;
const UNKNOWN_SIZE: u64 = 1 << 50;
/** What a snapshot without frames still tells. */
const KNOWN_WITHOUT_FRAMES: u32 = PRESENT | SWAP | GUARD | HUGE | UFFD_WP | FILE;

export const enum Difference {
  None = 0,
  Vma = 1,
  Page = 2,
  Frame = 3,
}

export class Snapshots {
  compared: u32 = 0;
  equal: u32 = 0;
  /** The first difference of the snapshot being read. */
  difference: Difference = Difference.None;
  differenceAt: u64 = 0;
  expectedFlags: u32 = 0;
  foundFlags: u32 = 0;
  /** The line of the first snapshot that differs, and how. */
  firstDifference: u32 = 0;
  firstAt: u64 = 0;
  firstExpected: u32 = 0;
  firstFound: u32 = 0;
  isLoading: bool = false;
  hasFrames: bool = false;
  /**
   * Faults right before the snapshot, which may come from its writing, after the pages were read.
   */
  ownFaults: u32 = 0;
  vmaDifferences: u32 = 0;
  /** The bounds of the mm's VMA where the first one differed. */
  modelStart: u64 = 0;
  modelEnd: u64 = 0;
  pageDifferences: u32 = 0;
  private vmaIndex: u32 = 0;
  private pagesListed: u64 = 0;
  private readonly serialOfFrame: LongMap;
  private readonly frameOfSerial: LongMap;
  private readonly pfnOfSerial: LongMap;
  private readonly fileOfNumber: LongMap;

  constructor(
    arena: Arena,
    private readonly windows: Windows,
  ) {
    this.serialOfFrame = new LongMap(arena);
    this.frameOfSerial = new LongMap(arena);
    this.pfnOfSerial = new LongMap(arena);
    this.fileOfNumber = new LongMap(arena);
  }

  begin(kernel: Kernel, mm: Mm): void {
    this.difference = Difference.None;
    this.isLoading = mm.known == 0;
    this.hasFrames = this.windows.count > 0;
    this.vmaIndex = 0;
    this.pagesListed = 0;
    if (!this.isLoading) this.skipToWindow(mm);
  }

  // ---- VMAs

  vma(
    kernel: Kernel,
    mm: Mm,
    start: u64,
    end: u64,
    bits: u32,
    file: u32,
    hasFile: bool,
    offset: u64,
    name: u64,
  ): void {
    if (this.isLoading) {
      this.loadVma(kernel, mm, start, end, bits, file, hasFile, offset, name);
      return;
    }
    if (this.vmaIndex >= mm.count) {
      this.differ(Difference.Vma, start, bits, 0);
      return;
    }
    const vma = vmaOf(mm, this.vmaIndex);
    const found = (<u32>(vma.flags & 7)) | ((vma.flags & VM_SHARED) != 0 ? 8 : 0);
    if (vma.start != start || vma.end != end || found != bits) {
      this.differ(Difference.Vma, start, bits, found);
      if (this.vmaDifferences == 1) this.modelStart = vma.start;
      if (this.vmaDifferences == 1) this.modelEnd = vma.end;
    }
    this.vmaIndex++;
    this.skipToWindow(mm);
  }

  private skipToWindow(mm: Mm): void {
    while (this.vmaIndex < mm.count && !this.windows.holds(vmaOf(mm, this.vmaIndex).start))
      this.vmaIndex++;
  }

  private loadVma(
    kernel: Kernel,
    mm: Mm,
    start: u64,
    end: u64,
    bits: u32,
    file: u32,
    hasFile: bool,
    offset: u64,
    name: u64,
  ): void {
    let flags = (<u64>(bits & 7)) | VM_SOFTDIRTY;
    if ((bits & 8) != 0) flags |= VM_SHARED;
    if (name == NAME_STACK) flags |= VM_GROWSDOWN;
    if (name > NAME_STACK) flags |= VM_PFNMAP;
    if ((flags & (VM_SHARED | VM_WRITE)) == VM_WRITE) flags |= VM_ACCOUNT;
    const vma = kernel.newVma(start, end, flags);
    vma.pgoff = start >> 12;
    if (name > NAME_STACK) {
      vma.file = kernel.files.make(FileKind.Special, UNKNOWN_SIZE);
      vma.pgoff = 0;
    } else if (hasFile || (bits & 8) != 0) {
      vma.file = this.fileFor(kernel, file, hasFile);
      vma.pgoff = offset >> 12;
    }
    insertVma(kernel.arena, mm, vma);
    if (name == NAME_HEAP) {
      mm.brk = end;
      mm.startBrk = start;
    }
  }

  private fileFor(kernel: Kernel, number: u32, hasFile: bool): u32 {
    if (!hasFile) return kernel.files.make(FileKind.SharedAnon, UNKNOWN_SIZE);
    const known = this.fileOfNumber.get(number + 1);
    if (known != 0) return known;
    const file = kernel.files.make(FileKind.Unknown, UNKNOWN_SIZE);
    this.fileOfNumber.set(number + 1, file);
    return file;
  }

  // ---- pages

  pages(
    kernel: Kernel,
    mm: Mm,
    start: u64,
    count: u64,
    flags: u32,
    frame: u32,
    hasFrame: bool,
  ): void {
    for (let i: u64 = 0; i < count; i++) {
      const va = start + (i << 12);
      // what the page cache held of a real program's files is not recorded
      if (this.windows.count > 0 || this.isAnonAt(mm, va)) this.pagesListed++;
      if (this.isLoading) this.loadPage(kernel, mm, va, flags);
      else if (this.difference != Difference.Page)
        this.comparePage(kernel, mm, va, flags, frame + <u32>i, hasFrame);
    }
  }

  private isAnonAt(mm: Mm, va: u64): bool {
    const vma = findVma(mm, va);
    return vma != null && vma.file == 0;
  }

  private comparePage(
    kernel: Kernel,
    mm: Mm,
    va: u64,
    flags: u32,
    frame: u32,
    hasFrame: bool,
  ): void {
    if (!this.hasFrames && (flags & FILE) != 0) return;
    const mask = this.hasFrames ? 0xffffffff : KNOWN_WITHOUT_FRAMES;
    const found = this.flagsAt(kernel, mm, va);
    if ((found & mask) != (flags & mask)) {
      this.differ(Difference.Page, va, flags, found);
      return;
    }
    if (hasFrame && (flags & PRESENT) != 0 && !this.isSameFrame(kernel, mm, va, frame)) {
      this.differ(Difference.Frame, va, frame, 0);
    }
  }

  /** The letters that a snapshot would give the page at `va`. */
  private flagsAt(kernel: Kernel, mm: Mm, va: u64): u32 {
    const pmdAddress = kernel.tables.find(mm, va, LEVEL_PMD);
    if (pmdAddress == 0) return 0;
    const pmd = load<u64>(pmdAddress);
    if (pmd == 0) return 0;
    const isBlock = isHuge(pmd);
    const entry = isBlock ? pmd : load<u64>(kernel.tables.pteIn(pmd, va));
    if (entry == 0) return 0;
    let flags: u32 = (entry & PTE_UFFD_WP) != 0 ? UFFD_WP : 0;
    if (entry == MARKER_UFFD_WP) flags |= UFFD_WP;
    if (!mapsFrame(entry)) return flags | SWAP | (isGuard(entry) ? GUARD : 0);
    flags |= PRESENT;
    if (isBlock) flags |= HUGE;
    const pfn = entryFrame(entry) + (isBlock ? (<u32>(va >> 12)) & 511 : 0);
    if (isSpecial(pfn)) return flags | ZERO | (isBlock ? FILE | COMPOUND : 0);
    const frame = kernel.frames.at(pfn);
    const head = kernel.frames.at(frame.head);
    if ((head.flags & FRAME_FILE) != 0) flags |= FILE;
    if ((head.flags & FRAME_ANON) != 0) flags |= ANON;
    if ((head.flags & FRAME_KSM) != 0) flags |= KSM;
    if ((head.flags & FRAME_HUGETLB) != 0) flags |= HUGETLB;
    if ((head.flags & FRAME_SWAPCACHE) != 0) flags |= SWAPCACHE;
    if (head.order != 0) flags |= COMPOUND;
    if (kernel.frames.mapcountOf(pfn) == 1) flags |= EXCLUSIVE;
    return flags;
  }

  /**
   * Whether a recorded frame number goes with the same frame of ours as before, unless that was
   * freed since.
   */
  private isSameFrame(kernel: Kernel, mm: Mm, va: u64, recorded: u32): bool {
    const pmd = load<u64>(kernel.tables.find(mm, va, LEVEL_PMD));
    const pfn = isHuge(pmd)
      ? entryFrame(pmd) + ((<u32>(va >> 12)) & 511)
      : entryFrame(load<u64>(kernel.tables.pteIn(pmd, va)));
    const serial = kernel.frames.at(pfn).serial;
    const before = this.serialOfFrame.get(recorded + 1);
    const recordedBefore = this.frameOfSerial.get(serial);
    this.serialOfFrame.set(recorded + 1, serial);
    this.frameOfSerial.set(serial, recorded + 1);
    this.pfnOfSerial.set(serial, pfn);
    if (recordedBefore != 0 && recordedBefore != recorded + 1) return false;
    if (before == 0 || before == serial) return true;
    const old = kernel.frames.at(this.pfnOfSerial.get(before));
    // a page that nobody maps any more may still wait on a list of the CPU, which the recording
    // cannot show
    return (
      old.serial != before ||
      (old.flags & FRAME_USED) == 0 ||
      kernel.frames.head(this.pfnOfSerial.get(before)).mappings == 0
    );
  }

  private loadPage(kernel: Kernel, mm: Mm, va: u64, flags: u32): void {
    const vma = findVma(mm, va);
    if (vma == null || (flags & PRESENT) == 0) return;
    if ((flags & HUGE) != 0) {
      this.loadHuge(kernel, mm, vma, va, flags);
      return;
    }
    if (
      kernel.tables.find(mm, va, LEVEL_PMD) != 0 &&
      isHuge(load<u64>(kernel.tables.find(mm, va, LEVEL_PMD)))
    )
      return;
    const address = kernel.tables.make(mm, va, 1);
    if ((flags & FILE) != 0 && vma.file != 0) {
      const pfn = cacheFor(kernel, vma, linearPage(vma, va));
      kernel.frames.map(pfn);
      store<u64>(address, entryFor(vma, pfn));
      return;
    }
    if ((flags & (FILE | EXCLUSIVE)) == 0) {
      store<u64>(address, entryFor(vma, ZERO_PFN));
      return;
    }
    const pfn = newAnonFolio(kernel, vma, va, 0);
    kernel.frames.map(pfn);
    const write = (vma.flags & VM_WRITE) != 0 ? PTE_WRITE | PTE_DIRTY : 0;
    store<u64>(address, entryFor(vma, pfn) | write);
  }

  private loadHuge(kernel: Kernel, mm: Mm, vma: Vma, va: u64, flags: u32): void {
    if ((va & 0x1fffff) != 0 || isShared(vma)) return;
    prepareAnonVma(kernel, vma);
    const pfn = kernel.frames.allocate(HUGE_ORDER, FRAME_ANON | FRAME_EXCLUSIVE);
    kernel.frames.at(pfn).owner = vma.anonVma;
    kernel.frames.at(pfn).index = linearPage(vma, va);
    kernel.frames.mapHuge(pfn);
    store<u64>(
      kernel.tables.make(mm, va, LEVEL_PMD),
      entryFor(vma, pfn) | PTE_PAGE_SIZE | PTE_WRITE | PTE_DIRTY,
    );
  }

  // ---- the end

  end(kernel: Kernel, mm: Mm, line: u32): void {
    if (this.isLoading) {
      mm.known = 1;
      return;
    }
    if (this.vmaIndex < mm.count) this.differ(Difference.Vma, vmaOf(mm, this.vmaIndex).start, 0, 1);
    const populated = this.countPopulated(kernel, mm);
    const most = this.pagesListed + (this.windows.count > 0 ? 0 : this.ownFaults);
    if ((populated < this.pagesListed || populated > most) && this.difference == Difference.None) {
      this.differ(Difference.Page, populated, <u32>this.pagesListed, 0xffffffff);
    }
    this.compared++;
    if (this.difference == Difference.None) {
      this.equal++;
    } else if (this.firstDifference == 0) {
      this.firstDifference = line;
      this.firstAt = this.differenceAt;
      this.firstExpected = this.expectedFlags;
      this.firstFound = this.foundFlags;
    }
  }

  private countPopulated(kernel: Kernel, mm: Mm): u64 {
    let count: u64 = 0;
    for (let i: u32 = 0; i < mm.count; i++) {
      const vma = vmaOf(mm, i);
      if (!this.windows.holds(vma.start)) continue;
      if (this.windows.count == 0 && vma.file != 0) continue;
      let va = kernel.tables.firstPmd(mm, vma.start, vma.end);
      while (va < vma.end) {
        const next = blockEnd(va, vma.end);
        const pmd = load<u64>(kernel.tables.pmdAddress);
        if (isHuge(pmd)) count += (next - va) >> 12;
        else count += populatedIn(kernel, pmd, va, next);
        va = kernel.tables.firstPmd(mm, next, vma.end);
      }
    }
    return count;
  }

  private differ(kind: Difference, at: u64, expected: u32, found: u32): void {
    if (kind == Difference.Vma) this.vmaDifferences++;
    else this.pageDifferences++;
    if (this.difference != Difference.None) return;
    this.difference = kind;
    this.differenceAt = at;
    this.expectedFlags = expected;
    this.foundFlags = found;
  }
}
