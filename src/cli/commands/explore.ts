/** `tlbstorm explore`: every interleaving of a small world, and a verdict for each property. */
import { exploreRequests, type ExploreRequest } from "../explore_request.js";
import { readScenario } from "../load_scenario.js";
import {
  devicesOption,
  examples,
  jsonOption,
  newCommand,
  operationOption,
  pagesOption,
  protocolOption,
  quietOption,
  retryLimitOption,
} from "../options.js";
import { deliver, type CommandResult } from "../result.js";

export interface ExploreOptions {
  /** Whether a matrix was asked for, even if it has one cell only. */
  all: boolean;
  quiet?: true | undefined;
}

export function exploreCommand(
  explore: (requests: ExploreRequest[], options: ExploreOptions) => Promise<CommandResult>,
) {
  return newCommand("explore")
    .summary("all interleavings of one operation under one protocol")
    .description(
      "Tries every order of steps of the mm, the devices and the driver. For each property it says " +
        "that it holds, or prints the shortest counterexample and a token that repeats it.",
    )
    .argument("[scenario]", "scenario file; or name a protocol and an operation instead")
    .addOption(protocolOption())
    .addOption(operationOption())
    .addOption(devicesOption())
    .addOption(pagesOption())
    .addOption(retryLimitOption())
    .option("--all", "every protocol with every operation, or those of the one that is named")
    .addOption(jsonOption())
    .addOption(quietOption())
    .addHelpText(
      "after",
      examples(
        ["tlbstorm explore --protocol flush-at-end --operation munmap", "one cell"],
        ["tlbstorm explore --protocol empty-table --operation cow --devices 2", "a larger world"],
        ["tlbstorm explore examples/mirror_two_devices.json", "what a scenario says"],
        ["tlbstorm explore --all --json", "the whole matrix"],
      ),
    )
    .action(async (path, options) => {
      const loaded = path === undefined ? null : await readScenario(path, {}, options);
      const requests = exploreRequests(loaded?.resolved ?? null, options);
      deliver(
        await explore(requests, { all: options.all === true, quiet: options.quiet }),
        options,
      );
    });
}
