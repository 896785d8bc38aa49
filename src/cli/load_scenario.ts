/** Reads the scenario that a command was given, and says on standard error what is odd about it. */
import { formatScenarioError } from "../scenario/errors.js";
import { loadScenario, type LoadedScenario } from "../scenario/load.js";
import type { Overrides } from "../scenario/override.js";
import { readInput } from "./files.js";
import { paintError } from "./output.js";

export async function readScenario(
  path: string,
  overrides: Overrides = {},
  options: { quiet?: boolean | undefined } = {},
): Promise<LoadedScenario> {
  const file = path === "-" ? "standard input" : path;
  const loaded = loadScenario({ text: await readInput(path), file }, overrides);
  if (options.quiet !== true) {
    for (const warning of loaded.warnings) {
      process.stderr.write(`${paintError.yellow("warning:")} ${formatScenarioError(warning)}\n`);
    }
  }
  return loaded;
}
