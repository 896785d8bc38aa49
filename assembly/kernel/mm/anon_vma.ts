/**
 * Giving a VMA its anon_vma, which marks it as once written for fork, merging and the reverse map.
 *
 * Models:     an anon_vma taken over from the neighbour above or below, else a new one.
 * Source:     linux 6.18 mm/rmap.c (__anon_vma_prepare), mm/vma.c (find_mergeable_anon_vma)
 */
import { Kernel } from "../kernel";
import { mmAt, nextVma, previousVma } from "./mm";
import { Vma } from "./vma";
import { VM_ACCESS_FLAGS, VM_SOFTDIRTY } from "./vm_flags";

export function prepareAnonVma(kernel: Kernel, vma: Vma): void {
  if (vma.anonVma != 0) return;
  const mm = mmAt(vma.mm);
  const next = nextVma(mm, vma);
  if (next != null && reusable(vma, next, next)) {
    vma.anonVma = next.anonVma;
    vma.anonRoot = next.anonRoot;
    return;
  }
  const previous = previousVma(mm, vma);
  if (previous != null && reusable(previous, vma, previous)) {
    vma.anonVma = previous.anonVma;
    vma.anonRoot = previous.anonRoot;
    return;
  }
  vma.anonVma = kernel.newAnonVma(0);
  vma.anonRoot = vma.anonVma;
}

/**
 * Whether `low` and `high`, neighbours that might merge but for their protection, can share
 * `owner`'s.
 */
function reusable(low: Vma, high: Vma, owner: Vma): bool {
  if (owner.anonVma == 0 || owner.forkChild != 0) return false;
  if (low.end != high.start || low.policy != high.policy || low.file != high.file) return false;
  if (((low.flags ^ high.flags) & ~(VM_ACCESS_FLAGS | VM_SOFTDIRTY)) != 0) return false;
  return high.pgoff == low.pgoff + ((high.start - low.start) >> 12);
}
