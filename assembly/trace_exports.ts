/**
 * What only the build with a trace exports, one line each; no logic lives here.
 */
import { theWorld } from "./world";

/** Traces one page only, or every page for a negative number; and accesses, or all else. */
export function traceSelect(page: f64, hasAccesses: bool): void {
  const trace = theWorld().simulation!.machine.trace!;
  trace.page = page < 0 ? u64.MAX_VALUE : <u64>page;
  trace.hasAccesses = hasAccesses;
}

/** How many records there were so far. */
export function traceTotal(): u32 {
  return theWorld().simulation!.machine.trace!.total;
}

/** How many of them are kept. */
export function traceCapacity(): u32 {
  return theWorld().simulation!.machine.trace!.capacity();
}

/** Where record n lies, at n modulo the capacity. */
export function traceBlock(): usize {
  return theWorld().simulation!.machine.trace!.block;
}
