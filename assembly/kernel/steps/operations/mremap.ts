/**
 * mremap moves the mapping away, then mmap puts another one in its place, which the program writes
 * to. All orders are those of the mm's own planners.
 *
 * Models:     entries that move to another address together with their frames, which stay the
 *             mm's; pins, which nobody asks about; a new page where devices knew the old one.
 * Simplifies: the place that the mapping moves to lies under the same table, so that no table goes;
 *             devices do not work there.
 * Source:     linux mm/mremap.c (move_vma, move_ptes), mm/vma.c (__mmap_region)
 */
import { FlushSite, StepKind } from "../../../abi/vocabulary";
import { Access } from "../../mm/access";
import { handleFault } from "../../operations/fault";
import { mapRange } from "../../operations/mmap";
import { remapRange } from "../../operations/mremap";
import { Program, Protocol } from "../program";
import { ScratchMm } from "../scratch_mm";
import { StepPlan } from "../step_plan";

const PROT_READ_WRITE: u32 = 3;
/** MAP_PRIVATE, MAP_FIXED, MAP_ANONYMOUS. */
const MAP_FLAGS: u32 = 0x02 | 0x10 | 0x20;
/** MREMAP_MAYMOVE, MREMAP_FIXED. */
const MREMAP_FLAGS: u32 = 1 | 2;

export function mremap(program: Program, protocol: Protocol): void {
  const plan = new StepPlan(program, protocol, false);
  // A driver cannot tell a move from munmap: both announce MMU_NOTIFY_UNMAP.
  plan.site = FlushSite.Munmap;
  const scratch = new ScratchMm(plan);
  const mm = scratch.mm;
  const size = scratch.end - scratch.start;
  remapRange(scratch.kernel, mm, scratch.start, size, size, MREMAP_FLAGS, scratch.end);

  plan.mmapLockWrite(mm);
  mapRange(scratch.kernel, mm, scratch.start, size, PROT_READ_WRITE, MAP_FLAGS, 0, 0);
  plan.mmapUnlock(mm);

  plan.mmapLockRead(mm);
  handleFault(scratch.kernel, mm, scratch.start, Access.Write, false);
  plan.mmapUnlock(mm);
  program.add(StepKind.Done);
}
