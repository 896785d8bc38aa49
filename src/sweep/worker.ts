/** A worker thread of a sweep: runs what it is given, and keeps the program between runs. */
import { createReadStream } from "node:fs";
import canonicalize from "canonicalize";
import { programOfScenario, type Program } from "../run/program.js";
import type { RunResult } from "../run/result.js";
import { runScenario } from "../run/run.js";
import type { ResolvedScenario } from "../scenario/resolved.js";
import { readRecording } from "../workload/recording.js";

export interface SweepTask {
  readonly scenario: ResolvedScenario;
  /** Where its recording lies; null for a workload that is not recorded. */
  readonly recordingPath: string | null;
}

/** The program of the last task: most sweeps have one. */
let last: { key: string; program: Program } | null = null;

export default async function run({ scenario, recordingPath }: SweepTask): Promise<RunResult> {
  return runScenario(scenario, await programOf(scenario, recordingPath));
}

async function programOf(scenario: ResolvedScenario, path: string | null): Promise<Program> {
  const key = canonicalize([scenario.workload, path]) ?? "";
  if (last?.key === key) return last.program;
  const program = await programOfScenario(scenario, (name) =>
    readRecording(createReadStream(path ?? name), { file: path ?? name }),
  );
  last = { key, program };
  return program;
}
