/**
 * Threads of the mm: linear programs of atomic steps.
 *
 * A step waits until `mayRun`; a step that does not `contribute` when the thread arrives at it is
 * passed over within the step before it, so it never counts.
 */
import type { Thread, World } from "./world.js";

export interface Step {
  text: string;
  mayRun?: (world: World) => boolean;
  contributes?: (world: World, thread: Thread) => boolean;
  effect: (world: World, thread: Thread) => void;
}

/** The same steps, contributing only where `condition` holds as well. */
export function onlyIf(condition: NonNullable<Step["contributes"]>, steps: Step[]): Step[] {
  return steps.map((step) => ({
    ...step,
    contributes: (world, thread) =>
      condition(world, thread) && (step.contributes?.(world, thread) ?? true),
  }));
}

/** The step a thread is about to take, if it may run now. */
export function enabledStep(program: Step[], world: World, thread: Thread): Step | undefined {
  const step = program[thread.pc];
  return step && (step.mayRun?.(world) ?? true) ? step : undefined;
}

/** Takes the thread's step and moves on to the next one that contributes. */
export function takeStep(program: Step[], world: World, thread: Thread): void {
  program[thread.pc]!.effect(world, thread);
  do thread.pc++;
  while (thread.pc < program.length && !(program[thread.pc]!.contributes?.(world, thread) ?? true));
  if (thread.pc === program.length) Object.assign(thread, { sample: false, stopped: 0 });
}
