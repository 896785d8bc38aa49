/**
 * Hears what the mm does and makes time of it: others act between any two of its steps.
 *
 * Models:     callbacks of the attached mm; local and sent flushes with their cost; frames that
 *             stay out of use until their operation is over, unless a gather holds them.
 * Simplifies: other mms of the program cost no time; calls of a program run one after another, in
 *             the order of the recording.                                      (DEVIATIONS D11)
 * Source:     linux arch/x86/mm/tlb.c (flush_tlb_mm_range: CPUs first, then secondary TLBs)
 */
import { FlushReason } from "../abi/recording";
import { Counter, Latency, TraceWhat } from "../abi/vocabulary";
import { EventSink, FLUSH_ALL, NotifierEvent } from "../kernel/events";
import { Mm } from "../kernel/mm/mm";
import { Machine } from "./machine";
import { Notifier } from "./notifier";

export class TimedSink extends EventSink {
  /** The id of the mm that devices are attached to. */
  attachedMm: u32 = 0;

  constructor(
    private readonly machine: Machine,
    private readonly notifier: Notifier,
  ) {
    super();
  }

  rangeStart(mm: Mm, event: NotifierEvent, start: u64, end: u64): void {
    if (mm.id != this.attachedMm) return;
    this.notifier.rangeStart(event, start, end);
  }

  rangeEnd(mm: Mm): void {
    if (mm.id != this.attachedMm) return;
    this.notifier.rangeEnd();
  }

  cpuFlush(mm: Mm, reason: FlushReason, pages: i32): void {
    if (mm.id != this.attachedMm) return;
    const spec = this.machine.spec;
    const counters = this.machine.counters;
    this.machine.note(TraceWhat.CpuFlush, 0, 0, reason);
    if (reason == FlushReason.SendIpi) {
      counters.add(Counter.CpuFlushesSent);
      this.notifier.cpuFlush(this.machine.cost(Latency.Ipi));
      return;
    }
    // a broadcast reaches other CPUs without interrupting them; they cost its issuer nothing
    counters.add(
      reason == FlushReason.Broadcast ? Counter.CpuFlushesSent : Counter.CpuFlushesLocal,
    );
    if (pages == FLUSH_ALL) {
      counters.add(Counter.CpuFlushesFull);
      this.notifier.cpuFlush(this.machine.cost(Latency.FlushAll));
    } else {
      this.notifier.cpuFlush(this.machine.cost(Latency.FlushPage) * <u64>max(pages, 1));
    }
  }

  invalidatePage(mm: Mm, va: u64): void {
    if (mm.id == this.attachedMm) this.notifier.invalidatePage(va);
  }

  secondaryFlushAtEnd(mm: Mm, start: u64, end: u64): void {
    if (mm.id == this.attachedMm) this.notifier.secondaryFlushAtEnd(start, end);
  }

  secondaryFlush(mm: Mm, start: u64, end: u64): void {
    if (mm.id != this.attachedMm) return;
    this.notifier.secondaryFlush(start, end);
  }
}
