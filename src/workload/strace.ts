/**
 * Imports the output of strace: the system calls of a program and its tasks.
 *
 * Models:     `strace -f` with or without a time option (-t, -tt, -ttt, -r), with -T, -y, -i, -n,
 *             to a file (-o) or to the terminal; calls that other tasks interrupt; fork, clone,
 *             exec and exit.
 * Simplifies: strace sees no fault, no flush and no notifier, so such a workload can drive a
 *             simulation but not a check. A whole call begins and ends at its printed time. Without
 *             times, lines are a microsecond apart. The mappings that execve makes are not known.
 *
 * Calls that do not concern memory are counted in the report's `ignored`; `strace -f -ttt
 * -e trace=memory,process` leaves most of them out.
 */
import { z } from "zod";
import { argumentsOf } from "../scenario/arguments.js";
import { bytesArgument, fileArgument } from "./arguments.js";
import type { ByteSource } from "./byte_source.js";
import type { RecordedEvent } from "./events.js";
import { type ImportedWorkload, importedHeader, type ImportOptions } from "./imported.js";
import { RecordingError } from "./recording_error.js";
import { StraceImporter } from "./strace_importer.js";
import { textLines } from "./text_lines.js";

const checkArguments = argumentsOf("importStrace", {
  source: bytesArgument,
  options: z.strictObject({ file: fileArgument, header: z.looseObject({}).optional() }),
});

export function importStrace(source: ByteSource, options: ImportOptions): ImportedWorkload {
  checkArguments({ source, options });
  const importer = new StraceImporter();
  return {
    header: importedHeader({ ...options.header }),
    events: importLines(importer, source, options.file),
    report: importer.report,
  };
}

async function* importLines(
  importer: StraceImporter,
  source: ByteSource,
  file: string,
): AsyncGenerator<RecordedEvent, void> {
  for await (const line of textLines(source)) yield* importer.importLine(line);
  if (importer.understood > 0) return;
  throw new RecordingError(
    file,
    null,
    "no line is a line of strace",
    "Give the output of `strace -f -ttt -e trace=memory,process PROGRAM`",
  );
}
