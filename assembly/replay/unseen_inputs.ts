/**
 * What a recording of a real program cannot show, and what its events tell of it afterwards.
 *
 * Models:     how far a process's teardown has come; accesses that did not fault, which MADV_COLD
 *             and MADV_FREE look for in the accessed bits.
 * Simplifies: what the events show is believed.                                  (DEVIATIONS R2)
 */
import { Arena } from "../base/arena";
import { entryFrame, isSwap, mapsFrame } from "../hardware/pgtable/pte";
import { FlushReason } from "../abi/recording";
import { Kernel } from "../kernel/kernel";
import { FRAME_ANON, FRAME_EXCLUSIVE, isSpecial } from "../kernel/mm/frames";
import { CPUS, Mm, indexOf, vmaOf } from "../kernel/mm/mm";
import { dropSwapEntry } from "../kernel/mm/swap_entries";
import { EventKind, EventRun, copyEvent, eventAt, pushEvent } from "./event_run";
import { Task } from "./task";

const ADVICE_COLD: u64 = 20;
const ADVICE_FREE: u64 = 8;

/** Takes the page at `va` out of an mm that is being torn down; false when it has none there. */
export function forgetPage(kernel: Kernel, mm: Mm, va: u64): bool {
  const address = kernel.tables.findPte(mm, va);
  if (address == 0) return false;
  const entry = load<u64>(address);
  if (entry == 0) return false;
  store<u64>(address, 0);
  if (mapsFrame(entry)) kernel.frames.unmap(entryFrame(entry));
  else if (isSwap(entry)) dropSwapEntry(kernel, entryFrame(entry));
  return true;
}

/**
 * The flushes of an MADV_COLD or MADV_FREE, one for each VMA, cover what was accessed since: where
 * those of the recording are such that accesses could explain them, the prediction adopts them.
 */
export function adoptAccesses(
  kernel: Kernel,
  mm: Mm,
  task: Task,
  recorded: EventRun,
  predicted: EventRun,
): bool {
  if (task.args2 != ADVICE_COLD && task.args2 != ADVICE_FREE) return false;
  const most = <i64>((task.args1 + 4095) >> 12);
  let flushes: u32 = 0;
  for (let i: u32 = 0; i < recorded.length; i++) {
    const event = eventAt(recorded, i);
    if (event.kind != EventKind.Flush || event.a != <u64>FlushReason.LocalMm) continue;
    const pages = <i64>event.b;
    if (pages > most || (pages == -1 && most <= 33)) return false;
    flushes++;
  }
  if (flushes > countVmas(mm, task.args0, task.args0 + task.args1)) return false;
  if (hasSameFlushes(recorded, predicted)) return false;
  replaceFlush(kernel.arena, recorded, predicted);
  return true;
}

function countVmas(mm: Mm, start: u64, end: u64): u32 {
  let index = indexOf(mm, start);
  const first = index;
  while (index < mm.count && vmaOf(mm, index).start < end) index++;
  return index - first;
}

function hasSameFlushes(recorded: EventRun, predicted: EventRun): bool {
  let j: u32 = 0;
  for (let i: u32 = 0; i < recorded.length; i++) {
    const event = eventAt(recorded, i);
    if (event.kind != EventKind.Flush) continue;
    while (j < predicted.length && eventAt(predicted, j).kind != EventKind.Flush) j++;
    if (j == predicted.length || eventAt(predicted, j).b != event.b) return false;
    j++;
  }
  while (j < predicted.length && eventAt(predicted, j).kind != EventKind.Flush) j++;
  return j == predicted.length;
}

/**
 * Makes the flushes of the prediction those of the recording; what is announced stays predicted.
 */
function replaceFlush(arena: Arena, recorded: EventRun, predicted: EventRun): void {
  let to: u32 = 0;
  for (let i: u32 = 0; i < predicted.length; i++) {
    if (eventAt(predicted, i).kind == EventKind.Flush) continue;
    copyEvent(predicted, i, to++);
  }
  predicted.length = to;
  for (let i: u32 = 0; i < recorded.length; i++) {
    const event = eventAt(recorded, i);
    if (event.kind == EventKind.Flush)
      pushEvent(arena, predicted, event.kind, event.a, event.b, 0, event.cpu);
  }
}

/**
 * The CPU on whose list of new pages the page at `va` waits, when that is another CPU than the one
 * that runs; else CPUS.
 */
export function otherCpuOfPage(kernel: Kernel, mm: Mm, va: u64): u32 {
  const address = kernel.tables.findPte(mm, va);
  if (address == 0 || !mapsFrame(load<u64>(address))) return CPUS;
  const pfn = entryFrame(load<u64>(address));
  if (isSpecial(pfn) || (kernel.frames.at(pfn).flags & FRAME_EXCLUSIVE) != 0) return CPUS;
  return kernel.pending.otherCpuWith(pfn);
}

/** Whether `va` maps an anonymous page that another entry maps too. */
export function isSharedPage(kernel: Kernel, mm: Mm, va: u64): bool {
  const address = kernel.tables.findPte(mm, va);
  if (address == 0 || !mapsFrame(load<u64>(address))) return false;
  const pfn = entryFrame(load<u64>(address));
  if (isSpecial(pfn) || (kernel.frames.head(pfn).flags & FRAME_ANON) == 0) return false;
  return kernel.frames.mapcountOf(pfn) > 1;
}
