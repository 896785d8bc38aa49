/**
 * One line of a recording as an event, with every field checked.
 *
 * Fields that format 1 does not name are ignored; calls that calls.ts does not name are kept.
 */
import { callByName } from "./calls.js";
import type { Context, RecordedEvent } from "./events.js";
import { Fields, isJsonObject } from "./fields.js";
import { parseSnapshot } from "./parse_snapshot.js";
import {
  FAULT_ERROR_BITS,
  FILE_KINDS,
  FOLIO_ORDERS,
  isFlushOf,
  KSM_STEPS,
  MIGRATE_MODES,
  MIGRATE_REASONS,
  SIGNAL_NUMBERS,
  THP_STATUSES,
  THP_STEPS,
  TLB_FLUSH_REASONS,
} from "./vocabulary.js";

const U32 = 2 ** 32;
const SIGNALS = Object.keys(SIGNAL_NUMBERS);
/** How the kernel prints a status that it has no word for. */
const NUMBER = /^(?:0x[0-9a-f]+|\d+)$/;

/** Turns the fields of a line, whose context is already read, into the event of one kind. */
type EventParser = (fields: Fields, context: Context) => RecordedEvent;

const PARSERS: { [Kind in RecordedEvent["ev"]]: EventParser } = {
  exec: (_, c) => ({ ev: "exec", ...c }),
  notifier: (f, c) => ({ ev: "notifier", ...c, on: f.boolean("on"), forked: f.boolean("forked") }),
  fini: (f, c) => ({ ev: "fini", ...c, notifier_still_on: f.boolean("notifier_still_on") }),
  newtask: (f, c) => ({
    ev: "newtask",
    ...c,
    child: f.integer("child", 1, U32),
    flags: f.register("flags"),
    child_mm: f.integer("child_mm", 1, U32),
  }),
  taskexit: (_, c) => ({ ev: "taskexit", ...c }),
  enter: (f, c) => ({ ev: "enter", ...c, call: f.text("call"), a: parseArguments(f) }),
  exit: (f, c) => ({ ev: "exit", ...c, call: f.text("call"), ret: parseResult(f) }),
  fault: (f, c) => ({
    ev: "fault",
    ...c,
    addr: f.address("addr"),
    err: parseFaultError(f),
    k: f.integer("k", 0, 2),
  }),
  inval: (f, c) => ({ ev: "inval", ...c, ...f.range() }),
  age: (f, c) => ({ ev: "age", ...c, ...f.range() }),
  test_age: (f, c) => ({ ev: "test_age", ...c, addr: f.pageAddress("addr") }),
  tlb: parseFlush,
  mig_set: (f, c) => ({
    ev: "mig_set",
    ...c,
    addr: f.pageAddress("addr"),
    order: f.integer("order", 0, FOLIO_ORDERS),
  }),
  mig_clear: (f, c) => ({
    ev: "mig_clear",
    ...c,
    addr: f.pageAddress("addr"),
    order: f.integer("order", 0, FOLIO_ORDERS),
  }),
  migrate: (f, c) => ({
    ev: "migrate",
    ...c,
    ok: f.integer("ok", 0),
    failed: f.integer("failed", 0),
    mode: f.word("mode", MIGRATE_MODES),
    reason: f.word("reason", MIGRATE_REASONS),
  }),
  thp: (f, c) => ({
    ev: "thp",
    ...c,
    what: f.word("what", THP_STEPS),
    status: NUMBER.test(f.text("status")) ? f.text("status") : f.word("status", THP_STATUSES),
  }),
  ksm: (f, c) => ({
    ev: "ksm",
    ...c,
    what: f.word("what", KSM_STEPS),
    err: f.numberOrError("err"),
  }),
  begin: (_, c) => ({ ev: "begin", ...c }),
  end: (_, c) => ({ ev: "end", ...c }),
  op: parseOp,
  done: (_, c) => ({ ev: "done", ...c }),
  signal: (f, c) => ({ ev: "signal", ...c, addr: f.address("addr"), sig: f.word("sig", SIGNALS) }),
  file: parseFile,
  text: (f, c) => ({ ev: "text", ...c, text: f.text("text") }),
  window: (f, c) => ({ ev: "window", ...c, ...f.range() }),
  snap: parseSnapshot,
};

/** Every kind of event between header and trailer. */
export const EVENT_KINDS = Object.keys(PARSERS) as RecordedEvent["ev"][];

