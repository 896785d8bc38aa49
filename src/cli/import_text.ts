/** What `tlbstorm import` does: another tool's text becomes a recording; what is lost is told. */
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { basename } from "node:path";
import type { RecordedEvent } from "../workload/events.js";
import type { LossReport } from "../workload/loss_report.js";
import { importPerfScript } from "../workload/perf_script.js";
import { importStrace } from "../workload/strace.js";
import { type TextFormat, textFormatOf } from "../workload/text_format.js";
import { textLines } from "../workload/text_lines.js";
import { writeRecording } from "../workload/write_recording.js";
import type { ImportTextOptions } from "./commands/import.js";
import { UserError } from "./errors.js";
import { checkDirectory, fileError, writeStream } from "./files.js";
import { withProgress } from "./progress.js";
import type { CommandResult } from "./result.js";

const KIB = 1024;
/** Lines that are printed; --json has up to a thousand. */
const SHOWN = 10;
/** What a text is usually called by. */
const ENDING = /(\.(txt|perf|strace|log|out))*(\.gz)?$/;

export async function importText(
  file: string,
  { format, out, quiet }: ImportTextOptions,
): Promise<CommandResult> {
  const size = await sizeOf(file);
  const name = basename(file).replace(ENDING, "");
  const output = out ?? `${name}.jsonl.gz`;
  await checkDirectory(output);
  const tool = format ?? (await tellFormat(file));
  const source = createReadStream(file);
  const { header, events, report, lost } = await workloadOf(tool, source, file, name);
  let count = 0;
  await withProgress("importing", Math.ceil(size / KIB), { quiet }, async ({ update }) => {
    const counted = async function* (): AsyncGenerator<RecordedEvent, void> {
      for await (const event of events) {
        if (++count % 10_000 === 0) await update(Math.floor(source.bytesRead / KIB), "KiB");
        yield event;
      }
    };
    const end = () => ({ lost: lost(), exit_status: null });
    await writeStream(output, writeRecording(header, counted(), end));
  });
  return {
    json: {
      schema: "tlbstorm.import/1",
      recording: output,
      format: tool,
      events: count,
      lost: lost(),
      notUnderstood: { count: report.total, lines: report.losses },
      ignored: Object.fromEntries(report.ignored),
    },
    text: formatImport({ output, tool, count, lost: lost(), report }),
    found: false,
  };
}

async function sizeOf(file: string): Promise<number> {
  try {
    const it = await stat(file);
    if (it.isFile()) return it.size;
  } catch (error) {
    throw fileError(file, "cannot be read", error);
  }
  throw new UserError(file, "cannot be read: it is no file", "name a file");
}

async function tellFormat(file: string): Promise<TextFormat> {
  const format = await textFormatOf(createReadStream(file));
  if (format !== null) return format;
  throw new UserError(
    file,
    "none of its first lines is one of perf script or strace",
    "give what `perf script` or `strace -f -ttt -o FILE` wrote, or say which with --format",
  );
}

async function workloadOf(
  tool: TextFormat,
  source: AsyncIterable<Uint8Array>,
  file: string,
  name: string,
) {
  const header = { name };
  if (tool === "perf") {
    // Where the text has an exec, what comes before it is the work of perf.
    return importPerfScript(source, { file, header, startAtExec: await hasExec(file) });
  }
  return { ...importStrace(source, { file, header }), lost: () => 0 };
}

async function hasExec(file: string): Promise<boolean> {
  for await (const { text } of textLines(createReadStream(file))) {
    if (text.includes(" sched:sched_process_exec:")) return true;
  }
  return false;
}

interface Import {
  readonly output: string;
  readonly tool: TextFormat;
  readonly count: number;
  readonly lost: number;
  readonly report: LossReport;
}

function formatImport({ output, tool, count, lost, report }: Import): string {
  const lines = [`${output}: ${count} events of ${TOOLS[tool]}`];
  if (lost > 0) {
    lines.push(`perf lost ${lost} records: the recording is refused where all of it is needed`);
  }
  for (const [what, times] of report.ignored) lines.push(`left out: ${what}, ${times}`);
  if (report.total === 0) return lines.join("\n");
  lines.push(`not understood: ${report.total} ${report.total === 1 ? "line" : "lines"}`);
  for (const { line, reason } of report.losses.slice(0, SHOWN)) lines.push(`  ${line}: ${reason}`);
  if (report.total > SHOWN) lines.push("  and more: --json has their text");
  return lines.join("\n");
}

const TOOLS: Record<TextFormat, string> = { perf: "perf script", strace: "strace" };
