/**
 * The plan that carries every step out at once: what a replay uses.
 */
import { PTE_UFFD_WP } from "../hardware/pgtable/pte";
import { NotifierEvent } from "./events";
import { Kernel } from "./kernel";
import { markCold, markLazyFree } from "./mm/age_entries";
import { mapCollapsed, replaceCached, unmapCached } from "./mm/collapse_file";
import { collapseTable, detachTable } from "./mm/collapse_table";
import { copyRange } from "./mm/copy_range";
import {
  makeHugeWritable,
  makeWritable,
  replaceHugePage,
  replacePage,
  rewritePage,
} from "./mm/cow";
import { makeExclusive, restoreExclusive } from "./mm/device_exclusive";
import { freeTables } from "./mm/free_tables";
import { installGuards, removeGuards } from "./mm/guards";
import { faultHugetlb } from "./mm/hugetlb";
import { unshareTables } from "./mm/hugetlb_sharing";
import { splitHugeEntry } from "./mm/huge_entry";
import {
  installAnonymous,
  installForRead,
  installForWrite,
  installFromSwap,
  installHuge,
  installPrivateCopy,
} from "./mm/install";
import { mapFrames } from "./mm/map_frames";
import { Mm, mmAt } from "./mm/mm";
import { moveTables } from "./mm/move_tables";
import { moveUserBlock, moveUserPages } from "./mm/move_user_pages";
import { changeProtection, clearNumaHint } from "./mm/protect";
import { isolateFolios, reclaimIsolated } from "./mm/isolate";
import { walkFolio } from "./mm/rmap";
import { scanHugeEntry, scanTable } from "./mm/scan_written";
import { clearSoftDirtyRange } from "./mm/soft_dirty";
import { fillUserHole } from "./mm/user_holes";
import { Vma, isShared } from "./mm/vma";
import { prepareAnonVma } from "./mm/anon_vma";
import { ageEntries } from "./mm/generations";
import { trackWrites } from "./mm/track_writes";
import { ageFolio, sampleYoung, testYoung, testYoungTable } from "./mm/young";
import { zapRange } from "./mm/zap";
import { AgeReason, Plan, ProtectKind, ZapKind } from "./plan";

export class ImmediatePlan extends Plan {
  /** Set once, right after the kernel that owns this plan was made. */
  kernel: Kernel = changetype<Kernel>(0);
  /** A table that was unlinked, and is freed behind its pair. */
  private retracted: u32 = 0;

  mmapLockWrite(mm: Mm): void {}
  mmapLockRead(mm: Mm): void {}
  mmapUnlock(mm: Mm): void {}
  detach(mm: Mm, start: u64, end: u64): void {}
  attach(mm: Mm, start: u64, end: u64): void {}

  rangeStart(mm: Mm, event: NotifierEvent, start: u64, end: u64): void {
    this.kernel.sink.rangeStart(mm, event, start, end);
  }

  rangeStartNonblock(mm: Mm, event: NotifierEvent, start: u64, end: u64): bool {
    return this.kernel.sink.rangeStartNonblock(mm, event, start, end);
  }

  rangeStartOwned(mm: Mm, event: NotifierEvent, start: u64, end: u64, owner: u32): void {
    this.kernel.sink.rangeStartOwned(mm, event, start, end, owner);
  }

  rangeEnd(mm: Mm): void {
    this.kernel.sink.rangeEnd(mm);
  }

  rangeOnlyEnd(mm: Mm): void {
    this.kernel.sink.rangeOnlyEnd(mm);
  }

  beginGather(mm: Mm): void {
    this.kernel.gather.begin(mm);
  }

  finishGather(): void {
    this.kernel.gather.finish();
  }

  zap(vma: Vma, start: u64, end: u64, kind: ZapKind): void {
    zapRange(this.kernel, vma, start, end, kind);
  }

  freeVmas(): void {
    this.kernel.gather.freeVmas();
  }

  mapFrames(vma: Vma, start: u64, end: u64): void {
    mapFrames(this.kernel, vma, start, end);
  }

