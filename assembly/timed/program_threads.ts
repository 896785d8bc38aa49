/**
 * Threads of the program that touch its memory all the time, each on a core of its own.
 *
 * Models:     accesses to the pages that the program touched last, the newest most often; the core
 *             that is busy with an IPI makes none; the thread is in the mask of its mm, so that
 *             flushes ask its core.
 * Simplifies: an access that would fault is left, and the next one is made: threads take no locks
 *             and change no entry.                                           (DEVIATIONS D13)
 */
import { Counter, Latency } from "../abi/vocabulary";
import { CpuTlbs } from "../kernel/mm/cpu_tlbs";
import { addressOfMm, Mm } from "../kernel/mm/mm";
import { AddressSpace } from "./address_space";
import { Cpus } from "./cpus";
import { LivePages } from "./live_pages";
import { EVENT_THREAD, eventOf, Machine } from "./machine";

/** How often a thread without a page, or without its core, looks again. */
const IDLE_NS: u64 = 1000;

export class ProgramThreads {
  private readonly live: LivePages;
  /** Whose threads they are; null: they do not run. */
  private mm: Mm | null = null;

  constructor(
    private readonly machine: Machine,
    private readonly cpus: Cpus,
    private readonly tlbs: CpuTlbs,
    private readonly space: AddressSpace,
  ) {
    this.live = new LivePages(max<u32>(machine.spec.threadPages, 1));
  }

  /** Starts every thread, each a little later than the one before it. */
  start(mm: Mm): void {
    this.mm = mm;
    const count = this.machine.spec.threads;
    for (let thread: u32 = 0; thread < count; thread++) {
      this.tlbs.addResident(this.cpuOf(thread), mm);
      const delay = (this.machine.cost(Latency.ThreadThink) * <u64>thread) / count;
      this.machine.schedule(delay, eventOf(EVENT_THREAD, 0, thread, 0));
    }
  }

  /** The mm is gone, and they with it. */
  leave(): void {
    this.mm = null;
    this.tlbs.dropResidents();
  }

  /** The program has touched a page that it may write. */
  touched(vpn: u64): void {
    if (this.machine.spec.threads != 0) this.live.add(vpn);
  }

  /** The thread makes its next access. */
  onThread(thread: u32): void {
    const mm = this.mm;
    if (mm == null) return;
    const machine = this.machine;
    const cpu = this.cpuOf(thread);
    const busyUntil = this.cpus.busyUntil(cpu);
    if (busyUntil > machine.now) {
      machine.scheduleAt(busyUntil, eventOf(EVENT_THREAD, 0, thread, 0));
      return;
    }
    let pause = IDLE_NS;
    if (this.live.length != 0 && this.tlbs.loadedOn(cpu) == addressOfMm(mm)) {
      pause = this.access(mm, cpu) + machine.cost(Latency.ThreadThink);
    }
    machine.schedule(pause, eventOf(EVENT_THREAD, 0, thread, 0));
  }

  private access(mm: Mm, cpu: u32): u64 {
    const random = this.machine.random;
    const live = this.live;
    const vpn = live.at(random.choose(random.choose(live.length) + 1));
    const isWrite = random.choose(1000) < this.machine.spec.threadWritePermille;
    const time = this.cpus.access(mm, cpu, vpn, isWrite);
    if (!this.cpus.isTranslated) {
      this.machine.counters.add(Counter.ThreadAccessesLeft);
      if (!this.space.covers(vpn)) live.forget(vpn);
    }
    return time;
  }

  /** The program's own tasks use the first CPUs. */
  private cpuOf(thread: u32): u32 {
    return this.machine.spec.cores - 1 - thread;
  }
}
