/** How a command that produces a result hands it over. */
import { ExitCode } from "./exit_code.js";
import { paintError, print, printJson } from "./output.js";

export interface CommandResult {
  /** What --json prints; its first field is `schema`. */
  json: object;
  /** What is printed otherwise. */
  text: string;
  /** Whether something was found: a violation, a mismatch, a device failure that is forbidden. */
  found: boolean;
  /** What the input leaves open, so that `found: false` does not mean that there is nothing. */
  unknown?: string | null;
}

/** Prints a result and sets the exit code that belongs to it. */
export function deliver(
  result: CommandResult,
  options: { json?: true | undefined; quiet?: true | undefined },
): void {
  if (options.json === true) printJson(result.json);
  else print(result.text);
  const unknown = result.unknown ?? null;
  if (unknown !== null && options.quiet !== true) {
    process.stderr.write(`${paintError.yellow("warning:")} ${unknown}\n`);
  }
  // Limits under which nothing can be said are an input that does not do.
  if (result.found) process.exitCode = ExitCode.Found;
  else process.exitCode = unknown === null ? ExitCode.Done : ExitCode.InputWrong;
}
