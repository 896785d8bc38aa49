/**
 * khugepaged's collapse: the table is detached, its page copied into a huge one.
 *
 * Models:     the change of the upper entry first, so that nobody finds the table any more; the
 *             copy and the huge entry come after the flush, and the table is freed last.
 * Source:     linux mm/khugepaged.c (collapse_huge_page)
 */
import { FlushSite, Hook, StepKind } from "../../../abi/vocabulary";
import { Program, Protocol } from "../program";
import { addFlush, addFreePages, addRangeEnd, addRangeStart } from "./pieces";

export function collapse(program: Program, protocol: Protocol): void {
  program.join(StepKind.MmapLockWrite);
  program.add(StepKind.RmapLock);
  addRangeStart(program, protocol);
  program.hook(protocol, Hook.BeforeChange);
  program.add(StepKind.ClearUpper);
  addFlush(program, protocol, FlushSite.Collapse);
  addRangeEnd(program, protocol);
  const copy = program.add(StepKind.CopyUnlessPinned);
  program.add(StepKind.ClearDetachedPte);
  addFreePages(program, protocol);
  program.add(StepKind.SetHuge);
  program.add(StepKind.FreeTable);
  program.join(StepKind.RmapUnlock);
  program.add(StepKind.MmapUnlockWrite);
  program.add(StepKind.Done);

  program.setTarget(copy, program.length);
  program.join(StepKind.RmapUnlock);
  program.add(StepKind.MmapUnlockWrite);
  program.add(StepKind.Done);
}
