/**
 * fork, then the parent's write: the page is shared read-only, then replaced by a copy.
 *
 * Models:     the flush of fork after the pair; the copy-on-write break with the flush between the
 *             clear and the new entry; a pinned page that fork copies for the child at once, so that
 *             the parent has nothing to break.
 * Source:     linux mm/memory.c (copy_present_ptes, wp_page_copy), kernel/fork.c (dup_mmap)
 */
import { FlushSite, Hook, StepKind } from "../../../abi/vocabulary";
import { Program, Protocol } from "../program";
import { addFlush, addRangeEnd, addRangeStart } from "./munmap";

export function cow(program: Program, protocol: Protocol): void {
  program.add(StepKind.MmapLockWrite);
  addRangeStart(program, protocol);
  program.hook(protocol, Hook.BeforeChange);
  const writeProtect = program.add(StepKind.WriteProtectForChild);
  addRangeEnd(program, protocol);
  addFlush(program, protocol, FlushSite.Fork);
  program.join(StepKind.MmapUnlockWrite);
  program.add(StepKind.PromiseReadOnly);

  program.add(StepKind.MmapLockRead);
  addRangeStart(program, protocol);
  program.hook(protocol, Hook.BeforeChange);
  program.join(StepKind.PtlLock);
  program.add(StepKind.ClearPte);
  addFlush(program, protocol, FlushSite.CowBreak);
  program.add(StepKind.SetPteCopy);
  program.join(StepKind.DropRmap);
  program.add(StepKind.PtlUnlock);
  addRangeEnd(program, protocol);
  program.add(StepKind.MmapUnlockRead);
  program.add(StepKind.Done);

  program.setTarget(writeProtect, program.length);
  addRangeEnd(program, protocol);
  addFlush(program, protocol, FlushSite.Fork);
  program.add(StepKind.MmapUnlockWrite);
  program.add(StepKind.Done);
}
