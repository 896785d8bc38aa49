/** The tree of commands. */
import { Command } from "@commander-js/extra-typings";
import { benchCommand } from "./commands/bench.js";
import { describeCommand } from "./commands/describe.js";
import { exploreCommand } from "./commands/explore.js";
import { listCommand } from "./commands/list.js";
import { recordCommand } from "./commands/record.js";
import { replayCommand } from "./commands/replay.js";
import { runCommand } from "./commands/run.js";
import { schemaCommand } from "./commands/schema.js";
import { studyCommand } from "./commands/study.js";
import { tokenCommand } from "./commands/token.js";
import { conductStudy } from "./conduct_study.js";
import { exploreWorlds } from "./explore_worlds.js";
import { record } from "./record_program.js";
import { replayRecordings } from "./replay_recordings.js";
import { replayAnyToken } from "./replay_token.js";
import { measure } from "./measure.js";
import { packageVersion } from "./package_info.js";
import { simulate } from "./simulate.js";

const COMMANDS = [
  () => studyCommand(conductStudy),
  () => runCommand(simulate),
  () => exploreCommand(exploreWorlds),
  () => replayCommand(replayRecordings),
  () => tokenCommand(replayAnyToken),
  () => recordCommand(record),
  () => benchCommand(measure),
  listCommand,
  describeCommand,
  schemaCommand,
];

const EXIT_CODES = `
Exit codes:
  0    done, and nothing was found
  1    done, and something was found: a violation, a mismatch, a device failure
  2    the input is wrong
  3    a defect of tlbstorm
  130  interrupted`;

export function buildProgram() {
  const program = new Command("tlbstorm")
    .description("Simulates and explores how external TLBs stay coherent with a Linux mm.")
    .version(packageVersion())
    .exitOverride()
    .showSuggestionAfterError()
    .addHelpText("after", EXIT_CODES);
  for (const build of COMMANDS) program.addCommand(build().copyInheritedSettings(program));
  return program;
}
