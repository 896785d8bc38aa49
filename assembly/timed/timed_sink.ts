/**
 * Hears what the mm does and makes time of it: others act between any two of its steps.
 *
 * Models:     callbacks of the attached mm; local and sent flushes with their cost; frames that
 *             stay out of use until the flush that follows their unhooking is over.
 * Simplifies: other mms of the program cost no time; calls of a program run one after another, in
 *             the order of the recording.                                      (DEVIATIONS D11)
 * Source:     linux arch/x86/mm/tlb.c (flush_tlb_mm_range: CPUs first, then secondary TLBs)
 */
import { FlushReason } from "../abi/recording";
import { Counter, Latency } from "../abi/vocabulary";
import { EraFacts } from "../kernel/era";
import { EventSink, FLUSH_ALL, NotifierEvent } from "../kernel/events";
import { Kernel } from "../kernel/kernel";
import { Mm } from "../kernel/mm/mm";
import { Machine } from "./machine";
import { Notifier } from "./notifier";

export class TimedSink extends EventSink {
  /** The id of the mm that devices are attached to. */
  attachedMm: u32 = 0;
  /** Set once, right after the kernel that owns this sink was made. */
  kernel: Kernel = changetype<Kernel>(0);

  constructor(
    private readonly machine: Machine,
    private readonly notifier: Notifier,
    private readonly era: EraFacts,
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
    if (reason == FlushReason.SendIpi) {
      counters.add(Counter.CpuFlushesSent);
      this.notifier.cpuFlush(this.machine.cost(Latency.Ipi));
      return;
    }
    counters.add(Counter.CpuFlushesLocal);
    if (pages == FLUSH_ALL) {
      counters.add(Counter.CpuFlushesFull);
      this.notifier.cpuFlush(this.machine.cost(Latency.FlushAll));
    } else {
      this.notifier.cpuFlush(this.machine.cost(Latency.FlushPage) * <u64>max(pages, 1));
    }
  }

  secondaryFlush(mm: Mm, start: u64, end: u64): void {
    if (mm.id != this.attachedMm) return;
    if (this.era.hasSecondaryFlush) this.notifier.secondaryFlush(start, end);
    this.kernel.frames.endQuarantine();
    this.kernel.tables.endQuarantine();
  }
}
