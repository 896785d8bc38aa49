/**
 * The CPUs of a timed run: accesses of the program through their TLBs, and flushes of these, of the
 * own one at once and of others by IPI.
 *
 *   mm     ask CPU a, ask CPU b ... own flush ... wait for the last acknowledgement
 *   CPU a       delivery ........ flush, acknowledgement
 *
 * Models:     a TLB for each core, which accesses fill and only flushes, later entries and page
 *             faults empty; IPIs to one core after the other, the flush there, when its time has
 *             passed, and the acknowledgement; broadcasts that are complete when their barrier is;
 *             the judgement of every access that a TLB translates.
 * Simplifies: an mm has one address-space tag on every core, and keeps it; a walk is done at once;
 *             a walk that ends in a fault is left out, and that of the access repeated after it
 *             is part of the time of the fault; mms without devices fill
 *             TLBs and are flushed without time and uncounted; CPUs beyond the cores share them.
 *                                                                            (DEVIATIONS D13)
 * Source:     linux 6.18 arch/x86/mm/tlb.c (flush_tlb_multi, flush_tlb_func), kernel/smp.c
 *             (smp_call_function_many_cond); arch/arm64/include/asm/tlbflush.h
 */
import { RunSpec } from "../abi/records";
import { Counter, Latency, LostFlush, Property, Timing, TraceWhat } from "../abi/vocabulary";
import { PAGE_SHIFT } from "../base/page";
import { Core, FIRST_LEVEL, NOT_CACHED } from "../hardware/cpu/core";
import { NO_FRAME } from "../hardware/memory/physical_memory";
import { WalkCache } from "../hardware/pgtable/walk_cache";
import { Walker } from "../hardware/pgtable/walker";
import { Tlb } from "../hardware/tlb/tlb";
import { EVERYTHING } from "../kernel/events";
import { CPUS, Mm } from "../kernel/mm/mm";
import { Oracle } from "../oracle/oracle";
import { AddressSpace } from "./address_space";
import { Judge, NO_VIOLATION } from "./judge";
import { EVENT_ACKNOWLEDGED, EVENT_CPU_FLUSHED, EVENT_IPI, eventOf, Machine } from "./machine";

/** Bits of an address-space tag. */
const ASID_MASK: u32 = 0xfffff;
/** Pages of a whole address space. */
const ALL_PAGES: u64 = 1 << 40;
/** Broadcasts on their way at once; when more are issued, those before are complete. */
const BROADCASTS: i32 = 64;

/** A flush that one CPU is asked for, or all of them. */
class FlushRequest {
  asid: u32 = 0;
  start: u64 = 0;
  end: u64 = 0;
  strideShift: u64 = PAGE_SHIFT;
  /** From the flush to its acknowledgement at the CPU that asked. */
  answerNs: u64 = 0;
  /** The CPU is busy with the interrupt until then. */
  busyUntil: u64 = 0;
  /** Its mm has devices. */
  isCounted: bool = false;

  set(mm: Mm, isCounted: bool, start: u64, end: u64, strideShift: u64): void {
    this.asid = mm.contextId & ASID_MASK;
    this.isCounted = isCounted;
    this.start = start;
    this.end = end;
    this.strideShift = strideShift;
  }

  get isWhole(): bool {
    return this.end == EVERYTHING;
  }

  /** How many instructions flush a range that is not the whole. */
  get strides(): u64 {
    return (this.end - this.start + ((<u64>1) << this.strideShift) - 1) >> this.strideShift;
  }
}

export class Cpus {
  /** The id of the mm whose accesses are counted and judged. */
  attachedMm: u32 = 0;
  /** What access() found: a translation that allows it. */
  isTranslated: bool = false;
  private readonly cores: StaticArray<Core>;
  /** One for each CPU that may be asked, and one for what is done at once. */
  private readonly requests: StaticArray<FlushRequest>;
  private readonly atOnce: FlushRequest = new FlushRequest();
  private readonly broadcasts: StaticArray<FlushRequest>;
  private broadcastCount: i32 = 0;
  /** Acknowledgements that are still to come, and the requests since the last wait. */
  private outstanding: u32 = 0;
  private asked: u32 = 0;
  private askedAt: u64 = 0;
  private askedAtOnce: u32 = 0;
  /** What the last hit has taken. */
  private hitNs: u64 = 0;

  constructor(
    private readonly machine: Machine,
    private readonly space: AddressSpace,
    private readonly judge: Judge,
    private readonly oracle: Oracle,
    private readonly walker: Walker,
  ) {
    const cores = new StaticArray<Core>(<i32>machine.spec.cores);
    for (let i = 0; i < cores.length; i++) cores[i] = newCore(machine.spec);
    this.cores = cores;
    this.requests = requests(<i32>CPUS);
    this.broadcasts = requests(BROADCASTS);
  }

  // ---- accesses

