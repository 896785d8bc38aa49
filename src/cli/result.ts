/** How a command that produces a result hands it over. */
import { ExitCode } from "./exit_code.js";
import { print, printJson } from "./output.js";

export interface CommandResult {
  /** What --json prints; its first field is `schema`. */
  json: object;
  /** What is printed otherwise. */
  text: string;
  /** Whether something was found: a violation, a mismatch, a device failure that is forbidden. */
  found: boolean;
}

/** Prints a result and sets the exit code that belongs to it. */
export function deliver(result: CommandResult, options: { json?: true | undefined }): void {
  if (options.json === true) printJson(result.json);
  else print(result.text);
  process.exitCode = result.found ? ExitCode.Found : ExitCode.Done;
}
