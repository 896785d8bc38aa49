/** `tlbstorm import FILE`: turns what other tools wrote into a recording. */
import { Option } from "@commander-js/extra-typings";
import { TEXT_FORMATS, type TextFormat } from "../../workload/text_format.js";
import { examples, jsonOption, newCommand, quietOption } from "../options.js";
import { deliver, type CommandResult } from "../result.js";

export interface ImportTextOptions {
  /** null: told from the lines. */
  format: TextFormat | null;
  /** Where the recording goes; null for a file named after the text. */
  out: string | null;
  quiet?: true | undefined;
}

export function importCommand(
  importText: (file: string, options: ImportTextOptions) => Promise<CommandResult>,
) {
  return newCommand("import")
    .summary("makes a recording of the output of perf script or strace")
    .description(
      "Reads the text that perf script or strace wrote, compressed or not, and writes a recording " +
        "that run, replay, study and sweep read. Lines that are not understood are left out, and " +
        "told with their numbers.",
    )
    .argument("<file>", "the text")
    .addOption(new Option("--format <tool>", "whose text it is").choices(TEXT_FORMATS))
    .option("--out <file>", "where the recording goes; FILE.jsonl.gz here if left out")
    .addOption(jsonOption())
    .addOption(quietOption())
    .addHelpText(
      "after",
      examples(
        ["tlbstorm import program.strace", "writes program.jsonl.gz"],
        ["tlbstorm import program.perf --out mine.jsonl.gz", "under a name of one's own"],
        ["tlbstorm study --recording ./mine.jsonl.gz", "and what devices would make of it"],
      ),
    )
    .action(async (file, { format, out, quiet, json }) => {
      const options = { format: format ?? null, out: out ?? null, quiet };
      deliver(await importText(file, options), { json });
    });
}
