/**
 * A recorded program under a timed run: its calls and faults drive the mm, devices act in between.
 *
 * Models:     the recorded order; the recorded time of each call and fault as the earliest it can
 *             begin, divided by a factor, since programs mostly compute.
 */
import { During } from "../abi/recording";
import { TracedWork } from "../abi/vocabulary";
import { Access } from "../kernel/mm/access";
import { Mm } from "../kernel/mm/mm";
import { Stage } from "../replay/stage";
import { NO_CALL, Task } from "../replay/task";
import { Simulation } from "./simulation";

export class RecordedProgram extends Stage {
  private attached: u32 = 0;
  private startedAt: u64 = 0;
  private depth: u32 = 0;

  constructor(private readonly simulation: Simulation) {
    super();
  }

  begin(task: Task, mm: Mm, cpu: u32): void {
    if (this.attached == 0 || mm.id != this.attached) return;
    if (this.depth++ > 0) return;
    const isKthread = task.during == During.Kthread;
    const isCall = task.call != NO_CALL || task.action != 0;
    const isFault = !isKthread && !isCall;
    const work = isFault ? TracedWork.Fault : isKthread ? TracedWork.Kthread : task.call;
    this.simulation.beginOperation(isFault, isKthread, work);
  }

  /** When what was recorded at `time` is due; the beginning, before devices are attached. */
  due(time: u64): u64 {
    if (this.attached == 0) return 0;
    return (time - this.startedAt) / max<u64>(this.simulation.machine.spec.timeDivisor, 1);
  }

  end(mm: Mm): void {
    if (this.depth == 0 || mm.id != this.attached) return;
    if (--this.depth == 0) this.simulation.endOperation();
  }

  compares(): bool {
    return false;
  }

  faults(mm: Mm, va: u64, access: Access): void {
    this.simulation.faulting(mm, va >> 12, access == Access.Write);
  }

  touched(mm: Mm, va: u64, access: Access): void {
    this.simulation.faulted(mm, va >> 12, access == Access.Write);
    if (mm.id == this.attached) this.simulation.touchedByProgram(va >> 12);
  }

  accessed(mm: Mm, va: u64, access: Access): void {
    this.simulation.accessed(mm, va >> 12, access == Access.Write);
  }

  /** Devices are attached to the mm that the run names, or to the first that has a notifier. */
  notifierRegistered(mm: Mm): void {
    if (this.attached != 0) return;
    const shared = this.simulation.machine.spec.sharedMm;
    if (shared != 0 && mm.id != shared) return;
    this.attached = mm.id;
    this.startedAt = this.time;
    this.simulation.attach(mm);
  }

  exits(mm: Mm): void {
    if (mm.id == this.attached) this.simulation.detach(mm);
  }
}
