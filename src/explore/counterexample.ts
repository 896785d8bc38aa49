/** A path through a small world, replayed step by step in the core that found it. */
import { ExploreMachine, type PathStep } from "./machine.js";
import { actorOf, narrate } from "./narrate.js";
import type { PropertyId } from "./properties.js";
import type { SmallWorld } from "./small_world.js";
import { otherVersion, readToken, type TokenContent } from "./token.js";
import type { WorldState } from "./world_state.js";

/** One row of a timeline. */
export interface TimelineStep {
  /** Whose step it is: `mm`, `device 0`, `handler 0`, … */
  readonly actor: string;
  readonly text: string;
  /** The state behind the step. */
  readonly state: WorldState;
  /** The properties that the step violates. */
  readonly violated: readonly PropertyId[];
}

export interface Counterexample {
  readonly world: SmallWorld;
  readonly property: PropertyId;
  readonly token: string;
  readonly initial: WorldState;
  readonly steps: readonly TimelineStep[];
  /** The step to which the path comes back; null: it ends at its last step. */
  readonly loop: number | null;
  /** The last step violates the property: what the token promises. */
  readonly isReproduced: boolean;
}

/** Repeats what a token names; throws InvalidToken. */
export async function replayToken(
  token: string,
  machine?: ExploreMachine,
): Promise<Counterexample> {
  const content = readToken(token);
  return replay(content, token, machine ?? (await ExploreMachine.create()));
}

function replay(content: TokenContent, token: string, machine: ExploreMachine): Counterexample {
  const { world, property, path, loop } = content;
  machine.boot(world);
  machine.rewind();
  const initial = machine.state();
  const steps: TimelineStep[] = [];
  let before = initial;
  path.forEach((step, at) => {
    const taken = take(machine, step, at, before);
    steps.push(taken);
    before = taken.state;
  });
  const isReproduced = steps.at(-1)!.violated.includes(property);
  return { world, property, token, initial, steps, loop, isReproduced };
}

function take(
  machine: ExploreMachine,
  step: PathStep,
  at: number,
  before: WorldState,
): TimelineStep {
  if (!machine.isEnabled(step.move)) throw otherVersion(`its step ${at + 1} is not possible here`);
  const move = machine.describe(step.move);
  const { fits, violated } = machine.take(step);
  if (!fits) throw otherVersion(`its step ${at + 1} has other outcomes here`);
  const state = machine.state();
  return { actor: actorOf(move), text: narrate({ move, before, after: state }), state, violated };
}
