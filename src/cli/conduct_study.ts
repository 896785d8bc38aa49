/** What `tlbstorm study` does: runs the study, writes its report, prints it in short. */
import { renderReport } from "../report/render.js";
import { studyReport } from "../report/study_report.js";
import { answers, runStudy, studyResult, type StudyData } from "../study/index.js";
import type { StudyCommandOptions } from "./commands/study.js";
import { checkDirectory, writeOutput } from "./files.js";
import { packageVersion } from "./package_info.js";
import { withProgress } from "./progress.js";
import { openRecording } from "./recordings.js";
import type { CommandResult } from "./result.js";
import { formatStudy } from "./study_text.js";

export async function conductStudy(options: StudyCommandOptions): Promise<CommandResult> {
  const { report } = options;
  // Nobody waits for a study whose report cannot be written.
  if (report !== null) await checkDirectory(report);
  const data = await studyWithProgress(options);
  if (report !== null) {
    const texts = { version: packageVersion(), tokenCommand: "tlbstorm token" };
    await writeOutput(report, renderReport(studyReport(data, texts)));
  }
  const result = studyResult(data, answers(data), report);
  return {
    json: result,
    text: formatStudy(data, result),
    found: result.disagreements.length > 0,
  };
}

async function studyWithProgress(options: StudyCommandOptions): Promise<StudyData> {
  const { recording, seed } = options;
  return withProgress("study, runs and explorations", null, options, (progress) =>
    runStudy({
      recording,
      seed,
      open: openRecording,
      onProgress: (done, _total, what) => progress.update(done, what),
      clock: () => performance.now(),
    }),
  );
}
