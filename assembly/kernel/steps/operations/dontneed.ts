/**
 * madvise(MADV_DONTNEED): the pages go, the VMA stays, so that a fault may bring new ones at once.
 * The order is that of the mm's own planner, with a gather whose batch is full with each page.
 *
 * Models:     mmap_lock for read only, and frames that are free before the range pair ends.
 * Source:     linux mm/madvise.c (madvise_dontneed_single_vma), mm/memory.c
 */
import { FlushSite, StepKind } from "../../../abi/vocabulary";
import { advise, Advice } from "../../operations/madvise";
import { Program, Protocol } from "../program";
import { ScratchMm } from "../scratch_mm";
import { StepPlan } from "../step_plan";

export function dontneed(program: Program, protocol: Protocol): void {
  const plan = new StepPlan(program, protocol, true);
  plan.site = FlushSite.Dontneed;
  const scratch = new ScratchMm(plan);
  advise(scratch.kernel, scratch.mm, scratch.start, scratch.end, Advice.DontNeed);
  program.add(StepKind.Done);
}
