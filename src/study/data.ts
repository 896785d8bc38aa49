/** Everything that the study has run and explored: what its answers are made from. */
import type { Counterexample, ExploreResult, OperationId } from "../explore/index.js";
import type { RunResult } from "../run/result.js";
import type { LoadedScenario, NotifierMode, ScenarioInput } from "../scenario/index.js";
import type { WorkloadOperationKind } from "../scenario/vocabulary.js";
import type { StudyProtocol } from "./plan.js";
import type { ProgramFacts } from "./program_facts.js";

/** One kind of operation alone, under three drivers. */
export interface OperationRuns {
  readonly kind: WorkloadOperationKind;
  readonly explored: readonly OperationId[];
  /** empty-table with a device that never gives up. */
  readonly emptyTable: RunResult;
  /** secondary-flush with the same device. */
  readonly secondaryFlush: RunResult;
}

export interface StudyData {
  readonly recording: string;
  readonly program: string;
  readonly facts: ProgramFacts;
  readonly speed: number;
  readonly seed: string;
  /** The scenario that the runs change, as a person would write it. */
  readonly scenario: ScenarioInput;
  /** The same, with the origin of every value. */
  readonly base: LoadedScenario;
  /** With a device, once for each protocol. */
  readonly protocols: ReadonlyMap<StudyProtocol, RunResult>;
  /** Those of older kernels once more, on the one that the others run on. */
  readonly onCommonKernel: ReadonlyMap<StudyProtocol, RunResult>;
  /** Without a device, once for each state of the notifier list; "none" is the program alone. */
  readonly states: ReadonlyMap<NotifierMode, RunResult>;
  /** empty-table, by the limit of refusals after which the device gives up. */
  readonly limits: ReadonlyMap<number, RunResult>;
  readonly operations: readonly OperationRuns[];
  readonly explored: readonly ExploreResult[];
  /** Counterexamples that answers show, by token. */
  readonly examples: ReadonlyMap<string, Counterexample>;
}
