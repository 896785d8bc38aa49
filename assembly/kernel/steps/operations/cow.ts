/**
 * fork, then the parent's write: the page is shared read-only, then replaced by a copy. Both orders
 * are those of the mm's own planners.
 *
 * Models:     a pinned page that fork copies for the child at once, so that the parent has nothing
 *             to break.
 * Source:     linux mm/memory.c (copy_present_ptes, wp_page_copy), kernel/fork.c (dup_mmap)
 */
import { FlushSite, StepKind } from "../../../abi/vocabulary";
import { Access } from "../../mm/access";
import { handleFault } from "../../operations/fault";
import { forkMm } from "../../operations/fork";
import { Program, Protocol } from "../program";
import { CHILD_ID, ScratchMm } from "../scratch_mm";
import { StepPlan } from "../step_plan";

export function cow(program: Program, protocol: Protocol): void {
  const plan = new StepPlan(program, protocol, false);
  const scratch = new ScratchMm(plan);
  const mm = scratch.mm;

  plan.site = FlushSite.Fork;
  plan.promises = true;
  forkMm(scratch.kernel, mm, CHILD_ID);

  plan.site = FlushSite.CowBreak;
  plan.promises = false;
  plan.mmapLockRead(mm);
  handleFault(scratch.kernel, mm, scratch.start, Access.Write, false);
  plan.mmapUnlock(mm);
  program.add(StepKind.Done);

  // The child has its copy of a pinned page: fork ends without a promise.
  program.setTarget(plan.writeProtectAt, program.length);
  plan.site = FlushSite.Fork;
  plan.rangeEnd(mm);
  plan.flushMm(mm);
  program.add(StepKind.MmapUnlockWrite);
  program.add(StepKind.Done);
}
