/**
 * A page fault, and every access that takes the same steps without one (populate, mlock, kernel
 * copies).
 *
 * Models:     which faults announce a range: only those that replace a page by another; which are
 *             refused; hints of NUMA balancing, without the migration that may follow; private
 *             memory of an mm that was reaped does not come back.
 * Source:     linux 6.18 mm/memory.c (handle_mm_fault, handle_pte_fault, do_wp_page), mm/mmap.c
 *             (expand_stack)
 */
import { LEVEL_PMD, PMD_SIZE, alignDown } from "../../base/page";
import {
  PTE_PRESENT,
  PTE_PROTNONE,
  PTE_UFFD_WP,
  entryFrame,
  isGuard,
  isHuge,
  isMigration,
  isPresent,
  isSwap,
  isWritable,
  mapsFrame,
} from "../../hardware/pgtable/pte";
import { NotifierEvent } from "../events";
import { isHugetlbProtected } from "../mm/hugetlb";
import { Kernel } from "../kernel";
import { prepareAnonVma } from "../mm/anon_vma";
import { mayReuse, mayReuseHuge } from "../mm/cow";
import { isDeviceExclusive } from "../mm/device_exclusive";
import { FileKind } from "../mm/files";
import { HUGE_ZERO_PFN } from "../mm/frames";
import { allowsHuge } from "../mm/install";
import { isUnderMigration } from "../mm/migration";
import { Mm, findVma, indexOf, mmAt, vmaOf } from "../mm/mm";
import { Vma, isAnonymous, isHugetlb, isShared, linearPage } from "../mm/vma";
import { Access } from "../mm/access";
import { VM_ACCESS_FLAGS, VM_EXEC, VM_GROWSDOWN, VM_WRITE } from "../mm/vm_flags";
import { takeFromDevice } from "./device_memory";
import { UFFD_MISSING, UFFD_WP_ASYNC } from "../mm/uffd_modes";

export const enum FaultResult {
  Handled = 0,
  /** No VMA, or one that forbids the access. */
  Refused = 1,
  /** Beyond the end of the file. */
  BusError = 2,
  /** Left to userfaultfd. */
  Userfault = 3,
}

/**
 * A fault of the program at `va`; `force` is FOLL_FORCE, which writes where only the VMA may be
 * written.
 */
export function handleFault(
  kernel: Kernel,
  mm: Mm,
  va: u64,
  access: Access,
  force: bool,
): FaultResult {
  let vma = findVma(mm, va);
  if (vma == null) vma = growStack(kernel, mm, va);
  if (vma == null) return FaultResult.Refused;
  if (!force && !isAllowed(vma, access)) return FaultResult.Refused;
  if (isHugetlb(vma)) {
    if (access == Access.Write && isHugetlbProtected(kernel, mm, vma, va))
      return FaultResult.Userfault;
    kernel.plan.installHugetlb(vma, va, access == Access.Write);
    return FaultResult.Handled;
  }
  const pmdAddress = kernel.tables.find(mm, va, LEVEL_PMD);
  const pmd = pmdAddress == 0 ? 0 : load<u64>(pmdAddress);
  if (pmd == 0 && isAnonymous(vma) && vma.uffd == 0 && allowsHuge(kernel, vma, va)) {
    kernel.plan.installHuge(vma, va, access == Access.Write);
    return FaultResult.Handled;
  }
  if (isHuge(pmd)) {
    if (isNumaHint(vma, pmd)) {
      kernel.plan.clearNumaHint(vma, va);
      return handleFault(kernel, mm, va, access, force);
    }
    if (access != Access.Write || isWritable(pmd)) return FaultResult.Handled;
    if (writeToHuge(kernel, mm, vma, va, pmd)) return FaultResult.Handled;
  }
  return handlePte(kernel, mm, vma, va, access);
}

/** Whether the protection of the VMA permits such an access. */
export function isAllowed(vma: Vma, access: Access): bool {
  if (access == Access.Write) return (vma.flags & VM_WRITE) != 0;
  if (access == Access.Execute) return (vma.flags & VM_EXEC) != 0;
  return (vma.flags & VM_ACCESS_FLAGS) != 0;
}

/** pte_protnone, in a VMA that may be accessed. */
function isNumaHint(vma: Vma, entry: u64): bool {
  if ((vma.flags & VM_ACCESS_FLAGS) == 0) return false;
  return mapsFrame(entry) && !isPresent(entry) && !isUnderMigration(entry);
}

function handlePte(kernel: Kernel, mm: Mm, vma: Vma, va: u64, access: Access): FaultResult {
  const address = kernel.tables.findPte(mm, va);
  const entry = address == 0 ? 0 : load<u64>(address);
  const isWrite = access == Access.Write;
  if (isDeviceExclusive(entry)) {
    takeFromDevice(kernel, mm, vma, va);
    return handlePte(kernel, mm, vma, va, access);
  }
  if (isNumaHint(vma, entry)) {
    kernel.plan.clearNumaHint(vma, va);
    return handlePte(kernel, mm, vma, va, access);
  }
  if (mapsFrame(entry)) {
    if (isWrite && !isWritable(entry)) return writeToReadOnly(kernel, mm, vma, va, entry, address);
    return FaultResult.Handled;
  }
  if (isGuard(entry)) return FaultResult.Refused;
  if (isSwap(entry)) {
    kernel.plan.installFromSwap(vma, va, isWrite);
    if (isWrite) return handlePte(kernel, mm, vma, va, access);
    return FaultResult.Handled;
  }
  if (isMigration(entry)) return FaultResult.Handled;
  return installAbsent(kernel, vma, va, isWrite);
}

