/**
 * munmap: unhook the pages, flush, free; then the same for the page table.
 *
 * Models:     the order of the mm's own planner; what differs is whether leaf pages leave early
 *             because the gather's batch is full.
 * Source:     linux mm/vma.c (vms_complete_munmap_vmas), mm/memory.c (zap_pte_range),
 *             mm/mmu_gather.c
 */
import { FlushSite, StepKind } from "../../../abi/vocabulary";
import { unmapRange } from "../../operations/munmap";
import { Program, Protocol } from "../program";
import { ScratchMm } from "../scratch_mm";
import { StepPlan } from "../step_plan";

/** `isBatchFull`: the gather's batch is full with each page. */
export function munmap(program: Program, protocol: Protocol, isBatchFull: bool): void {
  const plan = new StepPlan(program, protocol, isBatchFull);
  plan.site = FlushSite.Munmap;
  const scratch = new ScratchMm(plan);
  unmapRange(scratch.kernel, scratch.mm, scratch.start, scratch.end);
  program.add(StepKind.Done);
}
