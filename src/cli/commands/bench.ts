/** `tlbstorm bench`: how fast the engine is, as ratios that a loaded machine changes little. */
import { examples, jsonOption, newCommand, quietOption } from "../options.js";
import { deliver, type CommandResult } from "../result.js";

export function benchCommand(bench: (quiet: boolean) => Promise<CommandResult>) {
  return newCommand("bench")
    .summary("throughput of the engine, as ratios")
    .description(
      "Measures walks, lookups, invalidations, events and explored states a second, and compares " +
        "each with a plain implementation on the same machine.",
    )
    .addOption(jsonOption())
    .addOption(quietOption())
    .addHelpText("after", examples(["tlbstorm bench", "a table of ratios"]))
    .action(async (options) => {
      deliver(await bench(options.quiet === true), options);
    });
}
