/**
 * munmap: unhook the pages, flush, free; then the same for the page table.
 *
 * Models:     a gather that flushes and frees inside the range pair when its batch is full (leaf
 *             pages leave early), and the usual small munmap, which flushes once, after the pair.
 * Source:     linux mm/vma.c (vms_complete_munmap_vmas), mm/memory.c (zap_pte_range), mm/mmu_gather.c
 */
import { FlushSite, Hook, ProtocolTrait, StepKind } from "../../../abi/vocabulary";
import { Program, Protocol } from "../program";

/** Adds the step that frees gathered pages, behind the grace step of protocols that have one. */
export function addFreePages(program: Program, protocol: Protocol): void {
  if (protocol.has(ProtocolTrait.GraceBeforeFree)) program.add(StepKind.Grace);
  program.add(StepKind.FreePages);
}

/** Adds: CPU flush, then the secondary flush of this site. */
export function addFlush(program: Program, protocol: Protocol, site: FlushSite): void {
  program.add(StepKind.CpuFlush);
  program.hook(protocol, Hook.SecondaryFlush, site);
}

/** Adds the start of a range pair with what the protocol does there. */
export function addRangeStart(program: Program, protocol: Protocol): void {
  program.join(StepKind.RangeStart);
  program.hook(protocol, Hook.RangeStart);
}

/** Adds the end of a range pair with what the protocol does there. */
export function addRangeEnd(program: Program, protocol: Protocol): void {
  program.join(StepKind.RangeEnd);
  program.hook(protocol, Hook.RangeEnd);
}

/** `isBatchFull`: the gather's batch is full with each page. */
export function munmap(program: Program, protocol: Protocol, isBatchFull: bool): void {
  program.join(StepKind.MmapLockWrite);
  program.add(StepKind.DetachVma);
  addRangeStart(program, protocol);
  const first = program.length;
  program.hook(protocol, Hook.BeforeChange);
  program.add(StepKind.ClearPte);
  if (isBatchFull) addFlush(program, protocol, FlushSite.Munmap);
  program.setTarget(program.join(StepKind.NextPage), first);
  if (isBatchFull) addFreePages(program, protocol);
  addRangeEnd(program, protocol);
  program.hook(protocol, Hook.BeforeChange);
  program.add(StepKind.ClearUpper);
  addFlush(program, protocol, FlushSite.Munmap);
  if (!isBatchFull) addFreePages(program, protocol);
  program.add(StepKind.FreeTable);
  program.add(StepKind.MmapUnlockWrite);
  program.add(StepKind.Done);
}
