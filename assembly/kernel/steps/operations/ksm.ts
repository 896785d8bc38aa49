/**
 * KSM: the page is write-protected, compared, and replaced by the shared page.
 *
 * Models:     both rounds with their own range pair; a fault in between that makes the page
 *             writable again, which the second round sees; pages that are pinned and left alone.
 * Source:     linux mm/ksm.c (write_protect_page, replace_page)
 */
import { FlushSite, Hook, StepKind } from "../../../abi/vocabulary";
import { Program, Protocol } from "../program";
import { addFlush, addFreePages, addRangeEnd, addRangeStart } from "./pieces";

export function ksm(program: Program, protocol: Protocol): void {
  program.add(StepKind.MmapLockRead);
  addRangeStart(program, protocol);
  program.hook(protocol, Hook.BeforeChange);
  program.join(StepKind.PtlLock);
  program.add(StepKind.ClearPte);
  addFlush(program, protocol, FlushSite.Ksm);
  const protect = program.join(StepKind.SetPteReadOnly);
  program.add(StepKind.PtlUnlock);
  addRangeEnd(program, protocol);

  program.add(StepKind.Compare);
  addRangeStart(program, protocol);
  program.hook(protocol, Hook.BeforeChange);
  const clear = program.add(StepKind.ClearPteIfSame);
  addFlush(program, protocol, FlushSite.Ksm);
  const merge = program.join(StepKind.SetPteMerged);
  program.add(StepKind.PtlUnlock);
  addRangeEnd(program, protocol);
  addFreePages(program, protocol);
  program.add(StepKind.MmapUnlockRead);
  program.add(StepKind.Done);

  program.setTarget(protect, program.length);
  program.setTarget(clear, program.length);
  program.setTarget(merge, program.length);
  addRangeEnd(program, protocol);
  program.add(StepKind.MmapUnlockRead);
  program.add(StepKind.Done);
}
