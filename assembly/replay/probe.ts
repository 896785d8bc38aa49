/**
 * The stage of a probe: what the mm tells while records are fed to it, kept in order.
 *
 * Models:     every callback, every CPU flush and barrier, every folio and table that is freed, by
 *             whichever task and mm.
 */
import { FlushReason, ProbeKind } from "../abi/recording";
import { ProbeRecord } from "../abi/records";
import { Arena } from "../base/arena";
import { EraFacts } from "../kernel/era";
import { EventSink, FLUSH_ALL, NotifierEvent } from "../kernel/events";
import { ImmediatePlan } from "../kernel/immediate_plan";
import { Kernel } from "../kernel/kernel";
import { Mm } from "../kernel/mm/mm";
import { Stage } from "./stage";
import { Task } from "./task";

export class ProbeSink extends EventSink {
  count: u32 = 0;
  block: usize = 0;
  /** Set once, right after the kernel that owns this sink was made. */
  arena: Arena = changetype<Arena>(0);
  private capacity: u32 = 0;

  rangeStart(mm: Mm, event: NotifierEvent, start: u64, end: u64): void {
    this.push(mm.id, ProbeKind.RangeStart, event, start, end);
  }

  rangeStartNonblock(mm: Mm, event: NotifierEvent, start: u64, end: u64): bool {
    this.push(mm.id, ProbeKind.RangeStartNonblock, event, start, end);
    return true;
  }

  rangeStartOwned(mm: Mm, event: NotifierEvent, start: u64, end: u64, owner: u32): void {
    this.push(mm.id, ProbeKind.RangeStartOwned, event | (owner << 8), start, end);
  }

  rangeEnd(mm: Mm): void {
    this.push(mm.id, ProbeKind.RangeEnd, 0, 0, 0);
  }

  cpuFlush(mm: Mm, reason: FlushReason, pages: i32): void {
    const count = pages == FLUSH_ALL ? u64.MAX_VALUE : <u64>pages;
    this.push(mm.id, ProbeKind.CpuFlush, reason, count, 0);
  }

  secondaryFlush(mm: Mm, start: u64, end: u64): void {
    this.push(mm.id, ProbeKind.SecondaryFlush, 0, start, end);
  }

  tlbBarrier(mm: Mm): void {
    this.push(mm.id, ProbeKind.TlbBarrier, 0, 0, 0);
  }

  invalidatePage(mm: Mm, va: u64): void {
    this.push(mm.id, ProbeKind.InvalidatePage, 0, va, va + 4096);
  }

  changePte(mm: Mm, va: u64): void {
    this.push(mm.id, ProbeKind.ChangePte, 0, va, va + 4096);
  }

  clearFlushYoung(mm: Mm, start: u64, end: u64): void {
    this.push(mm.id, ProbeKind.ClearFlushYoung, 0, start, end);
  }

  clearYoung(mm: Mm, start: u64, end: u64): void {
    this.push(mm.id, ProbeKind.ClearYoung, 0, start, end);
  }

  testYoung(mm: Mm, va: u64): void {
    this.push(mm.id, ProbeKind.TestYoung, 0, va, va + 4096);
  }

  release(mm: Mm): void {
    this.push(mm.id, ProbeKind.Release, 0, 0, 0);
  }

  freedPage(order: u32): void {
    this.push(0, ProbeKind.FreedPage, 0, <u64>order, 0);
  }

  freedTable(): void {
    this.push(0, ProbeKind.FreedTable, 0, 0, 0);
  }

  private push(mm: u32, kind: ProbeKind, detail: u32, start: u64, end: u64): void {
    // what boot itself frees is before anybody listens
    if (changetype<usize>(this.arena) == 0) return;
    if (this.count == this.capacity) this.grow();
    const record = changetype<ProbeRecord>(
      this.block + <usize>this.count * offsetof<ProbeRecord>(),
    );
    record.kind = kind;
    record.detail = detail;
    record.mm = mm;
    record.start = start;
    record.end = end;
    this.count++;
  }

  private grow(): void {
    const size = offsetof<ProbeRecord>();
    const capacity = max<u32>(2 * this.capacity, 64);
    const larger = this.arena.take(<u32>(<usize>capacity * size));
    if (this.capacity != 0) {
      memory.copy(larger, this.block, <usize>this.count * size);
      this.arena.give(this.block, <u32>(<usize>this.capacity * size));
    }
    this.block = larger;
    this.capacity = capacity;
  }
}

class ProbeStage extends Stage {
  begin(task: Task, mm: Mm, cpu: u32): void {}
  end(mm: Mm): void {}
  compares(): bool {
    return false;
  }
}

/** A kernel that is listened to. */
export class Probe {
  readonly kernel: Kernel;
  readonly sink: ProbeSink;
  readonly stage: Stage;

  constructor(facts: EraFacts) {
    const plan = new ImmediatePlan();
    const sink = new ProbeSink();
    const kernel = new Kernel(sink, plan, facts);
    plan.kernel = kernel;
    sink.arena = kernel.arena;
    this.kernel = kernel;
    this.sink = sink;
    this.stage = new ProbeStage();
  }
}