  freeTables(mm: Mm, start: u64, end: u64, floor: u64, ceiling: u64): void {
    freeTables(this.kernel, mm, start, end, floor, ceiling);
  }

  changeProtection(vma: Vma, start: u64, end: u64): void {
    changeProtection(this.kernel, vma, start, end, ProtectKind.Mprotect);
  }

  hintNuma(vma: Vma, start: u64, end: u64): void {
    changeProtection(this.kernel, vma, start, end, ProtectKind.NumaHint);
  }

  protectForUffd(vma: Vma, start: u64, end: u64, protects: bool): void {
    changeProtection(
      this.kernel,
      vma,
      start,
      end,
      protects ? ProtectKind.UffdProtect : ProtectKind.UffdResolve,
    );
  }

  markLazyFree(vma: Vma, start: u64, end: u64): void {
    markLazyFree(this.kernel, vma, start, end);
  }

  clearSoftDirty(vma: Vma, start: u64, end: u64): void {
    clearSoftDirtyRange(this.kernel, vma, start, end);
  }

  markCold(vma: Vma, start: u64, end: u64): void {
    markCold(this.kernel, vma, start, end);
  }

  ageFolio(headPfn: u32, reason: AgeReason): u32 {
    return ageFolio(this.kernel, headPfn, reason);
  }

  ageEntries(vma: Vma, start: u64, end: u64): void {
    ageEntries(this.kernel, vma, start, end);
  }

  testYoungTable(vma: Vma, block: u64, table: u32): void {
    testYoungTable(this.kernel, vma, block, table);
  }

  trackWrites(vma: Vma, start: u64, end: u64, cleans: bool): void {
    trackWrites(this.kernel, vma, start, end, cleans);
  }

  sampleYoung(vma: Vma, va: u64): void {
    sampleYoung(this.kernel, vma, va);
  }

  testYoung(vma: Vma, va: u64): bool {
    return testYoung(this.kernel, vma, va);
  }

  moveTables(source: Vma, start: u64, target: u64, end: u64, targetVma: Vma): void {
    moveTables(this.kernel, source, start, target, end, targetVma);
  }

  isolateFolios(vma: Vma, start: u64, end: u64): void {
    isolateFolios(this.kernel, vma, start, end);
  }

  reclaimIsolated(): void {
    reclaimIsolated(this.kernel);
  }

  fillUserHole(vma: Vma, va: u64, isZero: bool): bool {
    return fillUserHole(this.kernel, vma, va, isZero);
  }

  scanTable(vma: Vma, start: u64, end: u64): void {
    scanTable(this.kernel, vma, start, end);
  }

  scanHugeEntry(vma: Vma, block: u64): void {
    scanHugeEntry(this.kernel, vma, block);
  }

  moveUserPages(vma: Vma, source: u64, target: u64, length: u64): u64 {
    return moveUserPages(this.kernel, vma, source, target, length);
  }

  moveUserBlock(vma: Vma, source: u64, target: u64): bool {
    return moveUserBlock(this.kernel, vma, source, target);
  }

  copyRange(parent: Vma, child: Vma): void {
    copyRange(this.kernel, parent, child);
  }

  flushMm(mm: Mm): void {
    this.kernel.tlbs.flushMm(mm);
  }

  unshareTables(mm: Mm, start: u64, end: u64): void {
    unshareTables(this.kernel, mm, start, end);
  }

  splitHugeEntry(vma: Vma, va: u64): void {
    splitHugeEntry(this.kernel, vma, va);
  }

  collectForDevice(vma: Vma, start: u64, end: u64): void {
    this.kernel.migration.collect(this.kernel, vma, start, end);
  }

  unmapCollected(): void {
    this.kernel.migration.unmapOthers(this.kernel);
  }

  fillHoles(vma: Vma): void {
    this.kernel.migration.fillHoles(this.kernel, vma);
  }

  finishMigration(): void {
    this.kernel.migration.finish(this.kernel);
  }

