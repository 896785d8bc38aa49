/**
 * A short list of notifier calls and flushes: what one operation was recorded, or is predicted, to
 * cause.
 */
import { Arena } from "../base/arena";
import { FlushReason } from "../abi/recording";
import { EventRecord } from "../abi/records";

export const enum EventKind {
  Notifier = 0,
  Flush = 1,
}

/** For a notifier call `a` and `b` are start and end, for a flush the reason and the pages. */
@unmanaged
export class ReplayEvent {
  kind: EventKind;
  line: u32;
  a: u64;
  b: u64;
  /** Set once it has found its counterpart. */
  matched: u32;
  cpu: u32;
}


@unmanaged
export class EventRun {
  block: u32;
  length: u32;
  capacity: u32;
}

const EVENT_BYTES: u32 = 32;

export function eventAt(run: EventRun, index: u32): ReplayEvent {
  return changetype<ReplayEvent>(<usize>run.block + <usize>(index * EVENT_BYTES));
}

export function pushEvent(
  arena: Arena,
  run: EventRun,
  kind: EventKind,
  a: u64,
  b: u64,
  line: u32,
  cpu: u32,
): void {
  if (run.length == run.capacity) {
    const capacity = run.capacity == 0 ? 8 : run.capacity * 2;
    const block = <u32>arena.take(capacity * EVENT_BYTES);
    if (run.capacity != 0) {
      memory.copy(block, run.block, run.length * EVENT_BYTES);
      arena.give(run.block, run.capacity * EVENT_BYTES);
    }
    run.block = block;
    run.capacity = capacity;
  }
  const event = eventAt(run, run.length++);
  event.kind = kind;
  event.line = line;
  event.a = a;
  event.b = b;
  event.matched = 0;
  event.cpu = cpu;
}

/** Adds what a record says: a notifier call's range, or a flush's reason and pages. */
export function pushRecord(
  arena: Arena,
  run: EventRun,
  kind: EventKind,
  record: EventRecord,
): void {
  pushEvent(arena, run, kind, record.a0, record.a1, record.line, record.cpu);
}

/** Whether an mm determines that there is a flush of this reason. */
export function isDetermined(reason: u64): bool {
  return (
    reason == <u64>FlushReason.LocalMm ||
    reason == <u64>FlushReason.SendIpi ||
    reason == <u64>FlushReason.Local
  );
}

/** A copy of `event` at place `at`; what was there comes behind it. */
export function insertEvent(arena: Arena, run: EventRun, at: u32, event: ReplayEvent): void {
  pushEvent(arena, run, event.kind, event.a, event.b, 0, event.cpu);
  const place = changetype<usize>(eventAt(run, at));
  if (at + 1 == run.length) return;
  memory.copy(place + EVENT_BYTES, place, (run.length - 1 - at) * EVENT_BYTES);
  const inserted = eventAt(run, at);
  inserted.kind = event.kind;
  inserted.line = 0;
  inserted.a = event.a;
  inserted.b = event.b;
  inserted.matched = 0;
  inserted.cpu = event.cpu;
}

/** The pages of the run's only flush of this reason; 0 for none, several, or a full one. */
export function onlyFlush(run: EventRun, reason: FlushReason): u64 {
  let pages: u64 = 0;
  for (let i: u32 = 0; i < run.length; i++) {
    const event = eventAt(run, i);
    if (event.kind != EventKind.Flush || event.a != <u64>reason) continue;
    if (pages != 0 || <i64>event.b < 0) return 0;
    pages = event.b;
  }
  return pages;
}

export function holdsNotifier(run: EventRun, start: u64, end: u64): bool {
  for (let i: u32 = 0; i < run.length; i++) {
    const event = eventAt(run, i);
    if (event.kind == EventKind.Notifier && event.a == start && event.b == end) return true;
  }
  return false;
}

/** Moves an event of the run to an earlier place, over what is there. */
export function copyEvent(run: EventRun, from: u32, to: u32): void {
  if (from == to) return;
  memory.copy(
    changetype<usize>(eventAt(run, to)),
    changetype<usize>(eventAt(run, from)),
    EVENT_BYTES,
  );
}

export function freeRun(arena: Arena, run: EventRun): void {
  if (run.capacity != 0) arena.give(run.block, run.capacity * EVENT_BYTES);
  run.block = 0;
  run.length = 0;
  run.capacity = 0;
}
