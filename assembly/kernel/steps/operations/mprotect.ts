/**
 * mprotect to read-only: once it has returned, nobody may write through an old translation. The
 * order is that of the mm's own planner.
 *
 * Models:     the pte transaction: an entry is cleared, then set again without its write bit.
 * Source:     linux mm/mprotect.c (change_pte_range, ptep_modify_prot_start)
 */
import { FlushSite, StepKind } from "../../../abi/vocabulary";
import { protectRange } from "../../operations/mprotect";
import { Program, Protocol } from "../program";
import { ScratchMm } from "../scratch_mm";
import { StepPlan } from "../step_plan";

const PROT_READ: u32 = 1;

export function mprotect(program: Program, protocol: Protocol): void {
  const plan = new StepPlan(program, protocol, false);
  plan.site = FlushSite.Mprotect;
  plan.promises = true;
  const scratch = new ScratchMm(plan);
  protectRange(scratch.kernel, scratch.mm, scratch.start, scratch.end, PROT_READ);
  program.add(StepKind.Done);
}
