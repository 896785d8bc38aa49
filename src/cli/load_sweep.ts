/** Reads a sweep and the scenario that it varies, and plans its runs. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { dirname, isAbsolute, join } from "node:path";
import { z } from "zod";
import { wasmUrl } from "../abi/wasm_url.js";
import { checksum } from "../run/token.js";
import { InvalidScenario, type ScenarioError } from "../scenario/errors.js";
import { byPosition, placed } from "../scenario/locate.js";
import {
  checkValue,
  inOrder,
  problemsOf,
  readDocument,
  type DocumentResult,
} from "../scenario/parse.js";
import type { ResolvedScenario } from "../scenario/resolved.js";
import { acceptedPart } from "../scenario/sound_part.js";
import type { Grid } from "../sweep/grid.js";
import { checkPaths, misfitError } from "../sweep/grid_paths.js";
import { planSweep, type Plan, type WrittenPlace } from "../sweep/plan.js";
import { knownSweepKeys, SweepSchema, type Json, type SweepFile } from "../sweep/schema.js";
import { UserError } from "./errors.js";
import { readInput } from "./files.js";
import { packageVersion } from "./package_info.js";
import { prepareProgram } from "./prepare_program.js";
import { findRecording, openRecording } from "./recordings.js";

export interface LoadedSweep {
  readonly plan: Plan;
  /** Where the recording of a run lies; null for a workload that is not recorded. */
  readonly recordingOf: (scenario: ResolvedScenario) => string | null;
}

interface Base {
  readonly base: Json;
  readonly basePlace: WrittenPlace;
  /** The directory that paths of the scenario start from. */
  readonly directory: string;
}

export async function loadSweep(
  path: string,
  options: { quiet?: boolean | undefined },
): Promise<LoadedSweep> {
  const file = path === "-" ? "standard input" : path;
  const directory = path === "-" ? "." : dirname(path);
  const { value, locate } = taken(
    readDocument(await readInput(path), file, "a sweep needs at least a name and a scenario"),
  );
  const place = { file, locate };
  const { sweep, errors } = checkSweep(value, place);
  const { base, basePlace, directory: from } = await readBase(sweep, place, directory, errors);
  const recordingOf = ({ workload }: ResolvedScenario) =>
    workload.kind === "recording" ? findRecording(workload.recording, { base: from }) : null;
  const plan = await planSweep({
    sweep,
    base,
    basePlace,
    place,
    errors,
    engine: await engine(),
    sha256,
    programHash: async (scenario) => {
      const open = (name: string) => openRecording(recordingOf(scenario) ?? name);
      return checksum((await prepareProgram(scenario, open, options)).records);
    },
  });
  return { plan, recordingOf };
}

/** A sweep, and what is wrong with it: the rest is looked at all the same. */
function checkSweep(
  value: unknown,
  place: WrittenPlace,
): { sweep: SweepFile; errors: readonly ScenarioError[] } {
  const checked = problemsOf(SweepSchema, value, place, knownSweepKeys);
  if (checked.ok) return { sweep: checked.data, errors: [] };
  const errors = inOrder(checked.problems, place);
  const sweep = acceptedPart(SweepSchema, value, checked.problems, { name: "?" });
  if (sweep === null) throw new InvalidScenario(errors);
  return { sweep, errors };
}

/** The scenario that is varied: a file beside the sweep, or a part of it. */
async function readBase(
  { scenario, grid }: SweepFile,
  { file, locate }: WrittenPlace,
  directory: string,
  errors: readonly ScenarioError[],
): Promise<Base> {
  if (typeof scenario !== "string") {
    const basePlace: WrittenPlace = {
      file,
      locate: (path, isKey) => locate(["scenario", ...path], isKey),
    };
    return { base: scenario as Json, basePlace, directory };
  }
  const path = isAbsolute(scenario) ? scenario : join(directory, scenario);
  const text = await readInput(path).catch((error: unknown) => {
    if (!(error instanceof UserError)) throw error;
    const problem = `${error.place}: ${error.problem}`;
    const hint = `check the path: it is looked for from the place of ${file}`;
    const missing = { path: ["scenario"], isKey: false, problem, hint };
    const { misfits } = checkPaths((grid ?? {}) as Grid, null);
    const all = [
      ...errors,
      placed(missing, file, locate),
      ...misfits.map((misfit) => misfitError(misfit, file, locate)),
    ];
    throw new InvalidScenario(all.sort(byPosition));
  });
  const read = readDocument(text, path, NEEDS);
  if (!read.ok) throw new InvalidScenario([...errors, ...read.errors]);
  const shape = checkValue(
    z.looseObject({}),
    read.value,
    { file: path, locate: read.locate },
    () => [],
  );
  if (!shape.ok) throw new InvalidScenario([...errors, ...shape.errors]);
  const basePlace = { file: path, locate: read.locate };
  return { base: read.value as Json, basePlace, directory: dirname(path) };
}

const NEEDS = "a scenario needs at least a name, and a protocol unless the grid varies it";

function taken(read: DocumentResult): Extract<DocumentResult, { ok: true }> {
  if (!read.ok) throw new InvalidScenario(read.errors);
  return read;
}

/** What decides results besides scenario and program: this version of the core. */
async function engine(): Promise<string> {
  return `tlbstorm ${packageVersion()} ${sha256(await readFile(wasmUrl("release")))}`;
}

function sha256(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}
