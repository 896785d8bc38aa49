/** `tlbstorm record -- PROGRAM...`: records what a program does with its memory. */
import { examples, jsonOption, newCommand, quietOption } from "../options.js";
import { deliver, type CommandResult } from "../result.js";

export interface RecordOptions {
  /** Where the recording goes; null for a file named after the program. */
  out: string | null;
  /** The program's standard output goes to standard error, since ours is a result to be read. */
  json?: true | undefined;
}

export function recordCommand(
  record: (program: string[], options: RecordOptions) => Promise<CommandResult>,
) {
  return newCommand("record")
    .summary("records a program with perf")
    .description(
      "Runs a program under perf and writes its system calls, page faults and TLB flushes as a " +
        "recording that run, replay, study and sweep read. Needs Linux on x86-64, perf, and the " +
        "right to use its tracepoints; says what is missing.",
    )
    .argument("<program...>", "the program and its arguments, after --")
    .option("--out <file>", "where the recording goes; PROGRAM.jsonl.gz here if left out")
    .addOption(jsonOption())
    .addOption(quietOption())
    .addHelpText(
      "after",
      examples(
        ["tlbstorm record -- git gc", "writes git.jsonl.gz"],
        ["tlbstorm record --out sort.jsonl.gz -- sort -n numbers", "under a name of one's own"],
        ["tlbstorm study --recording ./git.jsonl.gz", "and what devices would make of it"],
      ),
    )
    .action(async (program, { out, json }) => {
      deliver(await record(program, { out: out ?? null, json }), { json });
    });
}
