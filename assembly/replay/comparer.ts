/**
 * Compares what an operation was recorded to cause with what the mm predicts.
 *
 * Models:     in order for a reproducible recording, as multisets for one that is not. Whether
 *             another CPU is in the mm's mask depends on tasks that the recording does not show;
 *             where prediction and recording differ only in asking other CPUs, the recording is
 *             taken as input and counted as such.
 */
import { Arena } from "../base/arena";
import { allocate } from "../base/bytes";
import { FlushReason, MISMATCHES_MAX } from "../abi/recording";
import { MismatchRecord } from "../abi/records";
import { Mm } from "../kernel/mm/mm";
import { EventKind, EventRun, ReplayEvent, eventAt } from "./event_run";

/** Lists longer than this are aligned greedily. */
const ALIGN_MAX: u32 = 512;

export class Comparer {
  isOrdered: bool = true;
  notifierExpected: u32 = 0;
  notifierMatched: u32 = 0;
  notifierMissing: u32 = 0;
  notifierExtra: u32 = 0;
  flushExpected: u32 = 0;
  flushMatched: u32 = 0;
  flushMissing: u32 = 0;
  flushExtra: u32 = 0;
  /** Flushes whose request to other CPUs the recording decided. */
  maskInputs: u32 = 0;
  mismatches: u32 = 0;
  readonly mismatchBlock: usize = allocate(<usize>MISMATCHES_MAX * offsetof<MismatchRecord>());
  private readonly lengths: usize = allocate((ALIGN_MAX + 1) * (ALIGN_MAX + 1) * 2);

  constructor(private readonly arena: Arena) {}

  /** Compares and empties both lists. */
  settle(
    recorded: EventRun,
    predicted: EventRun,
    mm: Mm | null,
    cpu: u32,
    during: u32,
    line: u32,
  ): void {
    if (recorded.length == 0 && predicted.length == 0) return;
    if (mm != null) this.reconcileRequests(recorded, predicted, mm, cpu);
    this.match(recorded, predicted);
    this.count(recorded, predicted, during, line);
    recorded.length = 0;
    predicted.length = 0;
  }

  private match(recorded: EventRun, predicted: EventRun): void {
    const longest = max(recorded.length, predicted.length);
    if (!this.isOrdered || longest > ALIGN_MAX) this.matchAny(recorded, predicted);
    else this.align(recorded, predicted);
  }

  private matchAny(recorded: EventRun, predicted: EventRun): void {
    let from: u32 = 0;
    for (let i: u32 = 0; i < recorded.length; i++) {
      const wanted = eventAt(recorded, i);
      while (from < predicted.length && eventAt(predicted, from).matched != 0) from++;
      for (let j = from; j < predicted.length; j++) {
        const candidate = eventAt(predicted, j);
        if (candidate.matched != 0 || !isSame(wanted, candidate)) continue;
        wanted.matched = 1;
        candidate.matched = 1;
        break;
      }
    }
  }

  /** The longest common subsequence. */
  private align(recorded: EventRun, predicted: EventRun): void {
    const n = recorded.length;
    const m = predicted.length;
    let head: u32 = 0;
    while (head < n && head < m && isSame(eventAt(recorded, head), eventAt(predicted, head))) {
      eventAt(recorded, head).matched = 1;
      eventAt(predicted, head).matched = 1;
      head++;
    }
    if (head == n || head == m) return;
    for (let j = head; j <= m; j++) this.putLength(n, j, 0);
    for (let i = n; i-- > head;) {
      this.putLength(i, m, 0);
      for (let j = m; j-- > head;) {
        const same = isSame(eventAt(recorded, i), eventAt(predicted, j));
        const best = same
          ? this.lengthAt(i + 1, j + 1) + 1
          : max(this.lengthAt(i + 1, j), this.lengthAt(i, j + 1));
        this.putLength(i, j, best);
      }
    }
    let i = head;
    let j = head;
    while (i < n && j < m) {
      if (isSame(eventAt(recorded, i), eventAt(predicted, j))) {
        eventAt(recorded, i++).matched = 1;
        eventAt(predicted, j++).matched = 1;
      } else if (this.lengthAt(i + 1, j) >= this.lengthAt(i, j + 1)) i++;
      else j++;
    }
  }

  private lengthAt(i: u32, j: u32): u32 {
    return load<u16>(this.lengths + ((<usize>(i * (ALIGN_MAX + 1) + j)) << 1));
  }

  private putLength(i: u32, j: u32, length: u32): void {
    store<u16>(this.lengths + ((<usize>(i * (ALIGN_MAX + 1) + j)) << 1), <u16>length);
  }

