/**
 * Makes a run that breaks a rule smaller: leaves out devices, lanes, operations, pages and
 * repetitions as long as the rule is still broken.
 *
 * Source: A. Zeller, R. Hildebrandt, Simplifying and isolating failure-inducing input (2002).
 */
import type { PropertyId } from "../explore/properties.js";
import type {
  ResolvedDevice,
  ResolvedScenario,
  ResolvedWorkloadOperation,
} from "../scenario/resolved.js";
import { syntheticProgram, type Program } from "./program.js";
import type { RunViolation } from "./result.js";
import { runScenario } from "./run.js";

export interface MinimisedRun {
  readonly scenario: ResolvedScenario;
  readonly program: Program;
  readonly violation: RunViolation;
  readonly size: RunSize;
  /** Runs that it took. */
  readonly runs: number;
  /** Every single cut was tried in vain; otherwise the runs that were allowed are used up. */
  readonly isMinimal: boolean;
}

/** What there is less of in a smaller run. */
export interface RunSize {
  /** Operations of the workload with their repetitions; of a recording, its events until then. */
  readonly operations: number;
  readonly pages: number;
  readonly devices: number;
  readonly lanes: number;
  /** Events of the machine until the rule is broken. */
  readonly steps: number;
}

export interface MinimiseOptions {
  /** As many runs as may be tried. */
  readonly runsMax?: number;
  readonly onProgress?: (runs: number) => Promise<void> | void;
  readonly signal?: AbortSignal;
}

const RUNS_MAX = 400;
/** A smaller run goes another way: it is tried with a few seeds. */
const SEEDS = 3;
/** How much later than before a smaller run may break the rule. */
const PATIENCE = 4;

type Shown = Pick<MinimisedRun, "scenario" | "program" | "violation" | "size">;

/** The scenario is known to break the rule. Returns null if it does not. */
export async function minimiseRun(
  scenario: ResolvedScenario,
  program: Program,
  rule: PropertyId,
  options: MinimiseOptions = {},
): Promise<MinimisedRun | null> {
  const trial = new Trial(rule, program, options);
  let smallest = await trial.of(scenario, 1);
  if (smallest === null) return null;
  let isMinimal = false;
  while (!isMinimal && !trial.isOver) {
    const smaller = await trial.firstSmaller(smallest);
    isMinimal = smaller === null && !trial.isOver;
    smallest = smaller ?? smallest;
  }
  return { ...smallest, runs: trial.runs, isMinimal };
}

/** Tries smaller scenarios, as long as it may. */
class Trial {
  runs = 0;

  constructor(
    private readonly rule: PropertyId,
    private readonly program: Program,
    private readonly options: MinimiseOptions,
  ) {}

  get isOver(): boolean {
    return this.runs >= (this.options.runsMax ?? RUNS_MAX);
  }

  /** The first cut under which the rule is still broken; null: there is none. */
  async firstSmaller({ scenario, violation }: Shown): Promise<Shown | null> {
    const until = { kind: "time", ns: PATIENCE * (violation.atNs + 1) } as const;
    for (const cut of cutsOf(scenario)) {
      if (this.isOver) return null;
      const shown = await this.of({ ...cut, until }, SEEDS);
      if (shown !== null) return shown;
    }
    return null;
  }

  /** The scenario under the first of some seeds that breaks the rule, and no longer than that. */
  async of(scenario: ResolvedScenario, seeds: number): Promise<Shown | null> {
    const { workload } = scenario;
    const program =
      workload.kind === "synthetic" ? syntheticProgram(workload.operations) : this.program;
    for (let at = 0; at < seeds; at++) {
      const seed = BigInt.asUintN(64, scenario.seed + BigInt(at));
      const found = await this.run({ ...scenario, seed }, program);
      if (found === null) continue;
      const until = { kind: "time", ns: found.atNs } as const;
      const ended = { ...scenario, seed, until };
      return this.run(ended, program).then((violation) =>
        violation === null ? null : { scenario: ended, program, violation, size: this.size(ended) },
      );
    }
    return null;
  }