function installAbsent(kernel: Kernel, vma: Vma, va: u64, isWrite: bool): FaultResult {
  // check_stable_address_space
  if (mmAt(vma.mm).isUnstable != 0 && !isShared(vma)) return FaultResult.BusError;
  if (isAnonymous(vma)) {
    if ((vma.uffd & UFFD_MISSING) != 0) return FaultResult.Userfault;
    kernel.plan.installAnonymous(vma, va, isWrite);
    return FaultResult.Handled;
  }
  const file = kernel.files.at(vma.file);
  if (file.kind != FileKind.Unknown && linearPage(vma, va) >= file.pages) {
    // what the window below the end of the file holds is mapped before the end is noticed
    if (!isWrite) kernel.plan.installForRead(vma, va);
    return FaultResult.BusError;
  }
  if (file.kind == FileKind.Device) {
    const page = alignDown(va, 4096);
    kernel.plan.mapFrames(vma, page, page + 4096);
    return FaultResult.Handled;
  }
  if (!isWrite) kernel.plan.installForRead(vma, va);
  else if (isShared(vma)) kernel.plan.installForWrite(vma, va);
  else kernel.plan.installPrivateCopy(vma, va);
  return FaultResult.Handled;
}

/** do_wp_page. */
function writeToReadOnly(
  kernel: Kernel,
  mm: Mm,
  vma: Vma,
  va: u64,
  entry: u64,
  address: usize,
): FaultResult {
  if ((entry & PTE_UFFD_WP) != 0) {
    if ((vma.uffd & UFFD_WP_ASYNC) == 0) return FaultResult.Userfault;
    kernel.plan.clearUffdProtection(vma, va);
  }
  const current = load<u64>(address);
  if (isShared(vma) || mayReuse(kernel, mm, va, current)) {
    kernel.plan.makeWritable(vma, va);
    return FaultResult.Handled;
  }
  copyPage(kernel, mm, vma, va);
  return FaultResult.Handled;
}

/** wp_page_copy. */
export function copyPage(kernel: Kernel, mm: Mm, vma: Vma, va: u64): void {
  const page = alignDown(va, 4096);
  kernel.plan.rangeStart(mm, NotifierEvent.Clear, page, page + 4096);
  kernel.plan.replacePage(vma, va);
  kernel.plan.rangeOnlyEnd(mm);
  kernel.plan.putReplaced();
}

/**
 * do_huge_pmd_wp_page; false when the entry was split and the page has to be looked at by itself.
 */
function writeToHuge(kernel: Kernel, mm: Mm, vma: Vma, va: u64, entry: u64): bool {
  if (!isAnonymous(vma)) {
    // wp_huge_pmd: a file's entry is dropped, and the page is faulted in again
    kernel.plan.splitHugeEntry(vma, va);
    return false;
  }
  const block = alignDown(va, PMD_SIZE);
  const isZero = entryFrame(entry) == HUGE_ZERO_PFN;
  if (!isZero && mayReuseHuge(kernel, entry)) {
    kernel.plan.makeHugeWritable(mm, va);
    return true;
  }
  if (isZero ? kernel.facts.replacesHugeZero : kernel.facts.copiesHugePages) {
    kernel.plan.rangeStart(mm, NotifierEvent.Clear, block, block + PMD_SIZE);
    kernel.plan.replaceHugePage(vma, va);
    kernel.plan.rangeOnlyEnd(mm);
    kernel.plan.putReplaced();
    return true;
  }
  kernel.plan.splitHugeEntry(vma, va);
  return false;
}

/** stack_guard_gap. */
const STACK_GUARD_GAP: u64 = 256 << 12;

/**
 * expand_downwards: a VMA that grows down takes the fault below it in, unless memory that may be
 * accessed and does not grow itself lies too near; from then on it counts as written.
 */
function growStack(kernel: Kernel, mm: Mm, va: u64): Vma | null {
  const index = indexOf(mm, va);
  if (index == mm.count) return null;
  const vma = vmaOf(mm, index);
  if ((vma.flags & VM_GROWSDOWN) == 0 || vma.start <= va) return null;
  const start = alignDown(va, 4096);
  if (index != 0) {
    const below = vmaOf(mm, index - 1);
    const isAccessible = (below.flags & VM_ACCESS_FLAGS) != 0;
    const guards = (below.flags & VM_GROWSDOWN) == 0 && isAccessible;
    if (guards && start - below.end < STACK_GUARD_GAP) return null;
  }
  prepareAnonVma(kernel, vma);
  vma.pgoff -= (vma.start - start) >> 12;
  vma.start = start;
  return vma;
}

/** Whether the hardware could not do the access with the entries as they are. */
export function wouldFault(kernel: Kernel, mm: Mm, va: u64, access: Access): bool {
  const pmdAddress = kernel.tables.find(mm, va, LEVEL_PMD);
  if (pmdAddress == 0) return true;
  const pmd = load<u64>(pmdAddress);
  if (pmd == 0) return true;
  const entry = isHuge(pmd) ? pmd : load<u64>(kernel.tables.pteIn(pmd, va));
  if ((entry & (PTE_PRESENT | PTE_PROTNONE)) != PTE_PRESENT) return true;
  if (access == Access.Write) return !isWritable(entry);
  if (access == Access.Execute) return entry >> 63 != 0;
  return false;
}

/** The mm a VMA belongs to, for planners that are given only the VMA. */
export function mmOf(vma: Vma): Mm {
  return mmAt(vma.mm);
}
