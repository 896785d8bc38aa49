/** A sweep as a numbered list of runs, each with everything that holds in it. */
import canonicalize from "canonicalize";
import { InvalidScenario, type ScenarioError } from "../scenario/errors.js";
import { didYouMean, MISSING } from "../scenario/explain.js";
import { loadWritten, type LoadedScenario } from "../scenario/load.js";
import { byPosition, type Locate } from "../scenario/locate.js";
import type { ResolvedScenario } from "../scenario/resolved.js";
import type { ScenarioInput } from "../scenario/schema.js";
import { checkPaths } from "./grid_paths.js";
import { describePoint, pointCount, pointsOf, type Grid, type Point } from "./grid.js";
import { leadsTo, segmentsIn, withValue, WrongPath } from "./override_path.js";
import type { Json, SweepFile } from "./schema.js";
import { seedOf } from "./seed.js";

export interface PlannedRun {
  /** Counted from 0: first by point, then by replicate. */
  readonly run: number;
  readonly point: Point;
  readonly replicate: number;
  readonly scenario: ResolvedScenario;
}

export interface Plan {
  readonly name: string;
  /** A hash of all that decides results: only results of one plan belong together. */
  readonly hash: string;
  /** The paths that the grid varies. */
  readonly paths: readonly string[];
  readonly runs: readonly PlannedRun[];
  /** What is odd about points, each thing once. */
  readonly warnings: readonly ScenarioError[];
}

export interface PlanRequest {
  readonly sweep: SweepFile;
  /** The scenario that is varied, as it is written. */
  readonly base: Json;
  readonly basePlace: WrittenPlace;
  /** What is known to be wrong already, and is told together with what is wrong with the points. */
  readonly errors?: readonly ScenarioError[];
  /** Where the sweep is written, for messages. */
  readonly place: WrittenPlace;
  /** The engine that will run it; another version gives other results. */
  readonly engine: string;
  /** A hash of the program that a scenario runs. */
  readonly programHash: (scenario: ResolvedScenario) => Promise<string>;
  /** The SHA-256 of a text, in hexadecimal digits. */
  readonly sha256: (text: string) => string;
}

/** A text and where its fields stand in it. */
export interface WrittenPlace {
  readonly file: string;
  readonly locate: Locate;
}

const RUNS_MAX = 1_000_000;

/** Throws InvalidScenario with everything that is wrong with the points. */
export async function planSweep(request: PlanRequest): Promise<Plan> {
  const { sweep } = request;
  const replicates = sweep.replicates ?? 1;
  const problems = new Problems(request);
  const warnings = new Problems(request);
  const { sound: grid, misfits } = checkPaths((sweep.grid ?? {}) as Grid, request.base);
  for (const { path, problem, hint } of misfits) problems.addToPath(path, problem, hint);
  if (isTooLarge(grid, replicates, problems)) throw problems.asError();
  const runs: PlannedRun[] = [];
  for (const point of pointsOf(grid)) {
    const loaded = loadPoint(request, point, problems);
    if (loaded === null) continue;
    for (const warning of loaded.warnings) warnings.add(warning, point);
    for (let replicate = 0; replicate < replicates; replicate++) {
      const seed = seedOf(sweep.seed ?? 1n, point, replicate);
      const scenario = { ...loaded.resolved, seed };
      runs.push({ run: runs.length, point, replicate, scenario });
    }
  }
  if (problems.all.length > 0) throw problems.asError();
  const hash = await hashOf(request, runs);
  return {
    name: sweep.name,
    hash,
    paths: Object.keys(grid),
    runs,
    warnings: warnings.all,
  };
}

function isTooLarge(grid: Grid, replicates: number, problems: Problems): boolean {
  const runs = pointCount(grid) * replicates;
  if (runs <= RUNS_MAX) return false;
  problems.addToSweep(
    ["grid"],
    `these are ${runs.toLocaleString("en")} runs, more than ${RUNS_MAX.toLocaleString("en")}`,
    "leave values out, or cut the sweep into several",
  );
  return true;
}

