/**
 * mprotect to read-only: once it has returned, nobody may write through an old translation.
 *
 * Source:     linux mm/mprotect.c (change_pte_range, ptep_modify_prot_start)
 */
import { FlushSite, Hook, StepKind } from "../../../abi/vocabulary";
import { Program, Protocol } from "../program";
import { addFlush, addRangeEnd, addRangeStart } from "./munmap";

export function mprotect(program: Program, protocol: Protocol): void {
  program.join(StepKind.MmapLockWrite);
  program.add(StepKind.MakeVmaReadOnly);
  addRangeStart(program, protocol);
  const first = program.length;
  program.hook(protocol, Hook.BeforeChange);
  program.join(StepKind.PtlLock);
  program.add(StepKind.ClearPte);
  program.join(StepKind.SetPteReadOnly);
  program.add(StepKind.PtlUnlock);
  program.setTarget(program.join(StepKind.NextPage), first);
  addFlush(program, protocol, FlushSite.Mprotect);
  addRangeEnd(program, protocol);
  program.join(StepKind.MmapUnlockWrite);
  program.add(StepKind.PromiseReadOnly);
  program.add(StepKind.Done);
}
