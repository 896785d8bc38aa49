/** Turns the lines of strace into events; see strace.ts for what it models. */
import { type Call, callByName } from "./calls.js";
import type { RecordedEvent } from "./events.js";
import type { EventBody } from "./imported.js";
import { LossReport } from "./loss_report.js";
import { StraceClock } from "./strace_clock.js";
import { parseCall, parseStraceLine, type StraceLine } from "./strace_line.js";
import { cloneFlags, missingArguments, parseArguments, parseResult } from "./strace_values.js";
import { CLONE_VFORK, CLONE_VM, TaskNumbers } from "./task_numbers.js";
import type { TextLine } from "./text_lines.js";

/** Stands for the first process as long as no line names it. */
const FIRST_PROCESS = 0;

const CLONE_CALLS: ReadonlySet<string> = new Set(["clone", "clone3", "fork", "vfork"]);
/** Calls whose first or second argument says what they do. */
const SELECTORS: ReadonlySet<string> = new Set(["ioctl", "prctl"]);
const EXEC_CALLS: ReadonlySet<string> = new Set(["execve", "execveat"]);

/** A call that has begun. */
interface OpenCall {
  name: string;
  /** The text of its arguments, as far as it is printed. */
  args: string;
  /** Null when it does not concern memory. */
  call: Call | null;
}

/** Where the events of one line are put. */
interface Place extends TextLine {
  t: number;
}

export class StraceImporter {
  readonly report = new LossReport();
  /** Lines that are lines of strace. */
  understood = 0;

  readonly #tasks = new TaskNumbers();
  readonly #clock = new StraceClock();
  /** By thread id, the latest last. */
  readonly #openCalls = new Map<number, OpenCall>();
  /** Thread ids of the tasks that have appeared and not ended. */
  readonly #alive = new Set<number>();
  /** Children that have appeared before the call that made them returned. */
  readonly #early = new Set<number>();
  /** The id of the first process, once a line names it. */
  #firstId: number | null = null;
  /** A thread that executes a program, by the id of its process, which it takes over. */
  readonly #superseding = new Map<number, number>();
  /** The thread whose line strace interrupted with a note; the rest of it comes next. */
  #interrupted: number | null = null;
  #events: RecordedEvent[] = [];
  #hasBegun = false;

  /** The events of one line. */
  importLine(line: TextLine): RecordedEvent[] {
    this.#events = [];
    if (line.text.trim() !== "") this.#importText(line);
    if (this.#events.length > 0) this.#hasBegun = true;
    return this.#events;
  }

  #importText({ line, text }: TextLine): void {
    if (this.#interrupted !== null && !text.startsWith("strace: ")) {
      this.#importRest(this.#interrupted, { line, text });
      return;
    }
    const note = /^(?<start>.+)(?<note>strace: Process \d+ attached)$/.exec(text)?.groups;
    if (note !== undefined) {
      this.#importLineStart(note["start"] ?? "", { line, text });
      this.#importText({ line, text: note["note"] ?? "" });
      return;
    }
    const parsed = parseStraceLine(text);
    if (typeof parsed === "string") this.report.lose(line, text, parsed);
    else this.#importParsed(parsed, { line, text });
  }

