/**
 * Flushes that run on several CPUs at once: which of them were merged is read off the order of the
 * recording.
 *
 * Models:     a CPU that asks others takes a generation; a CPU that flushes while a later
 *             generation was already taken flushes everything, and one that was brought up to date
 *             by another's request does not flush for its own any more.
 * Source:     linux 6.18 arch/x86/mm/tlb.c (flush_tlb_func)
 */
import { Arena } from "../base/arena";
import { allocate } from "../base/bytes";
import { FlushReason } from "../abi/recording";
import { FLUSH_ALL } from "../kernel/events";
import { CPUS, Mm, addressOfMm } from "../kernel/mm/mm";
import { EventKind, EventRun, ReplayEvent, copyEvent, eventAt, pushEvent } from "./event_run";
import { Task } from "./task";

export class Interleaving {
  constructor(private readonly arena: Arena) {}

  private mm: u32 = 0;
  private generation: u32 = 0;
  /**
   * For each CPU, the generation that it has flushed up to and the one that its own request took.
   */
  private readonly flushed: usize = allocate(CPUS * 4);
  private readonly requested: usize = allocate(CPUS * 4);

  /** A recorded flush, in the order of the recording. */
  take(task: Task, mm: Mm, cpu: u32, reason: u32, isFull: bool): void {
    if (this.mm != addressOfMm(mm)) this.begin(mm);
    const at = (<usize>cpu) << 2;
    if (reason == FlushReason.SendIpi) {
      store<u32>(this.requested + at, ++this.generation);
      return;
    }
    if (reason == FlushReason.LocalMm) {
      const own = load<u32>(this.requested + at);
      // a request that is being made may have its generation before it shows
      if (own != 0 && (own != this.generation || isFull)) task.overtaken++;
      store<u32>(this.requested + at, 0);
      store<u32>(this.flushed + at, this.generation);
      return;
    }
    if (reason != FlushReason.Remote) return;
    if (isFull) task.absorbed++;
    store<u32>(this.flushed + at, this.generation);
  }

  /** Applies what was learnt to the predictions of `task`; returns to how many. */
  reconcile(task: Task, recorded: EventRun, predicted: EventRun): u32 {
    let changed: u32 = 0;
    if (task.nested != 0) changed += this.widenNested(recorded, predicted);
    if (task.overtaken != 0) changed += this.makeFull(recorded, predicted);
    if (task.absorbed != 0) changed += this.dropAbsorbed(task, recorded, predicted);
    task.overtaken = 0;
    task.absorbed = 0;
    task.nested = 0;
    return changed;
  }

  /** mm_tlb_flush_nested: a gather that ends while another is open flushes everything. */
  private widenNested(recorded: EventRun, predicted: EventRun): u32 {
    const full = <u64>(<i64>FLUSH_ALL);
    let changed: u32 = 0;
    if (countFlushes(predicted) == 0) return this.copyFull(recorded, predicted);
    let j: u32 = 0;
    for (let i: u32 = 0; i < recorded.length; i++) {
      const event = eventAt(recorded, i);
      if (event.kind != EventKind.Flush) continue;
      while (j < predicted.length && eventAt(predicted, j).kind != EventKind.Flush) j++;
      if (j == predicted.length) break;
      if (
        event.b == full &&
        event.a == eventAt(predicted, j).a &&
        eventAt(predicted, j).b != full
      ) {
        eventAt(predicted, j).b = full;
        changed++;
      }
      j++;
    }
    return changed;
  }

  /** A nested gather flushes even when it cleared nothing itself. */
  private copyFull(recorded: EventRun, predicted: EventRun): u32 {
    let changed: u32 = 0;
    for (let i: u32 = 0; i < recorded.length; i++) {
      const event = eventAt(recorded, i);
      if (event.kind != EventKind.Flush || event.b != <u64>(<i64>FLUSH_ALL)) continue;
      pushEvent(this.arena, predicted, event.kind, event.a, event.b, 0, event.cpu);
      changed++;
    }
    return changed;
  }

  private begin(mm: Mm): void {
    this.mm = addressOfMm(mm);
    this.generation = 0;
    memory.fill(this.flushed, 0, CPUS * 4);
    memory.fill(this.requested, 0, CPUS * 4);
  }

  /** The n-th local flush of both sides belong together. */
  private makeFull(recorded: EventRun, predicted: EventRun): u32 {
    let changed: u32 = 0;
    let j: u32 = 0;
    for (let i: u32 = 0; i < recorded.length; i++) {
      if (!isLocal(eventAt(recorded, i))) continue;
      while (j < predicted.length && !isLocal(eventAt(predicted, j))) j++;
      if (j == predicted.length) break;
      const full = <u64>(<i64>FLUSH_ALL);
      if (eventAt(recorded, i).b == full && eventAt(predicted, j).b != full) {
        eventAt(predicted, j).b = full;
        changed++;
      }
      j++;
    }
    return changed;
  }

  private dropAbsorbed(task: Task, recorded: EventRun, predicted: EventRun): u32 {
    let surplus: u32 = 0;
    if (countLocal(predicted) > countLocal(recorded))
      surplus = countLocal(predicted) - countLocal(recorded);
    let left = min(surplus, task.absorbed);
    const dropped = left;
    let to: u32 = 0;
    for (let i: u32 = 0; i < predicted.length; i++) {
      if (left > 0 && isLocal(eventAt(predicted, i))) {
        left--;
        continue;
      }
      copyEvent(predicted, i, to++);
    }
    predicted.length = to;
    return dropped;
  }
}

function isLocal(event: ReplayEvent): bool {
  return event.kind == EventKind.Flush && event.a == <u64>FlushReason.LocalMm;
}

function countLocal(run: EventRun): u32 {
  let count: u32 = 0;
  for (let i: u32 = 0; i < run.length; i++) {
    if (isLocal(eventAt(run, i))) count++;
  }
  return count;
}

function countFlushes(run: EventRun): u32 {
  let count: u32 = 0;
  for (let i: u32 = 0; i < run.length; i++) {
    if (eventAt(run, i).kind == EventKind.Flush) count++;
  }
  return count;
}
