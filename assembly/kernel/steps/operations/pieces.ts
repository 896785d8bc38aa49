/** Pieces that operations without a planner are written with. */
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