  /** An access of the program or of one of its threads; returns what the translation takes. */
  access(mm: Mm, cpu: u32, vpn: u64, isWrite: bool): u64 {
    if (this.lookup(mm, cpu, vpn, isWrite)) return this.hitNs;
    return this.walk(mm, cpu, vpn, isWrite) * this.machine.cost(Latency.CpuWalkStep);
  }

  /** The first half of an access that faults: the TLB does not help it. */
  faults(mm: Mm, cpu: u32, vpn: u64, isWrite: bool): void {
    this.lookup(mm, cpu, vpn, isWrite);
  }

  /** The second half, when the fault was handled: the access is repeated. */
  repeats(mm: Mm, cpu: u32, vpn: u64, isWrite: bool): void {
    this.walk(mm, cpu, vpn, isWrite);
  }

  /** When the CPU has flushed what it was asked for, if it is at it. */
  busyUntil(cpu: u32): u64 {
    return this.requests[cpu].busyUntil;
  }

  /** Looks into the TLB; a translation that is there is used, and judged. */
  private lookup(mm: Mm, cpu: u32, vpn: u64, isWrite: bool): bool {
    const core = this.coreOf(cpu);
    const level = core.lookup(mm.contextId & ASID_MASK, vpn, isWrite);
    this.isTranslated = level != NOT_CACHED;
    if (!this.isAttached(mm)) return this.isTranslated;
    const counters = this.machine.counters;
    if (level == NOT_CACHED) {
      counters.add(Counter.CpuTlbMisses);
      return false;
    }
    counters.add(Counter.CpuTlbHits);
    if (level != FIRST_LEVEL) counters.add(Counter.CpuTlbSecondLevelHits);
    this.hitNs = level == FIRST_LEVEL ? 0 : this.machine.cost(Latency.CpuTlbHit);
    const violated = this.judge.accessLands(vpn, core.frame, core.life, isWrite);
    if (violated != NO_VIOLATION) counters.add(Counter.CpuViolations);
    return true;
  }

  /** Walks, and caches a translation that allows the access; returns how much was read. */
  private walk(mm: Mm, cpu: u32, vpn: u64, isWrite: bool): u64 {
    const core = this.coreOf(cpu);
    const walker = this.walker;
    const oracle = this.oracle;
    const asid = mm.contextId & ASID_MASK;
    const before = walker.reads;
    const staleWalks = oracle.count(Property.StaleWalk);
    oracle.now = this.machine.now;
    oracle.page = vpn;
    walker.walk(mm.pgd, asid, vpn << PAGE_SHIFT, core.walks);
    const frame = walker.frame;
    this.isTranslated = frame != NO_FRAME && (!isWrite || walker.isWritable);
    if (this.isTranslated) {
      const life = this.space.life(frame);
      core.fill(asid, vpn, frame, life, walker.isWritable, walker.isHuge);
    }
    const reads = walker.reads - before;
    if (!this.isAttached(mm)) return reads;
    const counters = this.machine.counters;
    counters.add(Counter.CpuWalkReads, reads);
    if (oracle.count(Property.StaleWalk) != staleWalks) counters.add(Counter.CpuViolations);
    return reads;
  }

  // ---- flushes

  /** The CPU flushes for itself. */
  flushOwn(mm: Mm, cpu: u32, start: u64, end: u64, strideShift: u64): void {
    this.atOnce.set(mm, this.isAttached(mm), start, end, strideShift);
    if (!this.isLost(LostFlush.Own)) this.carryOut(this.atOnce, cpu);
  }

  /** Sends an IPI; the CPU flushes when it has it, and answers. */
  ask(mm: Mm, cpu: u32, start: u64, end: u64, strideShift: u64): void {
    const machine = this.machine;
    const request = this.requests[cpu];
    request.set(mm, true, start, end, strideShift);
    this.note(TraceWhat.IpiSent, request, cpu);
    const whole = this.send();
    this.asked++;
    const delivery = (whole * machine.spec.ipiDeliveryPermille) / 1000;
    request.answerNs = whole - delivery;
    if (this.outstanding++ == 0) this.askedAt = machine.now;
    machine.schedule(delivery + this.queuedNs(), eventOf(EVENT_IPI, 0, cpu, 0));
  }

  /** As ask(), with the flush and its acknowledgement at once; returns what they take. */
  askNow(mm: Mm, cpu: u32, start: u64, end: u64, strideShift: u64): u64 {
    const request = this.atOnce;
    request.set(mm, this.isAttached(mm), start, end, strideShift);
    if (!request.isCounted) {
      this.serve(request, cpu);
      return 0;
    }
    const whole = this.send();
    this.serve(request, cpu);
    if (this.askedAtOnce++ > 0) return this.machine.cost(Latency.IpiPerCore);
    return whole + this.flushNs(request);
  }

  /** All that was asked for at once is answered. */
  endNow(): void {
    if (this.askedAtOnce != 0) this.machine.counters.add(Counter.AcknowledgementWaits);
    this.askedAtOnce = 0;
  }