  private count(recorded: EventRun, predicted: EventRun, during: u32, line: u32): void {
    let j: u32 = 0;
    for (let i: u32 = 0; i < recorded.length; i++) {
      const event = eventAt(recorded, i);
      if (event.kind == EventKind.Notifier) this.notifierExpected++;
      else this.flushExpected++;
      if (event.matched != 0) {
        if (event.kind == EventKind.Notifier) this.notifierMatched++;
        else this.flushMatched++;
        continue;
      }
      if (event.kind == EventKind.Notifier) this.notifierMissing++;
      else this.flushMissing++;
      while (
        j < predicted.length &&
        (eventAt(predicted, j).matched != 0 || eventAt(predicted, j).kind != event.kind)
      )
        j++;
      const partner = j < predicted.length ? eventAt(predicted, j++) : null;
      if (partner != null) {
        partner.matched = 2;
        this.countExtra(partner);
      }
      this.report(event, partner, event.line, during);
    }
    for (let i: u32 = 0; i < predicted.length; i++) {
      const event = eventAt(predicted, i);
      if (event.matched != 0) continue;
      this.countExtra(event);
      this.report(null, event, line, during);
    }
  }

  private countExtra(event: ReplayEvent): void {
    if (event.kind == EventKind.Notifier) this.notifierExtra++;
    else this.flushExtra++;
  }

  private report(
    expected: ReplayEvent | null,
    predicted: ReplayEvent | null,
    line: u32,
    during: u32,
  ): void {
    const index = this.mismatches++;
    if (index >= <u32>MISMATCHES_MAX) return;
    const record = changetype<MismatchRecord>(
      this.mismatchBlock + <usize>index * offsetof<MismatchRecord>(),
    );
    record.line = line;
    record.during = during;
    record.hasExpected = expected == null ? 0 : 1;
    record.hasPredicted = predicted == null ? 0 : 1;
    if (expected != null) {
      record.kind = expected.kind;
      record.expectedA = expected.a;
      record.expectedB = expected.b;
    }
    if (predicted != null) {
      record.kind = predicted.kind;
      record.predictedA = predicted.a;
      record.predictedB = predicted.b;
    }
  }

  /**
   * Takes from the recording which flushes asked other CPUs: a request that was predicted and not
   * made, or made and not predicted, tells that a CPU had left or joined the mask unseen.
   */
  private reconcileRequests(recorded: EventRun, predicted: EventRun, mm: Mm, cpu: u32): void {
    if (!hasFlush(recorded)) return;
    const made = countRequests(recorded);
    const expected = countRequests(predicted);
    if (made == expected) return;
    const self = (<u64>1) << cpu;
    if (made < expected) {
      mm.cpuMask = self;
      this.maskInputs += expected - made;
      removeRequests(predicted, made);
      return;
    }
    mm.cpuMask |= ~self;
    this.maskInputs += made - expected;
    addRequests(this.arena, recorded, predicted);
  }
}

function isSame(a: ReplayEvent, b: ReplayEvent): bool {
  return a.kind == b.kind && a.a == b.a && a.b == b.b;
}

function isRequest(event: ReplayEvent): bool {
  return event.kind == EventKind.Flush && event.a == FlushReason.SendIpi;
}

/** Without any flush the recording says nothing of the mask. */
function hasFlush(run: EventRun): bool {
  for (let i: u32 = 0; i < run.length; i++) {
    if (eventAt(run, i).kind == EventKind.Flush) return true;
  }
  return false;
}

function countRequests(run: EventRun): u32 {
  let count: u32 = 0;
  for (let i: u32 = 0; i < run.length; i++) {
    if (isRequest(eventAt(run, i))) count++;
  }
  return count;
}

/** Drops the requests after the first `kept`. */
function removeRequests(run: EventRun, kept: u32): void {
  let to: u32 = 0;
  let seen: u32 = 0;
  for (let i: u32 = 0; i < run.length; i++) {
    if (isRequest(eventAt(run, i)) && ++seen > kept) continue;
    if (to != i)
      memory.copy(changetype<usize>(eventAt(run, to)), changetype<usize>(eventAt(run, i)), 32);
    to++;
  }
  run.length = to;
}

/**
 * Marks recorded requests that nothing predicted as taken over, by putting the same into the
 * prediction.
 */
function addRequests(arena: Arena, recorded: EventRun, predicted: EventRun): void {
  let at: u32 = 0;
  for (let i: u32 = 0; i < recorded.length; i++) {
    const event = eventAt(recorded, i);
    if (!isRequest(event)) {
      if (at < predicted.length) at++;
      continue;
    }
    if (at < predicted.length && isRequest(eventAt(predicted, at))) {
      at++;
      continue;
    }
    insertCopy(arena, predicted, at++, event);
  }
}

function insertCopy(arena: Arena, run: EventRun, at: u32, event: ReplayEvent): void {
  if (run.length == run.capacity) {
    const capacity = run.capacity == 0 ? 8 : run.capacity * 2;
    const block = <u32>arena.take(capacity * 32);
    if (run.capacity != 0) {
      memory.copy(block, run.block, run.length * 32);
      arena.give(run.block, run.capacity * 32);
    }
    run.block = block;
    run.capacity = capacity;
  }
  const place = changetype<usize>(eventAt(run, at));
  memory.copy(place + 32, place, (run.length - at) * 32);
  memory.copy(place, changetype<usize>(event), 32);
  run.length++;
}
