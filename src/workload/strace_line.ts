/**
 * One line of strace output: who, when, and what kind of line it is.
 *
 * Models:     `[pid N]` or `N` (with -o) or no process; -t, -tt, -ttt, -r or no time; -n, -i; calls
 *             that are whole, unfinished or resumed; signals; the end of a process.
 * Source:     strace(1), version 6.1.
 */
export type StraceLine = StracePlace & StraceContent;

export interface StracePlace {
  /** Process (thread) id; null when the line names none. */
  threadId: number | null;
  /** The time as printed; null without one of the time options. */
  time: string | null;
}

export type StraceContent =
  | { kind: "call"; name: string; args: string; result: string }
  | { kind: "unfinished"; name: string; args: string }
  /** `rest` is what was still missing of the arguments, and the result. */
  | { kind: "resumed"; name: string; rest: string }
  | { kind: "attached"; childId: number }
  | { kind: "exited" }
  | { kind: "superseded"; byThreadId: number }
  /** A signal, a stop, a note of strace itself. */
  | { kind: "other"; what: string };

const PLACE =
  /^ *(?:\[pid +(?<bracketed>\d+)(?:<[^>]*>)?\] +|(?<plain>\d+)(?:<[^>]*>)? +)?(?:(?<time>\d{2}:\d{2}:\d{2}(?:\.\d+)?|\d+\.\d+) +)?(?:\[ *[0-9a-f?]+\] +)*(?<content>.*)$/;
const ATTACHED = /^strace: Process (\d+) attached(?: .*)?$/;
const RESUMED = /^<\.\.\. (\w+) resumed> ?(.*)$/;
const CALL = /^(\w+)\(/;
const UNFINISHED = / ?<unfinished \.\.\.>$/;
const RESULT = /^\s+= (.*)$/;

/** The parts of a line; a text is why it is not understood. */
export function parseStraceLine(text: string): StraceLine | string {
  const { bracketed, plain, time, content = "" } = PLACE.exec(text)?.groups ?? {};
  const threadId = bracketed ?? plain;
  const parsed = parseContent(content);
  if (typeof parsed === "string") return parsed;
  return {
    threadId: threadId === undefined ? null : Number(threadId),
    time: time ?? null,
    ...parsed,
  };
}

function parseContent(content: string): StraceContent | string {
  const attached = ATTACHED.exec(content);
  if (attached !== null) return { kind: "attached", childId: Number(attached[1]) };
  if (content.startsWith("strace: ")) return { kind: "other", what: "note of strace" };
  if (content.startsWith("--- ")) return { kind: "other", what: "signal" };
  if (content.startsWith("+++ ")) return parseEnd(content);
  const resumed = RESUMED.exec(content);
  if (resumed !== null) return { kind: "resumed", name: resumed[1] ?? "", rest: resumed[2] ?? "" };
  const name = CALL.exec(content)?.[1];
  if (name === undefined) return "not a line of strace";
  return parseCall(name, content.slice(name.length + 1));
}

function parseEnd(content: string): StraceContent | string {
  const superseded = /^\+\+\+ superseded by execve in pid (\d+) \+\+\+$/.exec(content);
  if (superseded !== null) return { kind: "superseded", byThreadId: Number(superseded[1]) };
  if (/^\+\+\+ (?:exited with|killed by) .*\+\+\+$/.test(content)) return { kind: "exited" };
  return "the line is cut off";
}

/** A call from its name on; `text` is what follows the opening parenthesis. */
export function parseCall(name: string, text: string): StraceContent | string {
  if (UNFINISHED.test(text)) {
    return { kind: "unfinished", name, args: text.replace(UNFINISHED, "") };
  }
  const end = closingParenthesis(text);
  if (end < 0) return "the line is cut off";
  const result = RESULT.exec(text.slice(end + 1))?.[1];
  if (result === undefined) return "the call has no result";
  return { kind: "call", name, args: text.slice(0, end), result: result.trim() };
}

/** Where the parenthesis that is open before the text is closed; -1 if nowhere. */
function closingParenthesis(text: string): number {
  let depth = 1;
  for (const { letter, index } of outsideQuotes(text)) {
    if ("([{".includes(letter)) depth++;
    else if (")]}".includes(letter)) depth--;
    if (depth === 0) return index;
  }
  return -1;
}

/** The arguments of a call, split at the commas between them. */
export function splitArguments(args: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (const { letter, index } of outsideQuotes(args)) {
    if ("([{".includes(letter)) depth++;
    else if (")]}".includes(letter)) depth--;
    else if (letter === "," && depth === 0) {
      parts.push(args.slice(start, index).trim());
      start = index + 1;
    }
  }
  const last = args.slice(start).trim();
  return last === "" ? parts : [...parts, last];
}

/**
 * The letters outside of quoted strings, comments and the names of file descriptors
 * (`3</tmp/a,b>`).
 */
function* outsideQuotes(text: string): Generator<{ letter: string; index: number }> {
  for (let index = 0; index < text.length; index++) {
    const letter = text[index]!;
    if (letter === '"') index = endOfString(text, index);
    else if (text.startsWith("/*", index)) index = endOr(text.indexOf("*/", index) + 1, text);
    else if (letter === "<" && /\d/.test(text[index - 1] ?? "") && text[index + 1] !== "<") {
      index = endOr(text.indexOf(">", index), text);
    } else yield { letter, index };
  }
}

/** Index of the quote that closes the string opened at `start`. */
function endOfString(text: string, start: number): number {
  for (let index = start + 1; index < text.length; index++) {
    if (text[index] === "\\") index++;
    else if (text[index] === '"') return index;
  }
  return text.length;
}

function endOr(index: number, text: string): number {
  return index <= 0 ? text.length : index;
}
