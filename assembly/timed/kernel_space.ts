/**
 * The mm of the recorded program, as IOMMU, devices and workers see it.
 */
import { Taker } from "../abi/vocabulary";
import { PAGE_SHIFT, LEVEL_PMD } from "../base/page";
import { entryFrame, isHuge, isPresent, isWritable, mapsFrame } from "../hardware/pgtable/pte";
import { MIXED_TAKERS } from "../kernel/mm/frames";
import { Kernel } from "../kernel/kernel";
import { findVma, indexOf, Mm, vmaOf } from "../kernel/mm/mm";
import { Vma } from "../kernel/mm/vma";
import { isUnderMigration } from "../kernel/mm/migration";
import { VM_WRITE } from "../kernel/mm/vm_flags";
import { Access } from "../kernel/mm/access";
import { FaultResult, handleFault } from "../kernel/operations/fault";
import { AddressSpace } from "./address_space";
import { Notifier } from "./notifier";

const PAGES_PER_TABLE: u64 = 512;

function pagesOf(vma: Vma): u64 {
  return (vma.end - vma.start) >> PAGE_SHIFT;
}

/** Bits of a frame's life that a TLB entry keeps. */
const LIFE_MASK: u32 = 0x7fffffff;

export class KernelSpace extends AddressSpace {
  /** The mm that devices are attached to; null before its notifier is registered. */
  mm: Mm | null = null;
  /** The program is in the middle of an operation. */
  isBusy: bool = false;

  constructor(
    private readonly kernel: Kernel,
    private readonly notifier: Notifier,
  ) {
    super();
  }

  root(): u32 {
    return this.mm!.pgd;
  }

  look(vpn: u64): bool {
    const mm = this.mm;
    if (mm == null) return false;
    const va = vpn << PAGE_SHIFT;
    const tables = this.kernel.tables;
    const pmdAddress = tables.find(mm, va, LEVEL_PMD);
    if (pmdAddress == 0) return false;
    const pmd = load<u64>(pmdAddress);
    if (isHuge(pmd)) {
      if (!isPresent(pmd)) return false;
      this.frame = entryFrame(pmd) + ((<u32>vpn) & 511);
      this.isWritable = isWritable(pmd);
      return true;
    }
    if (pmd == 0 || !mapsFrame(pmd)) return false;
    const pte = load<u64>(tables.pteIn(pmd, va));
    if (!isPresent(pte)) return false;
    this.frame = entryFrame(pte);
    this.isWritable = isWritable(pte);
    return true;
  }

  pages(): u64 {
    const mm = this.mm;
    if (mm == null) return 0;
    let pages: u64 = 0;
    for (let i: u32 = 0; i < mm.count; i++) pages += pagesOf(vmaOf(mm, i));
    return pages;
  }

  pageAt(index: u64): u64 {
    const mm = this.mm!;
    for (let i: u32 = 0; i < mm.count; i++) {
      const vma = vmaOf(mm, i);
      const pages = pagesOf(vma);
      if (index < pages) return (vma.start >> PAGE_SHIFT) + index;
      index -= pages;
    }
    assert(false, "the index is below the number of pages");
    return 0;
  }

  populatedFrom(vpn: u64): u64 {
    const mm = this.mm;
    if (mm == null) return u64.MAX_VALUE;
    const found = this.populatedIn(mm, vpn, u64.MAX_VALUE);
    return found != u64.MAX_VALUE ? found : this.populatedIn(mm, 0, vpn);
  }

  /** The first populated page in [from, end), or all ones. */
  private populatedIn(mm: Mm, from: u64, end: u64): u64 {
    for (let i = indexOf(mm, from << PAGE_SHIFT); i < mm.count; i++) {
      const vma = vmaOf(mm, i);
      const last = min(vma.end >> PAGE_SHIFT, end);
      let vpn = max(vma.start >> PAGE_SHIFT, from);
      while (vpn < last) {
        if (this.look(vpn)) return vpn;
        vpn = this.hasTable(mm, vpn) ? vpn + 1 : (vpn | (PAGES_PER_TABLE - 1)) + 1;
      }
      if (last == end) break;
    }
    return u64.MAX_VALUE;
  }

  /** A table of last-level entries covers the page. */
  private hasTable(mm: Mm, vpn: u64): bool {
    const address = this.kernel.tables.find(mm, vpn << PAGE_SHIFT, LEVEL_PMD);
    return address != 0 && load<u64>(address) != 0;
  }

  life(frame: u32): u32 {
    return this.kernel.frames.at(frame).serial & LIFE_MASK;
  }

  takerOf(frame: u32, life: u32): Taker {
    const record = this.kernel.frames.at(frame);
    if ((record.serial & LIFE_MASK) == life) return <Taker>record.takenBy;
    if ((record.serialBefore & LIFE_MASK) == life) return <Taker>record.takenBefore;
    return record.takenEver == MIXED_TAKERS ? Taker.Unknown : <Taker>record.takenEver;
  }

  protectorOf(frame: u32): Taker {
    return <Taker>this.kernel.frames.at(frame).protectedBy;
  }

  takerOfTable(frame: u32): Taker {
    return this.kernel.tables.takerOf(frame);
  }

  fault(vpn: u64, isWrite: bool): bool {
    const mm = this.mm;
    if (mm == null) return false;
    this.notifier.isImmediate = true;
    const access = isWrite ? Access.Write : Access.Read;
    const result = handleFault(this.kernel, mm, vpn << PAGE_SHIFT, access, false);
    this.notifier.isImmediate = false;
    this.spentNs += this.notifier.spentNs;
    this.notifier.spentNs = 0;
    return result == FaultResult.Handled;
  }

  isMigrating(vpn: u64): bool {
    const mm = this.mm;
    if (mm == null) return false;
    const address = this.kernel.tables.findPte(mm, vpn << PAGE_SHIFT);
    return address != 0 && isUnderMigration(load<u64>(address));
  }

  isQuiescent(): bool {
    return !this.isBusy;
  }

  /** The page is mapped somewhere, by this mm or another; the rest of its folio does not count. */
  isMapped(frame: u32): bool {
    return this.kernel.frames.mapcountOf(frame) != 0;
  }

  pin(frame: u32): void {
    this.kernel.frames.head(frame).dmaPins++;
  }

  unpin(frame: u32): void {
    const head = this.kernel.frames.at(frame).head;
    this.kernel.frames.at(head).dmaPins--;
    this.kernel.frames.releaseIfUnused(head);
  }

  covers(vpn: u64): bool {
    const mm = this.mm;
    return mm != null && findVma(mm, vpn << PAGE_SHIFT) != null;
  }

  /** The VMA of the page allows writing. */
  mayWrite(vpn: u64): bool {
    const mm = this.mm;
    if (mm == null) return false;
    const vma = findVma(mm, vpn << PAGE_SHIFT);
    return vma != null && (vma.flags & VM_WRITE) != 0;
  }
}
