/**
 * What a recording of a real program cannot show, and what its events tell of it afterwards.
 *
 * Models:     how far a process's teardown has come; accesses that did not fault, which MADV_COLD
 *             and MADV_FREE look for in the accessed bits.
 * Simplifies: what the events show is believed.                                  (DEVIATIONS R2)
 */
import { entryFrame, isSwap, mapsFrame } from "../hardware/pgtable/pte";
import { FlushReason } from "../abi/recording";
import { Kernel } from "../kernel/kernel";
import { FRAME_ANON, FRAME_EXCLUSIVE, isSpecial } from "../kernel/mm/frames";
import { CPUS, Mm } from "../kernel/mm/mm";
import { dropSwapEntry } from "../kernel/mm/swap_entries";
import { EventKind, EventRun, copyEvent, eventAt } from "./event_run";
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
 * The flush of an MADV_COLD or MADV_FREE covers what was accessed since: where the recording's
 * flush is one that accesses could explain, the prediction adopts it.
 */
export function adoptAccesses(task: Task, recorded: EventRun, predicted: EventRun): bool {
  if (task.args2 != ADVICE_COLD && task.args2 != ADVICE_FREE) return false;
  const theirs = onlyFlush(recorded);
  const ours = onlyFlush(predicted);
  if (theirs == NONE || ours == NONE || theirs == ours) return false;
  const most = <i64>((task.args1 + 4095) >> 12);
  if (theirs > most || (theirs == -1 && most <= 33)) return false;
  replaceFlush(recorded, predicted);
  return true;
}

/** No flush. */
const NO_FLUSH: i64 = 0;
/** More than one, so that nothing can be said. */
const NONE: i64 = -2;

function onlyFlush(run: EventRun): i64 {
  let pages = NO_FLUSH;
  let count: u32 = 0;
  for (let i: u32 = 0; i < run.length; i++) {
    const event = eventAt(run, i);
    if (event.kind != EventKind.Flush || event.a != <u64>FlushReason.LocalMm) continue;
    pages = <i64>event.b;
    count++;
  }
  return count > 1 ? NONE : pages;
}

/**
 * Makes the flushes of the prediction those of the recording; what is announced stays predicted.
 */
function replaceFlush(recorded: EventRun, predicted: EventRun): void {
  let to: u32 = 0;
  for (let i: u32 = 0; i < predicted.length; i++) {
    if (eventAt(predicted, i).kind == EventKind.Flush) continue;
    copyEvent(predicted, i, to++);
  }
  predicted.length = to;
  for (let i: u32 = 0; i < recorded.length; i++) {
    const event = eventAt(recorded, i);
    if (event.kind == EventKind.Flush) appendCopy(predicted, event.a, event.b);
  }
}

function appendCopy(run: EventRun, a: u64, b: u64): void {
  // the list had at least as many events before, or the flush finds no room and stays a difference
  if (run.length == run.capacity) return;
  const event = eventAt(run, run.length++);
  event.kind = EventKind.Flush;
  event.a = a;
  event.b = b;
  event.line = 0;
  event.matched = 0;
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
