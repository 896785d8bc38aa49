/**
 * `tlbstorm study`: the questions of the 2014 thread, answered with every protocol side by side.
 */
import type { Overrides } from "../../scenario/override.js";
import {
  eraOption,
  examples,
  jsonOption,
  newCommand,
  quietOption,
  recordingOption,
  seedOption,
} from "../options.js";
import { findRecording } from "../recordings.js";
import { deliver, type CommandResult } from "../result.js";

export interface StudyOptions extends Pick<Overrides, "seed" | "era"> {
  /** The recorded program; null for the one that the study chooses. */
  recording: string | null;
  /** Where the report goes; null for none. */
  report: string | null;
  quiet?: true | undefined;
}

export function studyCommand(study: (options: StudyOptions) => Promise<CommandResult>) {
  return newCommand("study")
    .summary("the questions of the 2014 thread, answered")
    .description(
      "Runs a recorded program with a device that shares its memory, once for each protocol, and " +
        "explores the protocols; then prints them side by side and writes a report.",
    )
    .addOption(recordingOption())
    .option("--report <file>", "where the report is written", "out/study.html")
    .option("--no-report", "write no report")
    .addOption(seedOption())
    .addOption(eraOption())
    .addOption(jsonOption())
    .addOption(quietOption())
    .addHelpText(
      "after",
      examples(
        ["tlbstorm study", "the recording that comes with it, and a report in out/"],
        ["tlbstorm study --recording git_gc --report git.html", "another program"],
        ["tlbstorm study --json --no-report", "for a program to read"],
      ),
    )
    .action(async ({ recording, report, seed, era, quiet, json }) => {
      const path = recording === undefined ? null : findRecording(recording);
      const where = typeof report === "string" ? report : null;
      deliver(await study({ recording: path, report: where, seed, era, quiet }), { json });
    });
}