  makeExclusive(vma: Vma, start: u64, end: u64): void {
    makeExclusive(this.kernel, vma, start, end);
  }

  restoreExclusive(vma: Vma, va: u64): void {
    restoreExclusive(this.kernel, vma, va);
  }

  rewritePage(vma: Vma, va: u64, isDropped: bool): void {
    rewritePage(this.kernel, vma, va, isDropped);
  }

  installGuards(vma: Vma, start: u64, end: u64): void {
    installGuards(this.kernel, vma, start, end);
  }

  removeGuards(vma: Vma, start: u64, end: u64): void {
    removeGuards(this.kernel, vma, start, end);
  }

  detachTable(vma: Vma, block: u64): u32 {
    return detachTable(this.kernel, vma, block);
  }

  collapseTable(vma: Vma, block: u64, table: u32): void {
    collapseTable(this.kernel, vma, block, table);
  }

  unmapCached(file: u32, index: u64): void {
    unmapCached(this.kernel, file, index);
  }

  replaceCached(file: u32, index: u64): u32 {
    return replaceCached(this.kernel, file, index);
  }

  retractTable(vma: Vma, block: u64): void {
    this.retracted = detachTable(this.kernel, vma, block);
  }

  freeRetracted(): void {
    this.kernel.tables.freeTable(this.retracted);
  }

  mapCollapsed(vma: Vma, block: u64, pfn: u32): void {
    mapCollapsed(this.kernel, vma, block, pfn);
  }

  splitFileFolio(headPfn: u32, at: i32): bool {
    return this.kernel.splitter.splitFile(this.kernel, headPfn, at);
  }

  unmapFileFolio(headPfn: u32): void {
    this.kernel.splitter.unmapAtOnce(this.kernel, headPfn);
  }

  cleanFileFolio(headPfn: u32): void {
    walkFolio(this.kernel, headPfn, this.kernel.cleanPages);
  }

  beginExit(mm: Mm): void {
    this.kernel.sink.release(mm);
    this.kernel.gather.beginExit(mm);
  }

  finishExit(mm: Mm): void {
    this.kernel.gather.finishExit(mm);
  }

  installAnonymous(vma: Vma, va: u64, isWrite: bool): void {
    installAnonymous(this.kernel, vma, va, isWrite);
  }

  installHuge(vma: Vma, va: u64, isWrite: bool): void {
    installHuge(this.kernel, vma, va, isWrite);
  }

  installHugetlb(vma: Vma, va: u64, isWrite: bool): void {
    if (!isShared(vma)) prepareAnonVma(this.kernel, vma);
    faultHugetlb(this.kernel, vma, va, isWrite);
  }

  installForRead(vma: Vma, va: u64): void {
    installForRead(this.kernel, vma, va);
  }

  installForWrite(vma: Vma, va: u64): void {
    installForWrite(this.kernel, vma, va);
  }

  installPrivateCopy(vma: Vma, va: u64): void {
    installPrivateCopy(this.kernel, vma, va);
  }

  installFromSwap(vma: Vma, va: u64, isWrite: bool): void {
    installFromSwap(this.kernel, vma, va, isWrite);
  }

  makeWritable(vma: Vma, va: u64): void {
    makeWritable(this.kernel, vma, va);
  }

  makeHugeWritable(mm: Mm, va: u64): void {
    makeHugeWritable(this.kernel, mm, va);
  }

  clearNumaHint(vma: Vma, va: u64): void {
    clearNumaHint(this.kernel, vma, va);
  }

  clearUffdProtection(vma: Vma, va: u64): void {
    const address = this.kernel.tables.findPte(mmAt(vma.mm), va);
    store<u64>(address, load<u64>(address) & ~PTE_UFFD_WP);
  }

  replacePage(vma: Vma, va: u64): void {
    replacePage(this.kernel, vma, va);
  }

  replaceHugePage(vma: Vma, va: u64): void {
    replaceHugePage(this.kernel, vma, va);
  }

  putReplaced(): void {
    this.kernel.putReplaced();
  }
}
