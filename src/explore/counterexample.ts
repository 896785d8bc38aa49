/** A path through a small world, replayed step by step in the core that found it. */
import { ExploreMode } from "../abi/vocabulary.generated.js";
import { argumentsOf } from "../scenario/arguments.js";
import { machineArgument, tokenArgument } from "./arguments.js";
import { ExploreMachine, type PathStep } from "./machine.js";
import { actorOf, flushes, narrate } from "./narrate.js";
import type { PropertyId } from "./properties.js";
import type { SmallWorld } from "./small_world.js";
import { otherVersion, readToken, type TokenContent } from "./token.js";
import type { WorldState } from "./world_state.js";

/** One row of a timeline. */
export interface TimelineStep {
  /** Whose step it is: `mm`, `device 0`, `handler 0`, … */
  readonly actor: string;
  readonly text: string;
  /** It invalidates what devices have cached, all of it or a part. */
  readonly isFlush: boolean;
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
  /**
   * Of a run that never ends: the actors that could take a step again and again and never do.
   * None: not even strong fairness rules the run out.
   */
  readonly starved: readonly string[];
  /** The last step violates the property: what the token promises. */
  readonly isReproduced: boolean;
}

const checkArguments = argumentsOf("replayToken", {
  token: tokenArgument,
  machine: machineArgument.optional(),
});

/** Repeats what a token names; throws InvalidToken. */
export async function replayToken(
  token: string,
  machine?: ExploreMachine,
): Promise<Counterexample> {
  checkArguments({ token, machine });
  const content = readToken(token);
  return replay(content, token, machine ?? (await ExploreMachine.create()));
}

function replay(content: TokenContent, token: string, machine: ExploreMachine): Counterexample {
  const { world, property, path, loop } = content;
  machine.boot(world, property === "served" ? { mode: ExploreMode.KeepGraph } : {});
  machine.rewind();
  const initial = machine.state();
  const run = property === "served" ? new FairRun(machine, loop) : null;
  const steps: TimelineStep[] = [];
  let before = initial;
  path.forEach((step, at) => {
    run?.goOn(before, step.move, at);
    const taken = take(machine, step, at, before);
    steps.push(taken);
    before = taken.state;
  });
  const isReproduced =
    run === null ? steps.at(-1)!.violated.includes(property) : run.isUnserved(before);
  const starved = loop === null || run === null ? [] : run.starved();
  return { world, property, token, initial, steps, loop, starved, isReproduced };
}

/** Watches whether the end of a path can go on for ever, fairly, while a device waits. */
class FairRun {
  private start: bigint | null = null;
  /** Obligations that the run has neither fulfilled nor seen impossible. */
  private owed = -1;
  /** Obligations that were possible somewhere in the cycle, and those that it fulfils. */
  private possible = 0;
  private fulfilled = 0;
  private waiting: readonly number[] = [];

  /** `loop`: the step from which the run repeats itself; null: it ends. */
  constructor(
    private readonly machine: ExploreMachine,
    private readonly loop: number | null,
  ) {}

  /** Step `at` follows. */
  goOn(state: WorldState, move: number, at: number): void {
    if (this.loop === null || at < this.loop) return;
    if (at === this.loop) {
      this.start = this.machine.fingerprint();
      this.waiting = waitingDevices(state);
    }
    const possible = this.machine.obligations();
    const fulfilled = this.machine.obligation(move);
    this.owed &= possible & ~fulfilled;
    this.possible |= possible;
    this.fulfilled |= fulfilled;
    this.waiting = waitingDevices(state).filter((device) => this.waiting.includes(device));
  }

  /** Whose steps are possible again and again, and never taken. */
  starved(): string[] {
    return this.machine.actorsOf(this.possible & ~this.fulfilled).map((who) => actorOf(who));
  }

  /** The run has come to its end, or back to where it repeats itself. */
  isUnserved(state: WorldState): boolean {
    if (this.loop === null) {
      return waitingDevices(state).length > 0 && this.machine.obligations() === 0;
    }
    return this.start === this.machine.fingerprint() && this.owed === 0 && this.waiting.length > 0;
  }
}

function waitingDevices({ devices }: WorldState): number[] {
  return devices.flatMap(({ request }, device) => (request === "idle" ? [] : [device]));
}

function take(
  machine: ExploreMachine,
  step: PathStep,
  at: number,
  before: WorldState,
): TimelineStep {
  if (!machine.isEnabled(step.move)) throw otherVersion(`its step ${at + 1} is not possible here`);
  const { fits, violated } = machine.take(step);
  if (!fits) throw otherVersion(`its step ${at + 1} has other outcomes here`);
  const move = machine.describe(step.move);
  const state = machine.state();
  const text = narrate({ move, before, after: state });
  return { actor: actorOf(move), text, isFlush: flushes(move), state, violated };
}
