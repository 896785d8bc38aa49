/** One timed run of a scenario, start to finish. */
import { z } from "zod";
import type { TraceEntry } from "../abi/trace.js";
import { abortSignal, argumentsOf, callback } from "../scenario/arguments.js";
import type { ResolvedScenario } from "../scenario/resolved.js";
import { hostShape, runShape } from "./arguments.js";
import type { HostParts } from "./host.js";
import type { Program } from "./program.js";
import type { RunResult } from "./result.js";
import { Simulation } from "./simulation.js";

/** A slice of the work: at most so many events of the program, or of the machine. */
const SLICE_EVENTS = 256;
const SLICE_STEPS = 250_000;
/** Few enough for the ring of the trace to keep all of them. */
const TRACED_STEPS = 25_000;

export interface RunOptions extends HostParts {
  /** How many of the program's events are done; awaited between slices. */
  readonly onProgress?: (done: number, total: number) => Promise<void> | void;
  /** Ends the run early with an AbortError. */
  readonly signal?: AbortSignal;
  /**
   * What happened, slice by slice, but for accesses that hit the ATC. The run takes longer then,
   * and goes the same way.
   */
  readonly onTrace?: (entries: readonly TraceEntry[]) => void;
  /** Milliseconds that only rise, for `wallSeconds`; left out: 0 is reported. */
  readonly clock?: () => number;
}

const checkArguments = argumentsOf("runScenario", {
  ...runShape,
  options: z.strictObject({
    ...hostShape,
    onProgress: callback.optional(),
    signal: abortSignal.optional(),
    onTrace: callback.optional(),
    clock: callback.optional(),
  }),
});

/**
 * Runs a program under a scenario. The same scenario, program and build give the same result but
 * for `wallSeconds`, as long as the callbacks of the host do the same.
 */
export async function runScenario(
  scenario: ResolvedScenario,
  program: Program,
  options: RunOptions = {},
): Promise<RunResult> {
  checkArguments({ scenario, program, options });
  const { onProgress, signal, clock, onTrace, ...parts } = options;
  const began = clock?.() ?? 0;
  const build = onTrace === undefined ? "release" : "trace";
  const simulation = await Simulation.create(scenario, program, parts, build);
  simulation.trace?.select(null, false);
  try {
    while (!simulation.isOver) {
      signal?.throwIfAborted();
      simulation.advance(SLICE_EVENTS, onTrace === undefined ? SLICE_STEPS : TRACED_STEPS);
      if (simulation.trace !== null) onTrace?.(simulation.trace.take());
      await onProgress?.(simulation.eventsDone, program.events);
    }
    return { ...simulation.result(), wallSeconds: ((clock?.() ?? 0) - began) / 1000 };
  } finally {
    simulation.end();
  }
}
