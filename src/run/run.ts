/** One timed run of a scenario, start to finish. */
import type { ResolvedScenario } from "../scenario/resolved.js";
import type { HostParts } from "./host.js";
import type { Program } from "./program.js";
import type { RunResult } from "./result.js";
import { Simulation } from "./simulation.js";

/** A slice of the work: at most so many events of the program, or of the machine. */
const SLICE_EVENTS = 256;
const SLICE_STEPS = 250_000;

export interface RunOptions extends HostParts {
  /** How many of the program's events are done; awaited between slices. */
  readonly onProgress?: (done: number, total: number) => Promise<void> | void;
  /** Ends the run early with an AbortError. */
  readonly signal?: AbortSignal;
  /** Milliseconds that only rise, for `wallSeconds`; left out: 0 is reported. */
  readonly clock?: () => number;
}

/**
 * Runs a program under a scenario. The same scenario, program and build give the same result but
 * for `wallSeconds`, as long as the callbacks of the host do the same.
 */
export async function runScenario(
  scenario: ResolvedScenario,
  program: Program,
  options: RunOptions = {},
): Promise<RunResult> {
  const { onProgress, signal, clock } = options;
  const began = clock?.() ?? 0;
  const simulation = await Simulation.create(scenario, program, options);
  try {
    while (!simulation.isOver) {
      signal?.throwIfAborted();
      simulation.advance(SLICE_EVENTS, SLICE_STEPS);
      await onProgress?.(simulation.eventsDone, program.events);
    }
    return { ...simulation.result(), wallSeconds: ((clock?.() ?? 0) - began) / 1000 };
  } finally {
    simulation.end();
  }
}
