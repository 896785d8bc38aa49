/**
 * Hears what the mm does and makes time of it: others act between any two of its steps.
 *
 * Models:     callbacks of the attached mm; flushes of the own CPU with their cost, IPIs to others
 *             and the wait for their acknowledgements, under the page-table lock where the flush
 *             is; frames that stay out of use until their operation is over, unless a gather holds
 *             them.
 * Simplifies: other mms of the program cost no time; calls of a program run one after another, in
 *             the order of the recording.                                      (DEVIATIONS D11)
 * Source:     linux arch/x86/mm/tlb.c (flush_tlb_mm_range: CPUs first, then secondary TLBs)
 */
import { FlushReason } from "../abi/recording";
import { Counter, Latency, TraceWhat } from "../abi/vocabulary";
import { PAGE_SHIFT } from "../base/page";
import { EVERYTHING, EventSink, FLUSH_ALL, NotifierEvent } from "../kernel/events";
import { CpuTlbs } from "../kernel/mm/cpu_tlbs";
import { Mm } from "../kernel/mm/mm";
import { Cpus } from "./cpus";
import { Machine } from "./machine";
import { Notifier } from "./notifier";

export class TimedSink extends EventSink {
  /** The id of the mm that devices are attached to. */
  attachedMm: u32 = 0;
  /** Set once, right after the kernel that tells this was made. */
  cpus: Cpus = changetype<Cpus>(0);
  tlbs: CpuTlbs = changetype<CpuTlbs>(0);

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

  flushCpu(mm: Mm, cpu: u32, start: u64, end: u64, strideShift: u64): void {
    this.cpus.flushOwn(mm, cpu, start, end, strideShift);
  }

  flushSwitchedIn(mm: Mm, cpu: u32): void {
    if (mm.id == this.attachedMm) this.machine.counters.add(Counter.CpuFlushesOnSwitch);
    this.cpus.flushOwn(mm, cpu, 0, EVERYTHING, PAGE_SHIFT);
  }

  askCpu(mm: Mm, cpu: u32, start: u64, end: u64, strideShift: u64): void {
    if (this.isAtOnce(mm)) {
      this.notifier.spend(this.cpus.askNow(mm, cpu, start, end, strideShift));
    } else {
      this.cpus.ask(mm, cpu, start, end, strideShift);
    }
  }

  awaitCpus(mm: Mm): void {
    if (this.notifier.isImmediate || !this.cpus.hasAsked) {
      this.cpus.endNow();
      return;
    }
    this.cpus.beginWait();
    this.notifier.beginCpuFlush();
    while (this.cpus.isWaiting) this.machine.step();
    this.notifier.endCpuFlush();
    this.cpus.endWait();
  }

  broadcastFlush(mm: Mm, start: u64, end: u64, strideShift: u64): void {
    this.cpus.broadcast(mm, this.tlbs.cpu, start, end, strideShift);
  }

  tlbBarrier(mm: Mm): void {
    this.cpus.barrier(this.tlbs.cpu);
  }

  /** Flushes take no time of their own: of an mm without devices, or within a worker's fault. */
  private isAtOnce(mm: Mm): bool {
    return mm.id != this.attachedMm || this.notifier.isImmediate;
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
