/** `tlbstorm replay RECORDING...`: what the mm predicts, compared with what a kernel did. */
import { readScenario, type ReadScenario } from "../load_scenario.js";
import { examples, jsonOption, newCommand, quietOption } from "../options.js";
import { findRecording } from "../recordings.js";
import { deliver, type CommandResult } from "../result.js";

export interface ReplayOptions {
  check: boolean;
  /** Whose protocol and devices are attached to the replayed mm; null for none. */
  scenario: ReadScenario | null;
  quiet?: true | undefined;
}

export function replayCommand(
  replay: (paths: string[], options: ReplayOptions) => Promise<CommandResult>,
) {
  return newCommand("replay")
    .summary("feeds kernel recordings to the mm and compares")
    .description(
      "Feeds the system calls and faults of recordings to the mm. With --check it compares every " +
        "notifier call and TLB flush with what the kernel did, and ends with 1 where they differ; with " +
        "--scenario it runs one recording beside devices, in the place of the scenario's workload.",
    )
    .argument("<recording...>", "recordings, by name or path")
    .option("--check", "compare the predictions with the recording")
    .option("--scenario <file>", "attach the protocol and the devices of this scenario")
    .addOption(jsonOption())
    .addOption(quietOption())
    .addHelpText(
      "after",
      examples(
        ["tlbstorm replay --check git_gc", "one recording that comes with the package"],
        ["tlbstorm replay --check --json recordings/micro/*.jsonl.gz", "many, as JSON"],
        ["tlbstorm replay git_gc --scenario examples/gpu_munmap.yaml", "beside a GPU, as run does"],
      ),
    )
    .action(async (recordings, options) => {
      const { scenario: file, quiet } = options;
      const paths = recordings.map((recording) => findRecording(recording));
      const scenario = file === undefined ? null : await readScenario(file, {}, { quiet });
      deliver(await replay(paths, { check: options.check === true, scenario, quiet }), options);
    });
}
