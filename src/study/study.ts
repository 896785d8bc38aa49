/** Runs and explores what the plan says. Nothing is written, nothing is printed. */
import { z } from "zod";
import {
  explore,
  ExploreMachine,
  replayToken,
  type Counterexample,
  type ExploreResult,
  type SmallWorldInput,
} from "../explore/index.js";
import { programOf, syntheticProgram, type Program } from "../run/program.js";
import type { RunResult } from "../run/result.js";
import { runScenario } from "../run/run.js";
import { abortSignal, argumentsOf, callback, seed64 } from "../scenario/arguments.js";
import { loadScenario, type NotifierMode } from "../scenario/index.js";
import type { RecordingReader } from "../workload/recording.js";
import type { OperationRuns, StudyData } from "./data.js";
import { exampleTokens } from "./examples.js";
import {
  COMMON_ERA,
  EXPLORED,
  EXPLORED_LIMIT,
  OLDER,
  OPERATIONS,
  PROTOCOLS,
  RETRY_LIMITS,
  scenarioOf,
  speedOf,
  STATES,
  STUDIED,
  type Change,
  type PlannedOperation,
  type StudyProtocol,
  type Subject,
} from "./plan.js";
import { factsOf } from "./program_facts.js";

export interface StudyOptions {
  /** The recorded program, as a token shall name it. */
  readonly recording: string;
  readonly seed: bigint;
  /** Opens the recording. */
  readonly open: (recording: string) => Promise<RecordingReader>;
  /** How many of the runs and explorations are done; awaited between slices of work. */
  readonly onProgress?: (done: number, total: number, what: string) => Promise<void> | void;
  /** Ends the study early: runStudy rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Milliseconds that only rise, for the wall time of each run. */
  readonly clock?: () => number;
}

const LIMIT_WORLDS: readonly SmallWorldInput[] = RETRY_LIMITS.filter(
  (limit) => limit !== EXPLORED_LIMIT,
).flatMap((retryLimit) =>
  STUDIED.map((operation) => ({ protocol: "empty-table", operation, retryLimit })),
);

const WORLDS: readonly SmallWorldInput[] = [
  ...PROTOCOLS.flatMap(({ id }) =>
    EXPLORED.map((operation) => ({ protocol: id, operation, retryLimit: EXPLORED_LIMIT })),
  ),
  ...LIMIT_WORLDS,
];

const RUNS =
  STATES.length + PROTOCOLS.length + OLDER.length + RETRY_LIMITS.length + 2 * OPERATIONS.length;

const checkOptions = argumentsOf("runStudy", {
  recording: z.string().min(1),
  seed: seed64,
  open: callback,
  onProgress: callback.optional(),
  signal: abortSignal.optional(),
  clock: callback.optional(),
});

export async function runStudy(options: StudyOptions): Promise<StudyData> {
  checkOptions(options);
  const reader = await options.open(options.recording);
  const program = await programOf(options.recording, reader);
  const { program: described } = reader.header;
  const facts = factsOf(program);
  const subject = { ...options, speed: speedOf(facts.sharedNs) };
  const work = new Work(subject, program, options);
  const states = await work.states();
  const protocols = await work.protocols();
  const onCommonKernel = await work.onCommonKernel();
  const limits = await work.limits();
  const operations = await work.operations();
  const machine = await ExploreMachine.create();
  const explored = await work.explore(machine);
  const examples = new Map<string, Counterexample>();
  for (const token of exampleTokens(explored)) {
    examples.set(token, await replayToken(token, machine));
  }
  return {
    recording: options.recording,
    program: [described].flat().join(" "),
    facts,
    speed: subject.speed,
    seed: options.seed.toString(),
    scenario: scenarioOf(subject, BASE),
    base: loadScenario(scenarioOf(subject, BASE)),
    protocols,
    onCommonKernel,
    states,
    limits,
    operations,
    explored,
    examples,
  };
}

/** The runs of a study, one after the other. */
class Work {
  private done = 0;

  constructor(
    private readonly subject: Subject,
    private readonly program: Program,
    private readonly options: StudyOptions,
  ) {}

  async states(): Promise<Map<NotifierMode, RunResult>> {
    const results = new Map<NotifierMode, RunResult>();
    for (const notifier of STATES) {
      const change = { protocol: "secondary-flush", era: "6.19", notifier } as const;
      results.set(notifier, await this.run({ ...change, retryLimit: null }));
    }
    return results;
  }

  async protocols(): Promise<Map<StudyProtocol, RunResult>> {
    const results = new Map<StudyProtocol, RunResult>();
    for (const { id, era } of PROTOCOLS) {
      results.set(id, await this.run({ protocol: id, era }));
    }
    return results;
  }

  async onCommonKernel(): Promise<Map<StudyProtocol, RunResult>> {
    const results = new Map<StudyProtocol, RunResult>();
    for (const { id } of OLDER) {
      results.set(id, await this.run({ protocol: id, era: COMMON_ERA }));
    }
    return results;
  }

  async limits(): Promise<Map<number, RunResult>> {
    const results = new Map<number, RunResult>();
    for (const retryLimit of RETRY_LIMITS) {
      results.set(retryLimit, await this.run({ ...EMPTY_TABLE, retryLimit }));
    }
    return results;
  }

  async operations(): Promise<OperationRuns[]> {
    const results: OperationRuns[] = [];
    for (const operation of OPERATIONS) results.push(await this.operation(operation));
    return results;
  }

  async explore(machine: ExploreMachine): Promise<ExploreResult[]> {
    const results: ExploreResult[] = [];
    for (const world of WORLDS) {
      await this.report(`exploring ${world.operation}`);
      results.push(await explore({ ...world, machine, signal: this.options.signal }));
      this.done++;
    }
    return results;
  }

  private async operation({ kind, explored }: PlannedOperation): Promise<OperationRuns> {
    return {
      kind,
      explored,
      emptyTable: await this.run({ ...EMPTY_TABLE, operation: kind }),
      secondaryFlush: await this.run({
        protocol: "secondary-flush",
        era: "6.19",
        operation: kind,
      }),
    };
  }

  private async run(change: Change): Promise<RunResult> {
    const { resolved } = loadScenario(scenarioOf(this.subject, change));
    const { workload } = resolved;
    const isSynthetic = workload.kind === "synthetic";
    const program = isSynthetic ? syntheticProgram(workload.operations) : this.program;
    const { clock, signal } = this.options;
    const result = await runScenario(resolved, program, {
      ...(clock === undefined ? {} : { clock }),
      ...(signal === undefined ? {} : { signal }),
      onProgress: () => this.report(change.protocol),
    });
    this.done++;
    return result;
  }

  private async report(what: string): Promise<void> {
    await this.options.onProgress?.(this.done, RUNS + WORLDS.length, what);
  }
}

const BASE = { protocol: "secondary-flush", era: "6.19" } as const;
const EMPTY_TABLE = { protocol: "empty-table", era: "3.17" } as const;
