/** Reads or writes the program of a scenario, with progress on standard error. */
import { programOfScenario, type Program } from "../run/program.js";
import type { ResolvedScenario } from "../scenario/resolved.js";
import type { RecordingReader } from "../workload/recording.js";
import { withProgress } from "./progress.js";

export async function prepareProgram(
  scenario: ResolvedScenario,
  open: (recording: string) => Promise<RecordingReader>,
  options: { quiet?: boolean | undefined },
): Promise<Program> {
  return withProgress("preparing the workload, events", null, options, (progress) =>
    programOfScenario(scenario, open, (events) => progress.update(events)),
  );
}
