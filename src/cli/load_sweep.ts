/** Reads a sweep and the scenario that it varies, and plans its runs. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { wasmUrl } from "../abi/wasm_url.js";
import { checksum } from "../run/token.js";
import { InvalidScenario } from "../scenario/errors.js";
import { checkValue, readDocument, type DocumentResult } from "../scenario/parse.js";
import type { ResolvedScenario } from "../scenario/resolved.js";
import { planSweep, type Plan, type WrittenPlace } from "../sweep/plan.js";
import { knownSweepKeys, SweepSchema, type Json, type SweepFile } from "../sweep/schema.js";
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
  const checked = checkValue(SweepSchema, value, place, knownSweepKeys);
  if (!checked.ok) throw new InvalidScenario(checked.errors);
  const sweep = checked.data;
  const { base, basePlace, directory: from } = await readBase(sweep, place, directory);
  const recordingOf = ({ workload }: ResolvedScenario) =>
    workload.kind === "recording" ? findRecording(workload.recording, { base: from }) : null;
  const plan = await planSweep({
    sweep,
    base,
    basePlace,
    place,
    engine: await engine(),
    sha256,
    programHash: async (scenario) => {
      const open = (name: string) => openRecording(recordingOf(scenario) ?? name);
      return checksum((await prepareProgram(scenario, open, options)).records);
    },
  });
  return { plan, recordingOf };
}

/** The scenario that is varied: a file beside the sweep, or a part of it. */
async function readBase(
  { scenario }: SweepFile,
  { file, locate }: WrittenPlace,
  directory: string,
): Promise<Base> {
  if (typeof scenario !== "string") {
    const basePlace: WrittenPlace = {
      file,
      locate: (path, isKey) => locate(["scenario", ...path], isKey),
    };
    return { base: scenario as Json, basePlace, directory };
  }
  const path = resolve(directory, scenario);
  const read = taken(
    readDocument(
      await readInput(path),
      path,
      "a scenario needs at least a name, and a protocol unless the grid varies it",
    ),
  );
  const basePlace = { file: path, locate: read.locate };
  return { base: read.value as Json, basePlace, directory: dirname(path) };
}

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
