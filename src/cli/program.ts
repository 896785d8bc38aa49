/** The tree of commands. */
import { Command } from "@commander-js/extra-typings";
import { benchCommand } from "./commands/bench.js";
import { describeCommand } from "./commands/describe.js";
import { exploreCommand } from "./commands/explore.js";
import { importCommand } from "./commands/import.js";
import { listCommand } from "./commands/list.js";
import { recordCommand } from "./commands/record.js";
import { replayCommand } from "./commands/replay.js";
import { runCommand } from "./commands/run.js";
import { schemaCommand } from "./commands/schema.js";
import { studyCommand } from "./commands/study.js";
import { mergeCommand, sweepCommand } from "./commands/sweep.js";
import { tokenCommand } from "./commands/token.js";
import { packageVersion } from "./package_info.js";

/** What a command does is loaded when it is asked for: help and complaints come at once. */
const COMMANDS = [
  () => studyCommand(async (...args) => (await import("./conduct_study.js")).conductStudy(...args)),
  () => runCommand(async (...args) => (await import("./simulate.js")).simulate(...args)),
  () =>
    exploreCommand(async (...args) => (await import("./explore_worlds.js")).exploreWorlds(...args)),
  () =>
    replayCommand(async (...args) =>
      (await import("./replay_recordings.js")).replayRecordings(...args),
    ),
  () =>
    tokenCommand(async (...args) => (await import("./replay_token.js")).replayAnyToken(...args)),
  () => recordCommand(async (...args) => (await import("./record_program.js")).record(...args)),
  () => importCommand(async (...args) => (await import("./import_text.js")).importText(...args)),
  () => benchCommand(async (...args) => (await import("./measure.js")).measure(...args)),
  () => sweepCommand(async (...args) => (await import("./run_sweep.js")).sweep(...args)),
  () => mergeCommand(async (...args) => (await import("./merge_shards.js")).merge(...args)),
  listCommand,
  describeCommand,
  schemaCommand,
];

const AFTER = `
Start with tlbstorm study. Every command has examples: tlbstorm COMMAND --help

Exit codes:
  0    done, and nothing was found
  1    done, and something was found: a violation, a mismatch, a device failure
  2    the input is wrong, or its limits leave the answer open
  3    a defect of tlbstorm
  130  interrupted`;

export function buildProgram() {
  const program = new Command("tlbstorm")
    .description("Simulates and explores how external TLBs stay coherent with a Linux mm.")
    .version(packageVersion())
    .exitOverride()
    .showSuggestionAfterError()
    .showHelpAfterError("  add --help to see what there is")
    .addHelpText("after", AFTER);
  for (const build of COMMANDS) program.addCommand(build().copyInheritedSettings(program));
  return program;
}
