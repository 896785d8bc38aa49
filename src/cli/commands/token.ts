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
  /** Look for something smaller that breaks the same rule, and show that. */
  minimise: boolean;
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
    .option("--minimise", "leave out what the violation does not need, and show the rest")
    .addOption(traceOption())
    .addOption(litmusOption())
    .addOption(jsonOption())
    .addOption(quietOption())
    .addHelpText(
      "after",
      examples(
        ["tlbstorm token TOKEN", "the timeline of what TOKEN names"],
        ["tlbstorm token TOKEN --minimise", "the least that still breaks the same rule"],
      ),
    )
    .action(async (token, options) => {
      const { states, minimise, quiet, trace, litmus } = options;
      const wanted = { states: states === true, minimise: minimise === true };
      deliver(await replay(token, { ...wanted, quiet, trace, litmus }), options);
    });
}
