/**
 * The plan that writes an operation down: a planner of kernel/operations runs on a scratch kernel,
 * and each step that it names becomes steps of a program, page by page, with the protocol's hooks.
 *
 * Models:     the same order of steps as replays and timed runs carry out; a gather whose batch is
 *             full with each page, or never; the range pair of mprotect, which closes behind the
 *             flush here.
 * Simplifies: steps are bound to the one VMA of the instance; ranges are the whole of it.
 * Source:     linux mm/mmu_gather.c, mm/vma.c, mm/madvise.c, mm/mprotect.c, mm/memory.c
 */
import { FlushSite, Hook, ProtocolTrait, StepKind } from "../../abi/vocabulary";
import { alignDown, alignUp, PMD_SIZE } from "../../base/page";
import { FlushReason } from "../../abi/recording";
import { EventSink, NotifierEvent } from "../events";
import { ImmediatePlan } from "../immediate_plan";
import { Mm, mmAt } from "../mm/mm";
import { Vma } from "../mm/vma";
import { ZapKind } from "../plan";
import { Program, Protocol } from "./program";

/** Nobody listens to the scratch kernel. */
export class SilentSink extends EventSink {
  rangeStart(mm: Mm, event: NotifierEvent, start: u64, end: u64): void {}
  rangeEnd(mm: Mm): void {}
  cpuFlush(mm: Mm, reason: FlushReason, pages: i32): void {}
  secondaryFlush(mm: Mm, start: u64, end: u64): void {}
}

/** What a lock step still to be written is. */
const NO_LOCK: StepKind = StepKind.Done;

export class StepPlan extends ImmediatePlan {
  /** Whose flushes the next ones are. */
  site: FlushSite = FlushSite.Munmap;
  /** False: the scratch kernel is being prepared, and nothing is written. */
  isRecording: bool = false;
  /** Where the write-protection of fork stands, whose branch is for pinned pages. */
  writeProtectAt: u32 = 0;
  /** What joins the last unlock: the promise that the caller of the operation relies on. */
  promises: bool = false;
  /** How often the lock is taken over: planners call one another with it held. */
  private lockDepth: u32 = 0;
  private lock: StepKind = NO_LOCK;
  private unlock: StepKind = NO_LOCK;
  private hasGathered: bool = false;
  private hasTables: bool = false;
  private hasOpenPair: bool = false;

  constructor(
    private readonly program: Program,
    private readonly protocol: Protocol,
    /** The gather's batch is full with each page. */
    private readonly isBatchFull: bool,
  ) {
    super();
  }

  mmapLockWrite(mm: Mm): void {
    if (this.lockDepth++ > 0) return;
    this.lock = StepKind.MmapLockWrite;
    this.unlock = StepKind.MmapUnlockWrite;
  }

  mmapLockRead(mm: Mm): void {
    if (this.lockDepth++ > 0) return;
    this.lock = StepKind.MmapLockRead;
    this.unlock = StepKind.MmapUnlockRead;
  }

  mmapUnlock(mm: Mm): void {
    if (--this.lockDepth > 0 || !this.isRecording) return;
    if (this.promises) {
      this.program.join(this.unlock);
      this.program.add(StepKind.PromiseReadOnly);
    } else {
      this.program.add(this.unlock);
    }
  }

  detach(mm: Mm, start: u64, end: u64): void {
    this.addWithLock(StepKind.DetachVma);
  }

  attach(mm: Mm, start: u64, end: u64): void {
    this.addWithLock(StepKind.AttachVma);
  }

  rangeStart(mm: Mm, event: NotifierEvent, start: u64, end: u64): void {
    if (!this.isRecording) return;
    this.addLock();
    this.program.join(StepKind.RangeStart);
    this.program.hook(this.protocol, Hook.RangeStart);
  }

  rangeEnd(mm: Mm): void {
    if (!this.isRecording) return;
    this.program.join(StepKind.RangeEnd);
    this.program.hook(this.protocol, Hook.RangeEnd);
  }

  rangeOnlyEnd(mm: Mm): void {
    this.rangeEnd(mm);
  }

  beginGather(mm: Mm): void {}