  /** CPUs were asked since the last wait. */
  get hasAsked(): bool {
    return this.asked != 0;
  }

  /** Some CPU that was asked has yet to answer. */
  get isWaiting(): bool {
    return this.outstanding != 0;
  }

  /** The CPU that asked begins to wait. */
  beginWait(): void {
    this.machine.counters.add(Counter.AcknowledgementWaits);
    this.asked = 0;
  }

  /** It goes on. */
  endWait(): void {
    this.machine.timing(Timing.Shootdown).record(this.machine.now - this.askedAt);
  }

  /** The CPU has the IPI, and flushes. */
  onIpi(cpu: u32): void {
    const request = this.requests[cpu];
    const time = this.flushNs(request);
    request.busyUntil = this.machine.now + time;
    this.machine.schedule(time, eventOf(EVENT_CPU_FLUSHED, 0, cpu, 0));
  }

  /** It has flushed, and answers. */
  onFlushed(cpu: u32): void {
    const request = this.requests[cpu];
    this.serve(request, cpu);
    this.machine.schedule(request.answerNs, eventOf(EVENT_ACKNOWLEDGED, 0, cpu, 0));
  }

  onAcknowledged(cpu: u32): void {
    this.note(TraceWhat.Acknowledged, this.requests[cpu], cpu);
    this.outstanding--;
  }

  /** All CPUs are told at once; `cpu` is the one that tells them. */
  broadcast(mm: Mm, cpu: u32, start: u64, end: u64, strideShift: u64): void {
    if (this.broadcastCount == BROADCASTS) this.barrier(cpu);
    const request = this.broadcasts[this.broadcastCount++];
    request.set(mm, this.isAttached(mm), start, end, strideShift);
  }

  /** The broadcasts of `cpu` so far are complete on every CPU. */
  barrier(cpu: u32): void {
    const own = cpu % <u32>this.cores.length;
    for (let i = 0; i < this.broadcastCount; i++) {
      for (let core: u32 = 0; core < <u32>this.cores.length; core++) {
        if (core != own) this.serve(this.broadcasts[i], core);
        else if (!this.isLost(LostFlush.Own)) this.carryOut(this.broadcasts[i], core);
      }
    }
    this.broadcastCount = 0;
  }

  /** Counts an IPI; returns what it and its answer take. */
  private send(): u64 {
    this.machine.counters.add(Counter.IpisSent);
    return this.machine.cost(Latency.Ipi);
  }

  /** What the requests before it delay one: they are sent one after the other. */
  private queuedNs(): u64 {
    return <u64>(this.asked - 1) * this.machine.cost(Latency.IpiPerCore);
  }

  private flushNs(request: FlushRequest): u64 {
    if (request.isWhole) return this.machine.cost(Latency.FlushAll);
    return request.strides * this.machine.cost(Latency.FlushPage);
  }

  /** A CPU does what another has asked for. */
  private serve(request: FlushRequest, cpu: u32): void {
    if (request.start == request.end) return;
    if (request.isCounted) this.machine.counters.add(Counter.CpuFlushesRemote);
    if (!this.isLost(LostFlush.Remote)) this.carryOut(request, cpu);
  }

  private carryOut(request: FlushRequest, cpu: u32): void {
    if (request.isCounted) this.note(TraceWhat.CpuFlushed, request, cpu);
    const core = this.coreOf(cpu);
    const dropped = request.isWhole
      ? core.flushAll(request.asid)
      : core.flush(request.asid, request.start, request.end, request.strideShift);
    if (request.isCounted) this.machine.counters.add(Counter.CpuTlbEntriesDropped, dropped);
  }

  private note(what: TraceWhat, request: FlushRequest, cpu: u32): void {
    const pages = request.isWhole ? ALL_PAGES : (request.end - request.start) >> PAGE_SHIFT;
    this.machine.note(what, request.start >> PAGE_SHIFT, pages, 0, cpu);
  }

  private isAttached(mm: Mm): bool {
    return mm.id == this.attachedMm;
  }

  private isLost(flush: LostFlush): bool {
    return (this.machine.spec.lostFlushes & (<u32>flush)) != 0;
  }

  private coreOf(cpu: u32): Core {
    return this.cores[cpu % <u32>this.cores.length];
  }
}

function newCore(spec: RunSpec): Core {
  return new Core(
    new Tlb(spec.firstTlbEntries / spec.firstTlbWays, spec.firstTlbWays),
    new Tlb(spec.secondTlbEntries / spec.secondTlbWays, spec.secondTlbWays),
    new WalkCache(spec.cpuWalkPmdEntries, spec.cpuWalkPudEntries, spec.cpuWalkPgdEntries),
  );
}

function requests(count: i32): StaticArray<FlushRequest> {
  const made = new StaticArray<FlushRequest>(count);
  for (let i = 0; i < count; i++) made[i] = new FlushRequest();
  return made;
}
