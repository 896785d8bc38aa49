/** `tlbstorm token TOKEN`: repeats exactly what a token names. */
import {
  examples,
  jsonOption,
  litmusOption,
  newCommand,
  quietOption,
  traceOption,
} from "../options.js";
import { deliver, type CommandResult } from "../result.js";

export interface TokenOptions {
  /** Show page table, caches and owners of frames beside each step. */
  states: boolean;
  quiet?: boolean | undefined;
  /** Of a counterexample: where it goes as a trace, and the claim as a litmus file. */
  trace?: string | undefined;
  litmus?: string | undefined;
}

export function tokenCommand(
  replay: (token: string, options: TokenOptions) => Promise<CommandResult>,
) {
  return newCommand("token")
    .summary("repeats exactly what a token names")
    .description(
      "Repeats the run or the counterexample that a token names, and prints its timeline: one row " +
        "for each step, one column for each actor.",
    )
    .argument("<token>", "a token that run, explore or study printed")
    .option("--states", "show page table, caches and owners of frames beside each step")
    .addOption(traceOption())
    .addOption(litmusOption())
    .addOption(jsonOption())
    .addOption(quietOption())
    .addHelpText("after", examples(["tlbstorm token TOKEN", "the timeline of what TOKEN names"]))
    .action(async (token, options) => {
      const { states, quiet, trace, litmus } = options;
      deliver(await replay(token, { states: states === true, quiet, trace, litmus }), options);
    });
}
