/** Errors as the person in front of the terminal sees them, and the exit code of each kind. */
import { CommanderError } from "commander";
import { InvalidToken } from "../explore/token.js";
import { RunRefusal } from "../run/refusal.js";
import { InvalidArgument } from "../scenario/arguments.js";
import { InvalidScenario } from "../scenario/errors.js";
import { RecordingError } from "../workload/recording_error.js";
import { ExitCode } from "./exit_code.js";
import { Interrupted } from "./interruption.js";

/** The user's mistake: what is wrong, where, and what to try. */
export class UserError extends Error {
  constructor(
    readonly place: string,
    readonly problem: string,
    readonly hint: string | null = null,
  ) {
    super(place === "" ? problem : `${place}: ${problem}`);
    this.name = "UserError";
  }
}

export interface Verdict {
  exitCode: ExitCode;
  /** For stderr; empty if everything has been said. */
  text: string;
}

/** What to say about an exception that reached the top, and how to end. */
export function judge(error: unknown, environment: string): Verdict {
  // Commander has printed its message, or the help or version that was asked for.
  if (error instanceof CommanderError) {
    return { exitCode: error.exitCode === 0 ? ExitCode.Done : ExitCode.InputWrong, text: "" };
  }
  // What a person gave was checked before: a wrong argument of a function is ours.
  if (error instanceof InvalidScenario && !(error instanceof InvalidArgument)) {
    return { exitCode: ExitCode.InputWrong, text: `${error.message}\n` };
  }
  if (error instanceof RecordingError) {
    const { file, line, problem, hint } = error;
    const place = line === null ? file : `${file}:${line}`;
    return userMistake(new UserError(place, problem, hint));
  }
  if (error instanceof InvalidToken) {
    return userMistake(new UserError("token", error.problem, error.hint));
  }
  if (error instanceof RunRefusal) {
    return userMistake(new UserError("run", error.problem, error.hint));
  }
  if (error instanceof UserError) return userMistake(error);
  if (error instanceof Interrupted) {
    return { exitCode: ExitCode.Interrupted, text: "\ninterrupted\n" };
  }
  return { exitCode: ExitCode.Defect, text: defectReport(error, environment) };
}

function userMistake({ message, hint }: UserError): Verdict {
  const tail = hint === null ? "" : `  ${hint}\n`;
  return { exitCode: ExitCode.InputWrong, text: `error: ${message}\n${tail}` };
}

function defectReport(error: unknown, environment: string): string {
  const details = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return [
    "This is a defect of tlbstorm, not of your input.",
    "",
    details,
    "",
    "Please report it with the text above, the input files and these lines:",
    environment,
    "",
  ].join("\n");
}
