/** A scenario that is right in itself, and that a timed run cannot carry out. */
import { RunFailure } from "../abi/vocabulary.generated.js";
import type { Protocol, ProtocolStep } from "../protocols/schema.js";
import type { ResolvedScenario } from "../scenario/resolved.js";

export class RunRefusal extends Error {
  override readonly name = "RunRefusal";

  constructor(
    readonly problem: string,
    readonly hint: string,
  ) {
    super(problem);
  }
}

/** What to say of a run that the core has given up; null: that was a defect of ours. */
export function refusalOf(
  failure: RunFailure,
  { protocol, machine }: ResolvedScenario,
): RunRefusal | null {
  switch (failure) {
    case RunFailure.None:
      return null;
    case RunFailure.Deadlock:
      return new RunRefusal(
        `protocol ${protocol.id} deadlocks: its lock-driver waits for a lock that is never released`,
        "release it with unlock-driver in the same callback, and take mmap_lock before it",
      );
    case RunFailure.OutOfFrames:
      return new RunRefusal(
        `the program needs more than the ${machine.frames} frames of the machine`,
        "raise machine.frames",
      );
    case RunFailure.OutOfTables:
      return new RunRefusal(
        "the program needs more page tables than the model has",
        "each maps 2 MiB: use less memory at a time, or fork less often",
      );
  }
}

/** Throws RunRefusal. */
export function refuseWhatCannotRun({ protocol }: ResolvedScenario): void {
  if (stepsOf(protocol).some((step) => nameOf(step) === "queue-for-timer")) {
    throw new RunRefusal(
      `protocol ${protocol.id} frees memory from a timer, which a timed run has not`,
      `explore it instead: tlbstorm explore --protocol ${protocol.id}`,
    );
  }
}

function stepsOf(protocol: Protocol): readonly ProtocolStep[] {
  const { rangeStart, beforeChange, secondaryFlush, rangeEnd } = protocol;
  return [rangeStart, beforeChange, secondaryFlush, rangeEnd].flat();
}

const nameOf = (step: ProtocolStep): string => (typeof step === "string" ? step : step.do);
