/** `tlbstorm run SCENARIO`: one timed simulation. */
import { readScenario, type ReadScenario } from "../load_scenario.js";
import {
  eraOption,
  examples,
  jsonOption,
  newCommand,
  outOption,
  protocolOption,
  quietOption,
  seedOption,
  traceOption,
  untilOption,
} from "../options.js";
import { deliver, type CommandResult } from "../result.js";

export interface RunOptions {
  out?: string | undefined;
  trace?: string | undefined;
  quiet?: true | undefined;
}

export function runCommand(
  run: (loaded: ReadScenario, options: RunOptions) => Promise<CommandResult>,
) {
  return newCommand("run")
    .summary("one timed simulation of a scenario")
    .description(
      "Runs a scenario once and prints exact counts, modelled times and every violation. The same " +
        "scenario, seed and version give the same digest on every machine.",
    )
    .argument("<scenario>", "scenario file in YAML or JSON; - reads standard input")
    .addOption(seedOption())
    .addOption(eraOption())
    .addOption(protocolOption())
    .addOption(untilOption())
    .addOption(outOption())
    .addOption(traceOption())
    .addOption(jsonOption())
    .addOption(quietOption())
    .addHelpText(
      "after",
      examples(
        ["tlbstorm run examples/gpu_munmap.yaml", "as the scenario says"],
        ["tlbstorm run examples/gpu_munmap.yaml --seed 7 --until 5ms", "another seed, and shorter"],
        [
          "tlbstorm run examples/gpu_munmap.yaml --protocol none --json",
          "another protocol, as JSON",
        ],
        ["tlbstorm run examples/gpu_munmap.yaml --trace run.pftrace", "a timeline for Perfetto"],
      ),
    )
    .action(async (path, options) => {
      const { seed, era, protocol, until } = options;
      const loaded = await readScenario(path, { seed, era, protocol, until }, options);
      deliver(await run(loaded, options), options);
    });
}
