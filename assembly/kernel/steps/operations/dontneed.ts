/**
 * madvise(MADV_DONTNEED): the pages go, the VMA stays, so that a fault may bring new ones at once.
 *
 * Source:     linux mm/madvise.c (madvise_dontneed_single_vma), mm/memory.c
 */
import { FlushSite, Hook, StepKind } from "../../../abi/vocabulary";
import { Program, Protocol } from "../program";
import { addFlush, addFreePages, addRangeEnd, addRangeStart } from "./munmap";

export function dontneed(program: Program, protocol: Protocol): void {
  program.add(StepKind.MmapLockRead);
  addRangeStart(program, protocol);
  const first = program.length;
  program.hook(protocol, Hook.BeforeChange);
  program.add(StepKind.ClearPte);
  addFlush(program, protocol, FlushSite.Dontneed);
  program.setTarget(program.join(StepKind.NextPage), first);
  addFreePages(program, protocol);
  addRangeEnd(program, protocol);
  program.add(StepKind.MmapUnlockRead);
  program.add(StepKind.Done);
}
