/** Ways in which a recording can be damaged, each applied to one line of it. */
import { callByName } from "../../src/workload/calls.js";
import type { RecordedEvent } from "../../src/workload/recording.js";

type Kind = RecordedEvent["ev"];
type Json = string | number | boolean | null | Json[] | { [name: string]: Json };
type Line = Record<string, Json> & { ev: Kind };

export interface Damage {
  readonly name: string;
  /** The kinds of lines it can happen to. */
  readonly kinds: readonly Kind[];
  /** The lines with the damage in the one at `at`, counted from 0; null: it cannot happen there. */
  apply(lines: readonly string[], at: number): string[] | null;
}

const EVERY: readonly Kind[] = [
  "exec",
  "notifier",
  "fini",
  "newtask",
  "taskexit",
  "enter",
  "exit",
  "fault",
  "inval",
  "age",
  "test_age",
  "tlb",
  "mig_set",
  "mig_clear",
  "migrate",
  "thp",
  "ksm",
  "begin",
  "end",
  "op",
  "done",
  "signal",
  "file",
  "text",
  "window",
  "snap",
];

/** Fields that a line may lack, and words that may be any. */
const OPTIONAL = new Set(["n", "step", "kthread"]);
const FREE = new Set(["text", "kthread", "ev"]);
/** Numbers that may be negative. */
const SIGNED = new Set(["pages", "step", "ret", "err"]);

const known = new Map<string, Line>();

/** The object on a line, which is shared and not to be changed. */
export function parsed(text: string): Line {
  const line = known.get(text) ?? (JSON.parse(text) as Line);
  known.set(text, line);
  return line;
}

/** The lines with another one in the place of the one at `at`. */
function changed(change: (line: Line, above: Line) => Json | null): Damage["apply"] {
  return (lines, at) => {
    const line = change(parsed(lines[at]!), parsed(lines[at - 1]!));
    return line === null ? null : lines.with(at, JSON.stringify(line));
  };
}

/** The lines with others in the place of the one at `at`, counted anew by the trailer. */
function replaced(others: (lines: readonly string[], at: number) => string[] | null) {
  return (lines: readonly string[], at: number): string[] | null => {
    const inPlace = others(lines, at);
    if (inPlace === null) return null;
    return recounted(lines.toSpliced(at, 1, ...inPlace));
  };
}

function recounted(lines: readonly string[]): string[] {
  const events: Record<string, number> = {};
  for (const text of lines.slice(1, -1)) {
    const { ev } = parsed(text);
    events[ev] = (events[ev] ?? 0) + 1;
  }
  return lines.with(-1, JSON.stringify({ ...parsed(lines.at(-1)!), events }));
}

/** Which field of a line a damage meets: one after the other, as `at` goes on. */
function fieldAt(line: Line, names: readonly string[], at: number): string | null {
  return names.length === 0 ? null : names[at % names.length]!;
}

function damageField(
  isMeant: (name: string, value: Json, line: Line) => boolean,
  damage: (value: Json) => Json | undefined,
): Damage["apply"] {
  return (lines, at) => {
    const line = parsed(lines[at]!);
    const names = Object.keys(line).filter((name) => isMeant(name, line[name]!, line));
    const name = fieldAt(line, names, at);
    if (name === null) return null;
    // a field that becomes undefined is left out
    return lines.with(at, JSON.stringify({ ...line, [name]: damage(line[name]!) }));
  };
}

function damageArgument(
  isMeant: (name: string, value: Json, call: string) => boolean,
  damage: (value: Json) => Json | undefined,
): Damage["apply"] {
  return (lines, at) => {
    const line = parsed(lines[at]!);
    const a = line["a"] as Record<string, Json>;
    const names = Object.keys(a).filter((name) => isMeant(name, a[name]!, line["call"] as string));
    const name = fieldAt(line, names, at);
    if (name === null) return null;
    return lines.with(at, JSON.stringify({ ...line, a: { ...a, [name]: damage(a[name]!) } }));
  };
}

function otherType(value: Json): Json {
  return typeof value === "number" || typeof value === "boolean" ? "much" : 7;
}

/** The event of the same task that comes next, of one of the kinds. */
function follower(lines: readonly string[], at: number, kinds: readonly Kind[]): Line | null {
  const { tid } = parsed(lines[at]!);
  for (const text of lines.slice(at + 1, -1)) {
    const line = parsed(text);
    if (line["tid"] === tid && kinds.includes(line.ev)) return line;
  }
  return null;
}

function beyond(address: Json): string {
  return `0x${(BigInt(address as string) + 0x800n).toString(16)}`;
}