/** The object on a line, with its kind; refuses what is not an object with `ev`. */
export function parseLine(
  text: string,
  file: string,
  line: number,
): { ev: string; fields: Fields } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (!isJsonObject(value)) {
    return new Fields({}, "the line", file, line).fail(
      `the line is not a JSON object: ${JSON.stringify(text.slice(0, 60))}`,
    );
  }
  const ev = new Fields(value, "the line", file, line).text("ev");
  return { ev, fields: new Fields(value, `the ${ev}`, file, line) };
}

/** The event of a parsed line. */
export function parseEvent(ev: string, fields: Fields): RecordedEvent {
  if (!Object.hasOwn(PARSERS, ev)) {
    fields.fail(
      `"${ev}" is not an event of recording format 1`,
      `Known events: ${EVENT_KINDS.join(", ")}`,
    );
  }
  const parse = PARSERS[ev as RecordedEvent["ev"]];
  return parse(fields, parseContext(ev, fields));
}

/** Events that only a task of the program can cause, never a kernel thread. */
const TASK_ONLY: ReadonlySet<string> = new Set<RecordedEvent["ev"]>([
  "enter",
  "exit",
  "exec",
  "op",
]);

function parseContext(ev: string, fields: Fields): Context {
  const t = fields.integer("t", 0);
  const cpu = fields.integer("cpu", 0, 2 ** 16);
  const { line } = fields;
  if (fields.has("kthread") && !TASK_ONLY.has(ev)) {
    for (const name of ["p", "tid", "mm"]) {
      if (fields.has(name)) fields.fail(`the ${ev} has both "kthread" and "${name}"`);
    }
    return { line, t, p: 0, tid: 0, mm: 0, cpu, kthread: fields.text("kthread") };
  }
  const p = fields.integer("p", 1, U32);
  const tid = fields.integer("tid", 1, U32);
  const mm = fields.integer("mm", 1, U32);
  return { line, t, p, tid, mm, cpu, kthread: null };
}

/** The arguments of an enter: those that calls.ts requires, as addresses where it says so. */
function parseArguments(fields: Fields): Record<string, number> {
  const name = fields.text("call");
  const call = callByName(name);
  const args = fields.nested("a", `the enter of ${name}`);
  for (const arg of call?.requiredArgs ?? []) args.require(arg);
  return Object.fromEntries(
    Object.keys(args.object).map((arg) => [
      arg,
      call?.addressArgs.has(arg) === true ? args.address(arg) : args.register(arg),
    ]),
  );
}

function parseResult(fields: Fields): number {
  const call = callByName(fields.text("call"));
  if (call === undefined) return fields.register("ret");
  return call.returnsAddress ? fields.addressOrError("ret") : fields.numberOrError("ret");
}

function parseFaultError(fields: Fields): number {
  const err = fields.integer("err", 0, U32);
  if ((err & ~FAULT_ERROR_BITS) !== 0) {
    fields.fail(`the field "err" of the fault is ${err}, which is no x86 error code`);
  }
  return err;
}

function parseFlush(f: Fields, c: Context): RecordedEvent {
  const reason = f.word("reason", TLB_FLUSH_REASONS);
  const pages = f.integer("pages", -1);
  if (!isFlushOf(reason, pages)) {
    f.fail(`the field "pages" of the tlb is ${pages}, which a flush for ${reason} cannot have`);
  }
  return { ev: "tlb", ...c, reason, pages };
}

function parseFile(f: Fields, c: Context): RecordedEvent {
  const fd = f.integer("fd", 0);
  const kind = f.word("kind", FILE_KINDS);
  const len = f.integer("len", 0);
  const filled = f.integer("filled", 0);
  if (filled > len) f.fail(`"filled" of the file, ${filled}, is above its "len", ${len}`);
  return { ev: "file", ...c, fd, kind, len, filled };
}

function parseOp(f: Fields, c: Context): RecordedEvent {
  const op = f.word("op", ["read", "write", "exec"]);
  const addr = f.address("addr");
  const n = op === "exec" && !f.has("n") ? 1 : f.integer("n", 0);
  const step = op === "exec" && !f.has("step") ? 0 : f.integer("step");
  const byte = op === "write" ? f.integer("byte", 0, 256) : null;
  return { ev: "op", ...c, op, addr, n, step, byte };
}
