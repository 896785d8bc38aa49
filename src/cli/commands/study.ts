/**
 * `tlbstorm study`: the questions of the 2014 thread, answered with every protocol side by side.
 */
import {
  examples,
  jsonOption,
  newCommand,
  quietOption,
  recordingOption,
  seedOption,
} from "../options.js";
import { findRecording } from "../recordings.js";
import { deliver, type CommandResult } from "../result.js";

/** A server that forks to save its memory while it works on it. */
export const DEFAULT_RECORDING = "redis_save";
export const DEFAULT_REPORT = "tlbstorm-study.html";

export interface StudyCommandOptions {
  /** The recorded program, by name or path. */
  recording: string;
  seed: bigint;
  /** Where the report goes; null for none. */
  report: string | null;
  quiet?: true | undefined;
}

export function studyCommand(study: (options: StudyCommandOptions) => Promise<CommandResult>) {
  return newCommand("study")
    .summary("the questions of the 2014 thread, answered")
    .description(
      "Runs a recorded program with a device that shares its memory, once for each protocol, and " +
        "explores the protocols; then prints them side by side, answers seven questions and writes " +
        "a report. Violations of protocols that exploration finds unsafe are what it shows, and no " +
        "finding; it ends with 1 if a run shows what no explored operation can do.",
    )
    .addOption(recordingOption().default(DEFAULT_RECORDING))
    .option("--report <file>", "where the report is written", DEFAULT_REPORT)
    .option("--no-report", "write no report")
    .addOption(seedOption().default(1n, "1"))
    .addOption(jsonOption())
    .addOption(quietOption())
    .addHelpText(
      "after",
      examples(
        ["tlbstorm study", "the recording that comes with it"],
        ["tlbstorm study --recording stress_mmap --report mmap.html", "another program"],
        ["tlbstorm study --json --no-report", "for a program to read"],
      ),
    )
    .action(async ({ recording, report, seed, quiet, json }) => {
      findRecording(recording);
      const where = typeof report === "string" ? report : null;
      deliver(await study({ recording, report: where, seed, quiet }), { json });
    });
}
