/**
 * When two neighbouring VMAs become one.
 *
 * Models:     flags (soft-dirty aside), file, offset, userfaultfd registration and policy must
 *             agree; of two different anon_vmas neither gives way; a VMA cloned from a parent takes
 *             no stranger in.
 * Source:     linux 6.18 mm/vma.c (vma_merge_new_range, vma_merge_existing_range,
 *             is_mergeable_anon_vma)
 */
import { Kernel } from "../kernel";
import { splitHugeAtBoundary } from "./vma_split";
import { Mm, detachVma, indexOf, insertVma, mmAt, vmaOf } from "./mm";
import { Vma } from "./vma";
import { VM_PFNMAP, VM_SOFTDIRTY } from "./vm_flags";

/** The range that looks for a neighbour to join. */
export class VmaMerge {
  start: u64 = 0;
  end: u64 = 0;
  pgoff: u64 = 0;
  flags: u64 = 0;
  file: u32 = 0;
  anonVma: u32 = 0;
  anonRoot: u32 = 0;
  forkChild: u32 = 0;
  uffd: u32 = 0;
  policy: u32 = 0;

  takeFrom(vma: Vma): void {
    this.start = vma.start;
    this.end = vma.end;
    this.pgoff = vma.pgoff;
    this.flags = vma.flags;
    this.file = vma.file;
    this.anonVma = vma.anonVma;
    this.anonRoot = vma.anonRoot;
    this.forkChild = vma.forkChild;
    this.uffd = vma.uffd;
    this.policy = vma.policy;
  }

  private fits(vma: Vma): bool {
    if (((vma.flags ^ this.flags) & ~VM_SOFTDIRTY) != 0) return false;
    if (vma.file != this.file || vma.uffd != this.uffd || vma.policy != this.policy) return false;
    if (vma.anonVma == 0 && this.anonVma != 0) return this.forkChild == 0;
    if (vma.anonVma != 0 && this.anonVma == 0) return vma.forkChild == 0;
    return vma.anonVma == this.anonVma;
  }

  fitsAfter(previous: Vma | null): bool {
    if (previous == null || previous.end != this.start || !this.fits(previous)) return false;
    return previous.pgoff + ((previous.end - previous.start) >> 12) == this.pgoff;
  }

  fitsBefore(next: Vma | null): bool {
    if (next == null || next.start != this.end || !this.fits(next)) return false;
    return next.pgoff == this.pgoff + ((this.end - this.start) >> 12);
  }
}

/** Two neighbours that both take the range in must also get on with each other. */
function agree(left: Vma, right: Vma): bool {
  return left.anonVma == 0 || right.anonVma == 0 || left.anonVma == right.anonVma;
}

/** dup_anon_vma: a VMA that grows over written pages takes the other's anon_vma over. */
export function inheritAnonVma(target: Vma, source: Vma): void {
  if (target.anonVma != 0 || source.anonVma == 0) return;
  target.anonVma = source.anonVma;
  target.anonRoot = source.anonRoot;
  target.forkChild = source.forkChild;
}

function previousOf(mm: Mm, start: u64): Vma | null {
  const index = indexOf(mm, start);
  return index == 0 ? null : vmaOf(mm, index - 1);
}

function atOrAfter(mm: Mm, va: u64): Vma | null {
  const index = indexOf(mm, va);
  return index == mm.count ? null : vmaOf(mm, index);
}

/**
 * Joins the range described by `kernel.merge`, where no VMA is, to a neighbour; null when none
 * fits.
 */
export function mergeNewRange(kernel: Kernel, mm: Mm): Vma | null {
  const merge = kernel.merge;
  if ((merge.flags & VM_PFNMAP) != 0) return null;
  const previous = previousOf(mm, merge.start);
  const next = atOrAfter(mm, merge.end);
  const left = merge.fitsAfter(previous);
  const right = merge.fitsBefore(next) && (!left || agree(previous!, next!));
  if (left) {
    const target = previous!;
    let end = merge.end;
    target.flags |= merge.flags & VM_SOFTDIRTY;
    if (right) {
      inheritAnonVma(target, next!);
      end = next!.end;
      detachVma(mm, next!);
      kernel.freeVma(next!);
    }
    target.end = end;
    return target;
  }
  if (right) {
    const target = next!;
    target.start = merge.start;
    target.pgoff = merge.pgoff;
    return target;
  }
  return null;
}

/**
 * Joins `[merge.start, merge.end)`, which is `middle` or one end of it and gets new flags, to the
 * neighbours; null when none fits.
 */
export function mergeExistingRange(kernel: Kernel, middle: Vma): Vma | null {
  const merge = kernel.merge;
  const mm = mmAt(middle.mm);
  const leftSide = merge.start == middle.start;
  const rightSide = merge.end == middle.end;
  if ((merge.flags & VM_PFNMAP) != 0 || (!leftSide && !rightSide)) return null;
  const previous = leftSide ? previousOf(mm, middle.start) : null;
  const next = rightSide ? atOrAfter(mm, middle.end) : null;
  const left = leftSide && merge.fitsAfter(previous);
  const right = rightSide && merge.fitsBefore(next) && (!left || agree(previous!, next!));
  if (left && right) {
    const target = previous!;
    inheritAnonVma(target, next!.anonVma != 0 ? next! : middle);
    splitHugeAtBoundary(kernel, target, target.start);
    splitHugeAtBoundary(kernel, target, next!.end);
    const end = next!.end;
    detachVma(mm, middle);
    detachVma(mm, next!);
    target.end = end;
    kernel.freeVma(middle);
    kernel.freeVma(next!);
    return target;
  }
  if (left) {
    const target = previous!;
    inheritAnonVma(target, middle);
    if (rightSide) {
      detachVma(mm, middle);
      target.end = merge.end;
      kernel.freeVma(middle);
    } else {
      splitHugeAtBoundary(kernel, middle, merge.end);
      middle.pgoff += (merge.end - middle.start) >> 12;
      middle.start = merge.end;
      target.end = merge.end;
    }
    return target;
  }
  if (right) {
    const target = next!;
    inheritAnonVma(target, middle);
    if (leftSide) {
      detachVma(mm, middle);
      target.pgoff = merge.pgoff;
      target.start = merge.start;
      kernel.freeVma(middle);
    } else {
      splitHugeAtBoundary(kernel, middle, merge.start);
      middle.end = merge.start;
      target.pgoff -= (target.start - merge.start) >> 12;
      target.start = merge.start;
    }
    return target;
  }
  return null;
}

/** Puts `vma` in the list of `mm`. */
export function linkVma(kernel: Kernel, mm: Mm, vma: Vma): void {
  insertVma(kernel.arena, mm, vma);
}