function loadPoint(request: PlanRequest, point: Point, problems: Problems): LoadedScenario | null {
  let scenario = request.base;
  let isComplete = true;
  for (const [path, value] of Object.entries(point.values)) {
    try {
      scenario = withValue(scenario, path, value);
    } catch (error) {
      if (!(error instanceof WrongPath)) throw error;
      problems.addToPath(path, error.message, error.hint);
      isComplete = false;
    }
  }
  if (!isComplete) return null;
  try {
    return loadWritten(scenario as ScenarioInput);
  } catch (error) {
    if (!(error instanceof InvalidScenario)) throw error;
    for (const one of error.errors) problems.add(one, point);
    return null;
  }
}

/** Problems of points, each once, at the value that brings it about. */
class Problems {
  readonly all: ScenarioError[];
  private readonly seen = new Set<string>();
  private readonly hints = new Set<string>();
  /** What is wrong with the scenario whatever the grid sets. */
  private readonly ofBase: ReadonlySet<string>;

  constructor(private readonly request: PlanRequest) {
    this.all = [...(request.errors ?? [])];
    this.ofBase = new Set(errorsOf(request.base).map(keyOf));
  }

  asError(): InvalidScenario {
    const { file } = this.request.place;
    const rank = (error: ScenarioError) => (error.file === file ? 0 : 1);
    const inOrder = (a: ScenarioError, b: ScenarioError) => rank(a) - rank(b) || byPosition(a, b);
    return new InvalidScenario(this.all.toSorted(inOrder));
  }

  add(error: ScenarioError, point: Point): void {
    if (!this.isNew(error)) return;
    const paths = Object.keys(point.values);
    const at = paths.findIndex((path) => leadsTo(path, error.path));
    const { place, basePlace } = this.request;
    if (at >= 0) this.note(place, ["grid", paths[at]!, point.choices[at]!], error);
    else this.note(basePlace, segmentsOf(error.path), this.inPoint(error, point));
  }

  addToPath(path: string, problem: string, hint: string): void {
    const error = { file: null, line: null, column: null, path, problem, hint };
    this.hints.add(hint);
    if (this.isNew(error)) this.note(this.request.place, ["grid", path], error, true);
  }

  addToSweep(path: string[], problem: string, hint: string): void {
    const error = { file: null, line: null, column: null, path: path.join("."), problem, hint };
    this.note(this.request.place, path, error, true);
  }

  /**
   * What the grid does not set itself may depend on what it sets: the first such point is named.
   */
  private inPoint(error: ScenarioError, point: Point): ScenarioError {
    if (this.ofBase.has(keyOf(error)) || Object.keys(point.values).length === 0) return error;
    return { ...error, problem: `${error.problem} (with ${describePoint(point)})` };
  }

  private note(
    { file, locate }: WrittenPlace,
    path: PropertyKey[],
    error: ScenarioError,
    isKey = false,
  ): void {
    const { line = null, column = null } = locate(path, isKey) ?? {};
    this.all.push({ ...error, file, line, column });
  }

  /** The same problem of many points is said once, for the first of them. */
  private isNew(error: ScenarioError): boolean {
    // Missing only because the grid does not set it where it should.
    if (error.problem === MISSING && this.hints.has(didYouMean(error.path))) return false;
    const key = keyOf(error);
    if (this.seen.has(key)) return false;
    this.seen.add(key);
    return true;
  }
}

function keyOf({ path, problem }: ScenarioError): string {
  return JSON.stringify([path, problem]);
}

function errorsOf(scenario: Json): readonly ScenarioError[] {
  try {
    loadWritten(scenario as ScenarioInput);
    return [];
  } catch (error) {
    if (!(error instanceof InvalidScenario)) throw error;
    return error.errors;
  }
}

function segmentsOf(path: string): PropertyKey[] {
  return (segmentsIn(path) ?? []).filter((segment) => segment !== null);
}

async function hashOf(request: PlanRequest, runs: readonly PlannedRun[]): Promise<string> {
  const programs = new Map<string, string>();
  for (const { scenario } of runs) {
    const workload = canonicalize(scenario.workload) ?? "";
    if (!programs.has(workload)) programs.set(workload, await request.programHash(scenario));
  }
  const planned = runs.map(({ point, replicate, scenario }) => ({
    values: point.values,
    replicate,
    scenario: { ...scenario, seed: scenario.seed.toString() },
  }));
  const text = canonicalize({
    engine: request.engine,
    programs: Object.fromEntries(programs),
    runs: planned,
  });
  return request.sha256(text ?? "");
}
