/** Tells whose output a text is: every line of these tools has its own shape. */
import { parsePerfLine } from "./perf_line.js";
import { parseStraceLine } from "./strace_line.js";
import { type ByteSource } from "./byte_source.js";
import { textLines } from "./text_lines.js";

export const TEXT_FORMATS = ["perf", "strace"] as const;
export type TextFormat = (typeof TEXT_FORMATS)[number];

/** Lines that are looked at. */
const SAMPLE = 1000;

/** The tool that most of the first lines are of; null when none is of either. */
export async function textFormatOf(source: ByteSource): Promise<TextFormat | null> {
  let perf = 0;
  let strace = 0;
  for await (const { line, text } of textLines(source)) {
    if (line > SAMPLE) break;
    if (parsePerfLine(text) !== null) perf++;
    else if (typeof parseStraceLine(text) !== "string") strace++;
  }
  if (perf === 0 && strace === 0) return null;
  return perf >= strace ? "perf" : "strace";
}
