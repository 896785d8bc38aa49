/**
 * Page tables that a fault makes while another thread of the mm is in a call: whether that call
 * found them is read off what it announced.
 *
 * Models:     a range is announced only where a table of pmds exists (`vma_adjust_trans_huge`,
 *             `change_pud_range`); a call that came before the fault found none.
 * Simplifies: only the latest such tables are kept.                           (DEVIATIONS R3)
 * Source:     linux 6.18 mm/huge_memory.c (split_huge_pmd_address), mm/mprotect.c
 *             (change_pud_range)
 */
import { allocate } from "../base/bytes";
import { LEVEL_PMD } from "../base/page";
import { Kernel } from "../kernel/kernel";
import { Mm, addressOfMm } from "../kernel/mm/mm";
import { EventKind, EventRun, ReplayEvent, copyEvent, eventAt, holdsNotifier } from "./event_run";
import { NO_CALL, Task } from "./task";

/** What one table of pmds covers: a GiB. */
const PMD_TABLE_SHIFT: u64 = 30;
const KEPT: u32 = 64;
const BYTES: u32 = 16;

export class RacingTables {
  /** For each: mm, line and thread of the fault that made it, and the GiB that it covers. */
  private readonly made: usize = allocate(KEPT * BYTES);
  private count: u32 = 0;
  private latestLine: u32 = 0;

  /** Whether `va` has a table of pmds. */
  isThere(kernel: Kernel, mm: Mm, va: u64): bool {
    return kernel.tables.find(mm, va, LEVEL_PMD) != 0;
  }

  /** The fault of `line` made the table for `va`. */
  add(mm: Mm, va: u64, task: Task, line: u32): void {
    const at = this.made + <usize>((this.count++ % KEPT) * BYTES);
    store<u32>(at, addressOfMm(mm));
    store<u32>(at, line, 4);
    store<u32>(at, task.tid, 8);
    store<u32>(at, <u32>(va >> PMD_TABLE_SHIFT), 12);
    this.latestLine = line;
  }

  /** Drops what the call of `task` announced only because of such a table; returns how many. */
  reconcile(task: Task, recorded: EventRun, predicted: EventRun): u32 {
    if (task.call == NO_CALL || this.latestLine < task.callLine) return 0;
    let to: u32 = 0;
    for (let i: u32 = 0; i < predicted.length; i++) {
      const event = eventAt(predicted, i);
      if (this.isRaced(task, event) && !holdsNotifier(recorded, event.a, event.b)) continue;
      copyEvent(predicted, i, to++);
    }
    const dropped = predicted.length - to;
    predicted.length = to;
    return dropped;
  }

  private isRaced(task: Task, event: ReplayEvent): bool {
    if (event.kind != EventKind.Notifier) return false;
    const block = event.a >> PMD_TABLE_SHIFT;
    if ((event.b - 1) >> PMD_TABLE_SHIFT != block) return false;
    const kept = min(this.count, KEPT);
    for (let i: u32 = 0; i < kept; i++) {
      const at = this.made + <usize>(i * BYTES);
      if (load<u32>(at) != task.mm || load<u32>(at, 4) < task.callLine) continue;
      if (load<u32>(at, 8) != task.tid && load<u32>(at, 12) == <u32>block) return true;
    }
    return false;
  }
}
