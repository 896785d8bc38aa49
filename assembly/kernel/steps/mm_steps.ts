/**
 * What the steps of an mm thread do: locks, entries of the page table, frames.
 *
 * Models:     each change of an entry as one store; the frame of a cleared entry is gathered and
 *             stays the mm's until it is put; a page that turns out to be pinned gets its entry
 *             back.
 * Source:     linux mm/memory.c, mm/migrate.c, mm/ksm.c, mm/khugepaged.c, mm/mprotect.c
 */
import { FrameOwner, ProtocolTrait } from "../../abi/vocabulary";
import {
  entryFrame,
  isPresent,
  isWritable,
  leafEntry,
  migrationEntry,
  PTE_PAGE_SIZE,
  PTE_WRITE,
  tableEntry,
} from "../../hardware/pgtable/pte";
import { MARK_COPIED, MARK_PROMISED, MARK_REPLACED } from "../../oracle/oracle";
import { NOBODY } from "../locks";
import { Scene } from "./scene";
import { Task } from "./task";

/** Unhooks the page's entry and gathers its frame. */
export function clearPte(scene: Scene, task: Task): void {
  const address = scene.pteAddress(task.page);
  const entry = load<u64>(address);
  if (!isPresent(entry)) return;
  store<u64>(address, 0);
  task.frame = entryFrame(entry);
  gather(scene, task, task.frame);
}

/** The page's entry moves to another address; its frame stays the mm's. */
export function movePte(scene: Scene, task: Task): void {
  store<u64>(scene.pteAddress(task.page), 0);
}

/** Clears the entry if it is still the read-only one; false: somebody changed it. */
export function clearPteIfSame(scene: Scene, task: Task): bool {
  const entry = load<u64>(scene.pteAddress(task.page));
  if (entry != leafEntry(task.frame, false)) return false;
  scene.locks.pageTable = task.id;
  clearPte(scene, task);
  return true;
}

/** Puts the frame back, read-only; false: it is pinned, its old entry is back. */
export function setPteReadOnly(scene: Scene, task: Task, unlessPinned: bool): bool {
  task.gathered = 0;
  if (unlessPinned && scene.frames.isPinned(task.frame)) {
    store<u64>(scene.pteAddress(task.page), leafEntry(task.frame, true));
    scene.locks.pageTable = NOBODY;
    return false;
  }
  store<u64>(scene.pteAddress(task.page), leafEntry(task.frame, false));
  return true;
}

/** fork: the parent's entry becomes read-only; false: the child got a copy of a pinned page. */
export function writeProtectForChild(scene: Scene, task: Task): bool {
  const address = scene.pteAddress(task.page);
  const entry = load<u64>(address);
  const frame = entryFrame(entry);
  const ignored = scene.protocol.has(ProtocolTrait.PinsIgnoredByFork);
  if (scene.frames.isPinned(frame) && !ignored) return false;
  store<u64>(address, entry & ~PTE_WRITE);
  scene.frames.setOwner(frame, FrameOwner.Shared);
  return true;
}

/** The mm's page is `copy` from here on; what still reaches the old frame sees another page. */
export function setPteCopy(scene: Scene, task: Task, copy: u32): void {
  store<u64>(scene.pteAddress(task.page), leafEntry(copy, true));
  scene.frames.setOwner(copy, FrameOwner.Mm);
  scene.oracle.mark(task.frame, MARK_REPLACED);
}

/** False: the page is pinned, its old entry is back. */
export function setMigrationEntry(scene: Scene, task: Task): bool {
  const address = scene.pteAddress(task.page);
  if (scene.frames.isPinned(task.frame)) {
    task.gathered = 0;
    store<u64>(address, leafEntry(task.frame, true));
    scene.locks.pageTable = NOBODY;
    return false;
  }
  store<u64>(address, migrationEntry(task.frame));
  return true;
}

/** False: the page is pinned, its read-only entry is back. */
export function setPteMerged(scene: Scene, task: Task, merged: u32): bool {
  const address = scene.pteAddress(task.page);
  if (scene.frames.isPinned(task.frame)) {
    task.gathered = 0;
    store<u64>(address, leafEntry(task.frame, false));
    scene.locks.pageTable = NOBODY;
    return false;
  }
  store<u64>(address, leafEntry(merged, false));
  return true;
}

/** Before a collapse copies: false when the page is pinned; the table is back in its place. */
export function copyUnlessPinned(scene: Scene, task: Task): bool {
  task.frame = entryFrame(load<u64>(scene.pteAddress(task.page)));
  if (scene.frames.isPinned(task.frame)) {
    store<u64>(scene.upperAddress(), tableEntry(scene.mm.pteTable));
    return false;
  }
  scene.oracle.mark(task.frame, MARK_COPIED);
  return true;
}

/** The block is one huge page from here on. */
export function setHuge(scene: Scene, task: Task, copy: u32): void {
  store<u64>(scene.upperAddress(), leafEntry(copy, true) | PTE_PAGE_SIZE);
  scene.frames.setOwner(copy, FrameOwner.Mm);
  scene.oracle.mark(task.frame, MARK_REPLACED);
}

/** The mm no longer maps the shared frame: only the other mm does. */
export function dropRmap(scene: Scene, task: Task): void {
  task.gathered = 0;
  if (scene.frames.owner(task.frame) == FrameOwner.Shared) {
    scene.frames.setOwner(task.frame, FrameOwner.Elsewhere);
  }
}

/** What the VMA maps read-only is promised not to change by this mm's hands. */
export function promiseReadOnly(scene: Scene): void {
  for (let page: u32 = 0; page < scene.mm.pages; page++) {
    const entry = load<u64>(scene.pteAddress(page));
    if (!isPresent(entry) || isWritable(entry)) continue;
    scene.oracle.mark(entryFrame(entry), MARK_PROMISED);
  }
}

/** KSM reads the page: its content is promised, unless a fault has made it writable again. */
export function compare(scene: Scene, task: Task): void {
  const entry = load<u64>(scene.pteAddress(task.page));
  if (!isWritable(entry)) scene.oracle.mark(entryFrame(entry), MARK_PROMISED);
}

/** Puts what was gathered, or leaves it to the flush queue's timer. */
export function freePages(scene: Scene, task: Task): void {
  if (scene.protocol.has(ProtocolTrait.TimerFreesPages)) {
    scene.driver.timerFrames |= task.gathered;
  } else {
    putFrames(scene, task.gathered);
  }
  task.gathered = 0;
}

/** Frees the table page, or leaves it to the flush queue's timer. */
export function freeTable(scene: Scene): void {
  if (scene.protocol.has(ProtocolTrait.TimerFreesTables)) scene.driver.timerTable = 1;
  else scene.frames.setOwner(scene.mm.pteTable, FrameOwner.Free);
}

/** Puts the frames of the instance whose bits are set. */
export function putFrames(scene: Scene, bits: u32): void {
  for (let i = 0; i < scene.dataFrames.length; i++) {
    if ((bits & (1 << i)) != 0) scene.frames.put(scene.dataFrames[i]);
  }
}

function gather(scene: Scene, task: Task, frame: u32): void {
  for (let i = 0; i < scene.dataFrames.length; i++) {
    if (scene.dataFrames[i] == frame) task.gathered |= 1 << i;
  }
}