type Snapshot = Line & { vmas: Record<string, Json>[]; pages: Json[][] };

function snapshot(change: (snap: Snapshot) => Partial<Snapshot> | null): Damage {
  return {
    name: "",
    kinds: ["snap"],
    apply: changed((line) => {
      const snap = line as Snapshot;
      if (snap.vmas.length < 2 || snap.pages.length < 1) return null;
      const other = change(snap);
      return other === null ? null : ({ ...snap, ...other } as Line);
    }),
  };
}

/** Damage after which no recording of a kernel is left. */
export const STRUCTURAL: readonly Damage[] = [
  {
    name: "lacks a field",
    kinds: EVERY,
    apply: damageField(
      (name) => !OPTIONAL.has(name),
      () => undefined,
    ),
  },
  {
    name: "has a field of another type",
    kinds: EVERY,
    apply: damageField(() => true, otherType),
  },
  {
    name: "has a negative number where none can be",
    kinds: EVERY,
    apply: damageField(
      (name, value) => typeof value === "number" && !SIGNED.has(name),
      () => -5,
    ),
  },
  {
    name: "has a fraction",
    kinds: EVERY,
    apply: damageField(
      (_, value) => typeof value === "number",
      (value) => (value as number) + 0.5,
    ),
  },
  {
    // A call that has no return may be one that is not known here.
    name: "has an unknown word",
    kinds: ["enter", "exit", "tlb", "migrate", "thp", "ksm", "op", "signal", "file"],
    apply(lines, at) {
      const isLast = parsed(lines[at]!).ev === "enter" && follower(lines, at, ["exit"]) === null;
      const isWord = (name: string, value: Json): boolean =>
        typeof value === "string" && !FREE.has(name) && !value.startsWith("0x");
      return isLast ? null : damageField(isWord, (value) => `${value as string}x`)(lines, at);
    },
  },
  {
    name: "is of an unknown kind",
    kinds: EVERY,
    apply: changed((line) => ({ ...line, ev: `${line.ev}s` })),
  },
  {
    name: "names a task, process, mm or CPU that there is not",
    kinds: EVERY,
    apply: damageField(
      (name) => ["p", "tid", "mm", "cpu"].includes(name),
      () => 9999,
    ),
  },
  {
    name: "has a time before that of the line above",
    kinds: EVERY,
    apply: changed((line, above) => {
      const t = above["t"] as number | undefined;
      return t === undefined || t === 0 ? null : { ...line, t: t - 1 };
    }),
  },
  {
    name: "changes places with the next",
    kinds: EVERY,
    apply(lines, at) {
      const [first, second] = [lines[at]!, lines[at + 1]!];
      if (parsed(second)["t"] === undefined || parsed(first)["t"] === parsed(second)["t"]) {
        return null;
      }
      return lines.with(at, second).with(at + 1, first);
    },
  },
  {
    name: "has bounds that are reversed, empty or no page's",
    kinds: ["inval", "age", "window"],
    apply: (lines, at) =>
      changed((line) => {
        const { start, end } = line as unknown as { start: string; end: string };
        if (at % 3 === 0) return { ...line, start: end, end: start };
        if (at % 3 === 1) return { ...line, end: start };
        return { ...line, start: beyond(start), end };
      })(lines, at),
  },
  {
    name: "lacks an argument",
    kinds: ["enter"],
    apply: damageArgument(
      (name, _, call) => callByName(call)?.requiredArgs.has(name) === true,
      () => undefined,
    ),
  },
  {
    name: "has an argument that is no number",
    kinds: ["enter"],
    apply: damageArgument(
      () => true,
      () => "much",
    ),
  },
  {
    name: "has an address that is a number",
    kinds: ["enter"],
    apply: damageArgument(
      (name, _, call) => callByName(call)?.addressArgs.has(name) === true,
      () => 4096,
    ),
  },
  {
    name: "has a negative length, though the call succeeds",
    kinds: ["enter"],
    apply(lines, at) {
      const exit = follower(lines, at, ["exit"]);
      const result = exit?.["ret"];
      if (typeof result === "number" && result < 0) return null;
      const isBounded = (name: string, _: Json, call: string): boolean =>
        callByName(call)?.boundedArgs.has(name) === true;
      return result === undefined ? null : damageArgument(isBounded, () => -4096)(lines, at);
    },
  },
  {
    name: "returns from another call",
    kinds: ["exit"],
    apply: changed((line) => ({
      ...line,
      call: ["mmap", "brk"].includes(line["call"] as string)
        ? line["call"] === "brk"
          ? "mmap"
          : "brk"
        : line["call"] === "madvise"
          ? "munmap"
          : "madvise",
    })),
  },
  {
    name: "is missing, and something depends on it",
    kinds: ["enter", "exit", "newtask", "op"],
    apply: replaced((lines, at) => {
      const needed: Partial<Record<Kind, readonly Kind[]>> = {
        enter: ["exit"],
        exit: ["enter"],
        newtask: ["exit"],
        op: ["done"],
      };
      const { ev } = parsed(lines[at]!);
      const hasText = ev === "op" && lines.some((text) => parsed(text).ev === "text");
      return hasText || follower(lines, at, needed[ev] ?? []) === null ? null : [];
    }),
  },
  {
    name: "is there twice",
    kinds: ["exec", "newtask", "taskexit", "enter", "exit", "begin", "end", "op"],
    apply: replaced((lines, at) => [lines[at]!, lines[at]!]),
  },
  {
    ...snapshot(({ vmas }) => ({ vmas: vmas.toReversed() })),
    name: "has vmas in another order",
  },
  {
    ...snapshot(({ vmas: [first, second, ...more] }) => ({
      vmas: [{ ...first!, end: second!["end"]! }, second!, ...more],
    })),
    name: "has vmas that overlap",
  },
  {
    ...snapshot(({ pages }) => ({ pages: [...pages, ["0x7fffffff0000", 1, "Pxa"]] })),
    name: "has a page outside of all vmas",
  },
  {
    ...snapshot(({ pages: [first, ...more] }) => ({ pages: [first!, first!, ...more] })),
    name: "has a page twice",
  },
  {
    ...snapshot(({ pages: [first, ...more] }) => ({ pages: [first!.with(1, -1), ...more] })),
    name: "has a negative number of pages",
  },
  {
    ...snapshot(({ pages: [first, ...more] }) => ({ pages: [first!.with(2, "PS"), ...more] })),
    name: "has a page that is both present and swapped",
  },
];

