/** Reads the scenario that a command was given, and says on standard error what is odd about it. */
import { dirname } from "node:path";
import { formatScenarioError, InvalidScenario } from "../scenario/errors.js";
import { loadScenario, type LoadedScenario } from "../scenario/load.js";
import type { Overrides } from "../scenario/override.js";
import { placed } from "../scenario/locate.js";
import { UserError } from "./errors.js";
import { readInput } from "./files.js";
import { paintError } from "./output.js";
import { findRecording } from "./recordings.js";

export interface ReadScenario extends LoadedScenario {
  /** Where the recorded workload lies; null for a workload that is not recorded. */
  recordingPath: string | null;
}

export async function readScenario(
  path: string,
  overrides: Overrides = {},
  options: { quiet?: boolean | undefined } = {},
): Promise<ReadScenario> {
  const file = path === "-" ? "standard input" : path;
  const loaded = loadScenario({ text: await readInput(path), file }, overrides);
  if (options.quiet !== true) {
    for (const warning of loaded.warnings) {
      process.stderr.write(`${paintError.yellow("warning:")} ${formatScenarioError(warning)}\n`);
    }
  }
  const base = path === "-" ? "." : dirname(path);
  return { ...loaded, recordingPath: recordingOf(loaded, file, base) };
}

/** A recording is found from the place of the scenario that names it. */
function recordingOf(
  { resolved, locate }: LoadedScenario,
  file: string,
  base: string,
): string | null {
  const { workload } = resolved;
  if (workload.kind !== "recording") return null;
  try {
    return findRecording(workload.recording, { base });
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const { place, problem, hint } = error;
    const path = ["workload", "recording"];
    const complaint = { path, isKey: false, problem: `${place}: ${problem}`, hint };
    throw new InvalidScenario([placed(complaint, file, locate)]);
  }
}