  finishGather(): void {
    if (this.hasGathered || this.hasTables || this.hasOpenPair) this.addFlush();
    if (this.hasGathered) this.addFreePages();
    if (this.hasTables) this.program.add(StepKind.FreeTable);
    if (this.hasOpenPair) this.rangeEnd(changetype<Mm>(0));
    this.hasGathered = false;
    this.hasTables = false;
    this.hasOpenPair = false;
  }

  /** Entries that have moved away leave nothing to clear. */
  zap(vma: Vma, start: u64, end: u64, kind: ZapKind): void {
    if (this.kernel.tables.findPte(mmAt(vma.mm), start) == 0) return;
    if (load<u64>(this.kernel.tables.findPte(mmAt(vma.mm), start)) == 0) return;
    const program = this.program;
    const first = program.length;
    program.hook(this.protocol, Hook.BeforeChange);
    program.add(StepKind.ClearPte);
    if (this.isBatchFull) this.addFlush();
    program.setTarget(program.join(StepKind.NextPage), first);
    if (this.isBatchFull) this.addFreePages();
    else this.hasGathered = true;
  }

  /** The table stays where a neighbouring VMA may use it (free_pgd_range). */
  freeTables(mm: Mm, start: u64, end: u64, floor: u64, ceiling: u64): void {
    const isNeeded = ceiling != 0 && ceiling < alignUp(end, PMD_SIZE);
    if (isNeeded || floor > alignDown(start, PMD_SIZE)) return;
    this.program.hook(this.protocol, Hook.BeforeChange);
    this.program.add(StepKind.ClearUpper);
    this.hasTables = true;
  }

  moveTables(source: Vma, start: u64, target: u64, end: u64, targetVma: Vma): void {
    super.moveTables(source, start, target, end, targetVma);
    const program = this.program;
    program.hook(this.protocol, Hook.BeforeChange);
    program.join(StepKind.PtlLock);
    program.add(StepKind.MovePte);
    this.addFlush();
    program.add(StepKind.PtlUnlock);
  }

  installAnonymous(vma: Vma, va: u64, isWrite: bool): void {
    super.installAnonymous(vma, va, isWrite);
    if (!this.isRecording) return;
    this.addLock();
    this.program.add(StepKind.InstallPage);
  }

  changeProtection(vma: Vma, start: u64, end: u64): void {
    this.addWithLock(StepKind.MakeVmaReadOnly);
    this.rangeStart(changetype<Mm>(0), NotifierEvent.ProtectionVma, start, end);
    const program = this.program;
    const first = program.length;
    program.hook(this.protocol, Hook.BeforeChange);
    program.join(StepKind.PtlLock);
    program.add(StepKind.ClearPte);
    program.join(StepKind.SetPteReadOnly);
    program.add(StepKind.PtlUnlock);
    program.setTarget(program.join(StepKind.NextPage), first);
    this.hasOpenPair = true;
  }

  copyRange(parent: Vma, child: Vma): void {
    super.copyRange(parent, child);
    this.program.hook(this.protocol, Hook.BeforeChange);
    this.writeProtectAt = this.program.add(StepKind.WriteProtectForChild);
  }

  flushMm(mm: Mm): void {
    this.addFlush();
  }

  replacePage(vma: Vma, va: u64): void {
    const program = this.program;
    program.hook(this.protocol, Hook.BeforeChange);
    program.join(StepKind.PtlLock);
    program.add(StepKind.ClearPte);
    this.addFlush();
    program.add(StepKind.SetPteCopy);
    program.join(StepKind.DropRmap);
    program.add(StepKind.PtlUnlock);
  }

  private addFlush(): void {
    this.program.add(StepKind.CpuFlush);
    this.program.hook(this.protocol, Hook.SecondaryFlush, this.site);
  }

  private addFreePages(): void {
    if (this.protocol.has(ProtocolTrait.GraceBeforeFree)) this.program.add(StepKind.Grace);
    this.program.add(StepKind.FreePages);
  }

  /** The lock that was asked for, as a step of its own. */
  private addLock(): void {
    if (this.lock == NO_LOCK) return;
    this.program.add(this.lock);
    this.lock = NO_LOCK;
  }

  /** A change of the VMA, together with taking the lock. */
  private addWithLock(kind: StepKind): void {
    if (!this.isRecording) return;
    if (this.lock != NO_LOCK) this.program.join(this.lock);
    this.program.add(kind);
    this.lock = NO_LOCK;
  }
}