/** Damage to the text of one line. */
export const TEXTUAL: readonly Damage[] = [
  {
    name: "is cut in half",
    kinds: EVERY,
    apply: (lines, at) => lines.with(at, lines[at]!.slice(0, lines[at]!.length / 2)),
  },
  {
    name: "is joined to the next",
    kinds: EVERY,
    apply: (lines, at) => lines.toSpliced(at, 2, lines[at]! + lines[at + 1]!),
  },
  {
    name: "is empty",
    kinds: EVERY,
    apply: (lines, at) => lines.toSpliced(at, 0, ""),
  },
  {
    name: "begins with a byte order mark",
    kinds: EVERY,
    apply: (lines, at) => lines.with(at, `\ufeff${lines[at]!}`),
  },
  {
    name: "has a NUL byte",
    kinds: EVERY,
    apply: (lines, at) => lines.with(at, lines[at]!.replace(":", ":\0")),
  },
  {
    name: "is a second header",
    kinds: EVERY,
    apply: (lines, at) => lines.toSpliced(at, 0, lines[0]!),
  },
  {
    name: "is a second trailer",
    kinds: EVERY,
    apply: (lines, at) => lines.toSpliced(at, 0, lines.at(-1)!),
  },
];

/** Damage that another kernel or program could have made: at most a difference. */
export const PLAUSIBLE: readonly Damage[] = [
  {
    name: "has an address one page further",
    kinds: ["fault", "test_age", "mig_set", "mig_clear", "op", "signal"],
    apply: changed((line) => ({
      ...line,
      addr: `0x${(BigInt(line["addr"] as string) + 4096n).toString(16)}`,
    })),
  },
  {
    name: "has an argument one page larger",
    kinds: ["enter"],
    apply: damageArgument(
      (name) => ["addr", "len", "new_len", "new_addr"].includes(name),
      (value) =>
        typeof value === "number"
          ? value + 4096
          : `0x${(BigInt(value as string) + 4096n).toString(16)}`,
    ),
  },
  {
    name: "has another number of pages",
    kinds: ["tlb"],
    apply: changed((line) =>
      line["reason"] === "local_mm" || line["reason"] === "send_ipi"
        ? { ...line, pages: (line["pages"] as number) + 2 }
        : null,
    ),
  },
  {
    name: "is missing",
    kinds: ["fault", "inval", "tlb", "age", "text", "snap", "done", "signal", "fini", "notifier"],
    apply: replaced(() => []),
  },
  {
    name: "fails",
    kinds: ["exit"],
    apply: changed((line) => ({ ...line, ret: -22 })),
  },
];
