/**
 * A kernel with one mm and one populated VMA, for planners to run on while their steps are written.
 *
 * Simplifies: the VMA has a page or two, so that no call empties a page table.  (DEVIATIONS D14)
 */
import { Arch, Era } from "../../abi/vocabulary";
import { factsOf } from "../era";
import { Kernel } from "../kernel";
import { insertVma, Mm } from "../mm/mm";
import { VM_READ, VM_WRITE } from "../mm/vm_flags";
import { Access } from "../mm/access";
import { handleFault } from "../operations/fault";
import { SilentSink, StepPlan } from "./step_plan";

const START: u64 = 0x40000000;
const MM_ID: u32 = 1;
export const CHILD_ID: u32 = 2;
/** Tables that a few pages need, for parent and child. */
const SCRATCH_TABLES: u32 = 16;

export class ScratchMm {
  readonly kernel: Kernel;
  readonly mm: Mm;
  readonly start: u64 = START;
  readonly end: u64 = START + 4096;

  constructor(readonly plan: StepPlan) {
    const facts = factsOf(Era.Linux6_19, Arch.X86);
    const kernel = new Kernel(new SilentSink(), plan, facts, SCRATCH_TABLES);
    plan.kernel = kernel;
    const mm = kernel.makeMm(MM_ID);
    this.kernel = kernel;
    this.mm = mm;
    insertVma(kernel.arena, mm, kernel.newVma(START, START + 4096, VM_READ | VM_WRITE));
    handleFault(kernel, mm, START, Access.Write, false);
    plan.isRecording = true;
  }
}