  /** A line that a note of strace interrupted: the call begins. */
  #importLineStart(start: string, { line, text }: TextLine): void {
    const parsed = parseStraceLine(`${start} <unfinished ...>`);
    if (typeof parsed === "string") {
      this.report.lose(line, text, parsed);
      return;
    }
    this.#importParsed(parsed, { line, text });
    this.#interrupted = [...this.#openCalls.keys()].at(-1) ?? null;
  }

  /** What follows the note: the rest of the call, or that it is still unfinished. */
  #importRest(threadId: number, { line, text }: TextLine): void {
    this.#interrupted = null;
    if (text.trim() === "<unfinished ...>") return;
    const name = this.#openCalls.get(threadId)?.name ?? "";
    this.#resume(threadId, name, text, { line, text, t: this.#clock.now });
  }

  #importParsed(parsed: StraceLine, { line, text }: TextLine): void {
    this.understood++;
    const { t, isMoved } = this.#clock.at(parsed.time);
    if (isMoved) {
      this.report.lose(line, text, "its time is before that of the line above, which is used");
    }
    const place = { line, text, t };
    if (parsed.kind === "attached") {
      this.#appear(parsed.childId, place);
      return;
    }
    const threadId = this.#threadOf(parsed, place);
    switch (parsed.kind) {
      case "call":
        this.#begin(threadId, parsed.name, parsed.args, place);
        this.#finish(threadId, parsed.result, place);
        return;
      case "unfinished":
        this.#begin(threadId, parsed.name, parsed.args, place);
        return;
      case "resumed":
        this.#resume(threadId, parsed.name, parsed.rest, place);
        return;
      case "exited":
        this.#emit(threadId, { ev: "taskexit" }, place);
        this.#alive.delete(threadId);
        this.#openCalls.delete(threadId);
        return;
      case "superseded":
        this.#superseding.set(threadId, parsed.byThreadId);
        return;
      case "other":
        this.report.ignore(parsed.what);
    }
  }

  #begin(threadId: number, name: string, args: string, { line, text, t }: Place): void {
    const known = callByName(name);
    const call = known?.concernsMm === true ? known : null;
    const { a, unknown } = call === null ? { a: {}, unknown: [] } : parseArguments(call, args);
    // An ioctl or prctl that does not concern memory.
    const isOther = SELECTORS.has(name) && unknown.length > 0;
    const missing = isOther ? [] : missingArguments(call, a);
    const isLeftOut = isOther || missing.length > 0;
    this.#openCalls.delete(threadId);
    this.#openCalls.set(threadId, { name, args, call: isLeftOut ? null : call });
    if (call === null || isOther) {
      this.report.ignore(`call ${name}`);
      return;
    }
    if (unknown.length > 0) {
      this.report.lose(line, text, `not known, and left out: ${unknown.join(", ")}`);
    } else if (missing.length > 0) {
      this.report.lose(line, text, `left out, since it does not show ${missing.join(", ")}`);
    }
    if (missing.length > 0) return;
    // The program begins with its exec; what strace did to get there is no part of it.
    if (this.#hasBegun || !EXEC_CALLS.has(name)) {
      this.#emit(threadId, { ev: "enter", call: name, a }, { line, text, t });
    }
  }

  #resume(resumedId: number, name: string, rest: string, place: Place): void {
    const threadId = this.#superseding.get(resumedId) ?? resumedId;
    const open = this.#openCalls.get(threadId);
    if (open?.name !== name) {
      this.report.lose(place.line, place.text, "resumes a call that did not begin");
      return;
    }
    const parsed = parseCall(name, open.args + rest);
    if (typeof parsed === "string" || parsed.kind !== "call") {
      const reason = typeof parsed === "string" ? parsed : "the call is still unfinished";
      this.report.lose(place.line, place.text, reason);
      return;
    }
    open.args = parsed.args;
    if (threadId !== resumedId) {
      this.#openCalls.delete(threadId);
      this.#openCalls.set(resumedId, open);
    }
    this.#finish(resumedId, parsed.result, place);
  }

  #finish(threadId: number, resultText: string, place: Place): void {
    const { name, args, call } = this.#openCalls.get(threadId)!;
    this.#openCalls.delete(threadId);
    const result = parseResult(resultText);
    if (result === undefined) {
      this.report.lose(place.line, place.text, `the result ${resultText} is not understood`);
    }
    if (result === undefined || result === null || call === null) return;
    if (EXEC_CALLS.has(name)) this.#finishExec(threadId, name, result, place);
    else if (CLONE_CALLS.has(name) && result > 0) {
      if (!this.#early.delete(result)) this.#makeTask(threadId, result, { name, args }, place);
      const ret = this.#tasks.get(result).tid;
      this.#emit(threadId, { ev: "exit", call: name, ret }, place);
    } else this.#emit(threadId, { ev: "exit", call: name, ret: result }, place);
    if (name === "ioctl" && args.includes("KVM_CREATE_VM") && result >= 0) {
      this.#emit(threadId, { ev: "notifier", on: true, forked: false }, place);
    }
  }

  #finishExec(threadId: number, name: string, result: number, place: Place): void {
    const isFirst = !this.#hasBegun;
    if (result === 0) {
      this.#tasks.exec(threadId, this.#superseding.get(threadId));
      this.#superseding.delete(threadId);
      this.#emit(threadId, { ev: "exec" }, place);
    }
    if (!isFirst) this.#emit(threadId, { ev: "exit", call: name, ret: result }, place);
  }

  /** The thread a line is about. */
  #threadOf(parsed: StraceLine, place: Place): number {
    const { threadId } = parsed;
    if (threadId === null) {
      const [only = FIRST_PROCESS] = this.#alive;
      const isOnly = this.#alive.size === 1;
      const id = isOnly ? only : FIRST_PROCESS;
      this.#alive.add(id);
      return id;
    }
    if (threadId === this.#firstId) return FIRST_PROCESS;
    if (this.#alive.has(threadId)) return threadId;
    if (this.#isFirstProcess(parsed)) {
      this.#firstId = threadId;
      return FIRST_PROCESS;
    }
    this.#appear(threadId, place);
    return threadId;
  }

  /** Whether an id that has not been seen is that of the process whose lines had none so far. */
  #isFirstProcess(parsed: StraceLine): boolean {
    if (this.#firstId !== null || !this.#alive.has(FIRST_PROCESS)) return false;
    const open = this.#openCalls.get(FIRST_PROCESS);
    const resumesIt = parsed.kind === "resumed" && parsed.name === open?.name;
    return resumesIt || open === undefined || !CLONE_CALLS.has(open.name);
  }

  /** A task shows itself: the child of the latest call that makes one, or a process by itself. */
  #appear(childId: number, place: Place): void {
    if (this.#alive.has(childId)) return;
    const parents = [...this.#openCalls].filter(([, { name }]) => CLONE_CALLS.has(name));
    const [parentId, open] = parents.at(-1) ?? [];
    if (parentId === undefined || open === undefined) {
      this.#tasks.get(childId);
      this.#alive.add(childId);
      return;
    }
    this.#early.add(childId);
    this.#makeTask(parentId, childId, open, place);
  }

  #makeTask(
    parentId: number,
    childId: number,
    { name, args }: { name: string; args: string },
    place: Place,
  ): void {
    const flags = name === "vfork" ? CLONE_VM | CLONE_VFORK : (cloneFlags(args) ?? 0);
    const child = this.#tasks.clone(this.#tasks.get(parentId), childId, flags);
    this.#alive.add(childId);
    const { tid, mm } = child;
    this.#emit(parentId, { ev: "newtask", child: tid, flags, child_mm: mm }, place);
  }

  #emit(threadId: number, body: EventBody, { line, t }: Place): void {
    this.#alive.add(threadId);
    const task = this.#tasks.get(threadId);
    this.#events.push({ ...body, line, t, ...task, cpu: 0, kthread: null });
  }
}
