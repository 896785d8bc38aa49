/** Reads or writes the program of a scenario, with progress on standard error. */
import { programOfScenario, type Program } from "../run/program.js";
import type { ResolvedScenario } from "../scenario/resolved.js";
import type { RecordingReader } from "../workload/recording.js";
import { startProgress } from "./progress.js";

export async function prepareProgram(
  scenario: ResolvedScenario,
  open: (recording: string) => Promise<RecordingReader>,
  options: { quiet?: boolean | undefined },
): Promise<Program> {
  const progress = startProgress("preparing the workload, events", null, options);
  try {
    return await programOfScenario(scenario, open, (events) => progress.update(events));
  } finally {
    progress.end();
  }
}
