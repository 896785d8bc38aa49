/** A sweep as a numbered list of runs, each with everything that holds in it. */
import canonicalize from "canonicalize";
import { InvalidScenario, type ScenarioError } from "../scenario/errors.js";
import { loadScenario, type LoadedScenario } from "../scenario/load.js";
import type { Locate } from "../scenario/locate.js";
import type { ResolvedScenario } from "../scenario/resolved.js";
import type { ScenarioInput } from "../scenario/schema.js";
import { describePoint, pointCount, pointsOf, type Grid, type Point } from "./grid.js";
import { leadsTo, parsePath, withValue, WrongPath } from "./override_path.js";
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
  const grid = (sweep.grid ?? {}) as Grid;
  const replicates = sweep.replicates ?? 1;
  refuseWhole(request, grid, replicates);
  const problems = new Problems(request);
  const warnings = new Problems(request);
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
  if (problems.all.length > 0) throw new InvalidScenario(problems.all);
  const hash = await hashOf(request, runs);
  return {
    name: sweep.name,
    hash,
    paths: Object.keys(grid),
    runs,
    warnings: warnings.all,
  };
}

/** What is wrong with the sweep as a whole. */
function refuseWhole({ place }: PlanRequest, grid: Grid, replicates: number): void {
  const { file, locate } = place;
  const refuse = (path: string[], problem: string, hint: string): never => {
    const position = locate(path, true);
    const { line = null, column = null } = position ?? {};
    throw new InvalidScenario([{ file, line, column, path: path.join("."), problem, hint }]);
  };
  if ("seed" in grid) {
    refuse(
      ["grid", "seed"],
      "the seed of a run follows from the sweep's seed, the point and the replicate",
      "vary replicates in its place",
    );
  }
  const runs = pointCount(grid) * replicates;
  if (runs > RUNS_MAX) {
    refuse(
      ["grid"],
      `these are ${runs.toLocaleString("en")} runs, more than ${RUNS_MAX.toLocaleString("en")}`,
      "leave values out, or cut the sweep into several",
    );
  }
}

function loadPoint(request: PlanRequest, point: Point, problems: Problems): LoadedScenario | null {
  let scenario = request.base;
  for (const [path, value] of Object.entries(point.values)) {
    try {
      scenario = withValue(scenario, path, value);
    } catch (error) {
      if (!(error instanceof WrongPath)) throw error;
      problems.addToPath(path, error.message);
      return null;
    }
  }
  try {
    return loadScenario(scenario as ScenarioInput);
  } catch (error) {
    if (!(error instanceof InvalidScenario)) throw error;
    for (const one of error.errors) problems.add(one, point);
    return null;
  }
}

/** Problems of points, each once, at the value that brings it about. */
class Problems {
  readonly all: ScenarioError[] = [];
  private readonly seen = new Set<string>();

  constructor(private readonly request: PlanRequest) {}

  add(error: ScenarioError, point: Point): void {
    if (!this.isNew(error)) return;
    const paths = Object.keys(point.values);
    const at = paths.findIndex((path) => leadsTo(path, error.path));
    const { place, basePlace } = this.request;
    if (at >= 0) this.note(place, ["grid", paths[at]!, point.choices[at]!], error);
    else this.note(basePlace, segmentsOf(error.path), inPoint(error, point));
  }

  addToPath(path: string, problem: string): void {
    const error = { file: null, line: null, column: null, path, problem, hint: null };
    if (this.isNew(error)) this.note(this.request.place, ["grid", path], error, true);
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
  private isNew({ path, problem }: ScenarioError): boolean {
    const key = JSON.stringify([path, problem]);
    if (this.seen.has(key)) return false;
    this.seen.add(key);
    return true;
  }
}

function segmentsOf(path: string): PropertyKey[] {
  return (parsePath(path) ?? []).filter((segment) => segment !== null);
}

/** What the grid does not set itself may depend on what it sets: the first such point is named. */
function inPoint(error: ScenarioError, point: Point): ScenarioError {
  if (Object.keys(point.values).length === 0) return error;
  return { ...error, problem: `${error.problem} (with ${describePoint(point)})` };
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