  private steps = 0;
  private done = 0;

  private async run(scenario: ResolvedScenario, program: Program): Promise<RunViolation | null> {
    const { signal, onProgress } = this.options;
    const result = await runScenario(scenario, program, {
      ...(signal === undefined ? {} : { signal }),
      onProgress: (done) => {
        this.done = done;
      },
    });
    this.steps = result.steps;
    this.runs++;
    await onProgress?.(this.runs);
    return result.violations.find(({ rule }) => rule === this.rule) ?? null;
  }

  /** Of the run that was the last one. */
  private size({ workload, devices }: ResolvedScenario): RunSize {
    const operations = workload.kind === "synthetic" ? workload.operations : [];
    const sum = (numbers: readonly number[]) => numbers.reduce((all, one) => all + one, 0);
    return {
      operations:
        workload.kind === "synthetic" ? sum(operations.map(({ repeat }) => repeat)) : this.done,
      pages: sum(operations.map(({ pages }) => pages)),
      devices: devices.length,
      lanes: sum(devices.map(({ lanes }) => lanes)),
      steps: this.steps,
    };
  }
}

/** Every scenario that is a cut smaller, the largest cuts first. */
function* cutsOf(scenario: ResolvedScenario): Generator<ResolvedScenario> {
  const { devices, workload, iommu, threads, faults } = scenario;
  for (const rest of withoutOne(devices)) yield { ...scenario, devices: rest };
  if (threads.count > 0) yield { ...scenario, threads: { ...threads, count: 0 } };
  if (workload.kind === "synthetic") {
    for (const operations of fewerOperations(workload.operations)) {
      yield { ...scenario, workload: { ...workload, operations } };
    }
  }
  for (const smaller of withOneChanged(devices, cutsOfDevice)) {
    yield { ...scenario, devices: smaller };
  }
  for (const [fault, share] of Object.entries(faults)) {
    if (fault !== "lateByNs" && share > 0) {
      yield { ...scenario, faults: { ...faults, [fault]: 0 } };
    }
  }
  for (const workers of smallerThan(iommu.workers)) {
    yield { ...scenario, iommu: { ...iommu, workers } };
  }
}

function* fewerOperations(
  operations: readonly ResolvedWorkloadOperation[],
): Generator<ResolvedWorkloadOperation[]> {
  yield* withoutOne(operations);
  yield* withOneChanged(operations, function* (operation) {
    for (const repeat of smallerThan(operation.repeat)) yield { ...operation, repeat };
    for (const pages of smallerThan(operation.pages)) yield { ...operation, pages };
  });
}

function* cutsOfDevice(device: ResolvedDevice): Generator<ResolvedDevice> {
  const { access } = device;
  for (const lanes of smallerThan(device.lanes)) yield { ...device, lanes };
  if ("pages" in access) {
    for (const pages of smallerThan(access.pages))
      yield { ...device, access: { ...access, pages } };
  }
  // Reads only, or writes only.
  for (const writeShare of [0, 1]) {
    if (access.writeShare > 0 && access.writeShare < 1) {
      yield { ...device, access: { ...access, writeShare } };
    }
  }
}

/** 1, the half, one less. */
function smallerThan(count: number): number[] {
  return [...new Set([1, count >> 1, count - 1])].filter((one) => one >= 1 && one < count);
}

function* withoutOne<Item>(items: readonly Item[]): Generator<Item[]> {
  if (items.length < 2) return;
  for (let at = 0; at < items.length; at++) yield items.filter((_, index) => index !== at);
}

function* withOneChanged<Item>(
  items: readonly Item[],
  changesOf: (item: Item) => Iterable<Item>,
): Generator<Item[]> {
  for (const [at, item] of items.entries()) {
    for (const changed of changesOf(item)) yield items.with(at, changed);
  }
}
