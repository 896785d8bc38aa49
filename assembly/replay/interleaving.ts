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
import { EventKind, EventRun, ReplayEvent, copyEvent, eventAt, insertEvent } from "./event_run";
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

  /**
   * mm_tlb_flush_nested: a gather that ends while another is open flushes everything, also when it
   * cleared nothing itself.
   */
  private widenNested(recorded: EventRun, predicted: EventRun): u32 {
    let changed: u32 = 0;
    let more = <i32>countFlushes(recorded) - <i32>countFlushes(predicted);
    // behind what has its counterpart
    let place: u32 = 0;
    for (let i: u32 = 0; i < recorded.length; i++) {
      const event = eventAt(recorded, i);
      if (event.kind != EventKind.Flush) {
        place = behindNotifier(predicted, place, event);
        continue;
      }
      const next = nextFlush(predicted, place);
      const isThere = next < predicted.length && isSame(eventAt(predicted, next), event);
      if (!isThere && event.b == <u64>(<i64>FLUSH_ALL)) {
        if (
          more > 0 &&
          (next == predicted.length || comesLater(recorded, i, eventAt(predicted, next)))
        ) {
          insertEvent(this.arena, predicted, place++, event);
          more--;
          changed++;
          continue;
        }
        if (next < predicted.length && event.a == eventAt(predicted, next).a) {
          eventAt(predicted, next).b = event.b;
          changed++;
        }
      }
      if (next < predicted.length) place = next + 1;
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

/** The place of the first flush from `from` on; the length of the list when there is none. */
function nextFlush(run: EventRun, from: u32): u32 {
  let at = from;
  while (at < run.length && eventAt(run, at).kind != EventKind.Flush) at++;
  return min(at, run.length);
}

/** The place behind the same notifier call; `from` when there is none. */
function behindNotifier(run: EventRun, from: u32, call: ReplayEvent): u32 {
  for (let at = from; at < run.length; at++) {
    if (eventAt(run, at).kind == EventKind.Notifier && isSame(eventAt(run, at), call))
      return at + 1;
  }
  return from;
}

function isSame(one: ReplayEvent, other: ReplayEvent): bool {
  return one.a == other.a && one.b == other.b;
}

/** Whether the recording has that flush behind place `i`. */
function comesLater(recorded: EventRun, i: u32, wanted: ReplayEvent): bool {
  for (
    let at = nextFlush(recorded, i + 1);
    at < recorded.length;
    at = nextFlush(recorded, at + 1)
  ) {
    if (isSame(eventAt(recorded, at), wanted)) return true;
  }
  return false;
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
