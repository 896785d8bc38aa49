/** The lines of a text as it arrives, compressed or not. */
import { type ByteSource, decompressed } from "./byte_source.js";

export interface TextLine {
  /** Counted from 1. */
  line: number;
  /** Without its newline. */
  text: string;
}

/** A line longer than this is cut: no tool whose output is imported writes such lines. */
const LINE_CHARACTERS_MAX = 1024 * 1024;

/** Yields every line; what is not UTF-8 becomes replacement characters. */
export async function* textLines(source: ByteSource): AsyncGenerator<TextLine, void> {
  const decoder = new TextDecoder();
  let rest = "";
  let line = 0;
  for await (const chunk of decompressed(source)) {
    const pieces = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = (pieces.pop() ?? "").slice(0, LINE_CHARACTERS_MAX);
    for (const text of pieces) yield { line: ++line, text: text.replace(/\r$/, "") };
  }
  rest += decoder.decode();
  if (rest !== "") yield { line: line + 1, text: rest };
}
