/** What `tlbstorm record` does: runs a program under perf, and says what came of it. */
import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { basename, delimiter, join } from "node:path";
import { recordProgram, type RecordOutcome } from "../workload/record.js";
import type { RecordOptions } from "./commands/record.js";
import { UserError } from "./errors.js";
import { checkDirectory } from "./files.js";
import { interruptible } from "./interruption.js";
import type { CommandResult } from "./result.js";

const STDERR = 2;

export async function record(
  program: string[],
  { out, json }: RecordOptions,
): Promise<CommandResult> {
  const output = out ?? `${basename(program[0] ?? "program")}.jsonl.gz`;
  await checkDirectory(output);
  await refuseMissing(program[0] ?? "");
  const outcome = await interruptible((signal) =>
    recordProgram(program, {
      output,
      signal,
      ...(json === true ? { programOutput: STDERR } : {}),
    }),
  );
  return { json: asJson(outcome), text: formatOutcome(outcome), found: false };
}

/** A program that does not start is the user's mistake, and perf says little about it. */
async function refuseMissing(program: string): Promise<void> {
  const directories = program.includes("/") ? [""] : (process.env["PATH"] ?? "").split(delimiter);
  for (const directory of directories) {
    const path = join(directory, program);
    const isRunnable = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isRunnable && (await stat(path)).isFile()) return;
  }
  throw new UserError(program, "there is no such program", "give its path, or extend PATH");
}

function asJson({ output, events, lost, exitStatus, report }: RecordOutcome): object {
  return {
    schema: "tlbstorm.record/1",
    recording: output,
    events,
    lost,
    exitStatus,
    notUnderstood: report.total,
  };
}

function formatOutcome({ output, events, lost, exitStatus, report }: RecordOutcome): string {
  const lines = [`${output}: ${events} events, the program ended with ${exitStatus}`];
  if (lost > 0) {
    lines.push(`perf lost ${lost} records: the recording is refused where all of it is needed`);
  }
  if (report.total > 0) lines.push(`${report.total} lines of perf were not understood`);
  return lines.join("\n");
}
