/**
 * One line of a recording as an event, with every field checked.
 *
 * Fields that format 1 does not name are ignored; calls that calls.ts does not name are kept.
 */
import {
  type Context,
  PAGE_FLAGS,
  type RecordedEvent,
  type SnapPages,
  type SnapVma,
} from "./events.js";
import { Fields, isJsonObject } from "./fields.js";
import { TLB_FLUSH_REASONS } from "./vocabulary.js";

const PERMISSIONS = /^[r-][w-][x-][ps]$/;
const PAGE_RUN_FLAGS = new RegExp(`^[${PAGE_FLAGS}]+$`);
const U32 = 2 ** 32;

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
  exit: (f, c) => ({ ev: "exit", ...c, call: f.text("call"), ret: f.register("ret") }),
  fault: (f, c) => ({
    ev: "fault",
    ...c,
    addr: f.address("addr"),
    err: f.integer("err", 0, U32),
    k: f.integer("k", 0, 2),
  }),
  inval: (f, c) => ({ ev: "inval", ...c, ...f.range() }),
  age: (f, c) => ({ ev: "age", ...c, ...f.range() }),
  test_age: (f, c) => ({ ev: "test_age", ...c, addr: f.address("addr") }),
  tlb: (f, c) => ({
    ev: "tlb",
    ...c,
    reason: f.word("reason", TLB_FLUSH_REASONS),
    pages: f.integer("pages", -1),
  }),
  mig_set: (f, c) => ({
    ev: "mig_set",
    ...c,
    addr: f.address("addr"),
    order: f.integer("order", 0, 64),
  }),
  mig_clear: (f, c) => ({
    ev: "mig_clear",
    ...c,
    addr: f.address("addr"),
    order: f.integer("order", 0, 64),
  }),
  migrate: (f, c) => ({
    ev: "migrate",
    ...c,
    ok: f.integer("ok", 0),
    failed: f.integer("failed", 0),
    mode: f.text("mode"),
    reason: f.text("reason"),
  }),
  thp: (f, c) => ({ ev: "thp", ...c, what: f.text("what"), status: f.text("status") }),
  ksm: (f, c) => ({ ev: "ksm", ...c, what: f.text("what"), err: f.integer("err") }),
  begin: (_, c) => ({ ev: "begin", ...c }),
  end: (_, c) => ({ ev: "end", ...c }),
  op: parseOp,
  done: (_, c) => ({ ev: "done", ...c }),
  signal: (f, c) => ({ ev: "signal", ...c, addr: f.address("addr"), sig: f.text("sig") }),
  file: (f, c) => ({
    ev: "file",
    ...c,
    fd: f.integer("fd", 0),
    kind: f.text("kind"),
    len: f.integer("len", 0),
    filled: f.integer("filled", 0),
  }),
  text: (f, c) => ({ ev: "text", ...c, text: f.text("text") }),
  window: (f, c) => ({ ev: "window", ...c, ...f.range() }),
  snap: (f, c) => ({
    ev: "snap",
    ...c,
    vmas: f.nestedArray("vmas", "a vma of the snapshot").map(parseVma),
    pages: f.array("pages").map((run) => parsePageRun(f, run)),
  }),
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
    return { line, t, p: 0, tid: 0, mm: 0, cpu, kthread: fields.text("kthread") };
  }
  const p = fields.integer("p", 1, U32);
  const tid = fields.integer("tid", 1, U32);
  const mm = fields.integer("mm", 1, U32);
  return { line, t, p, tid, mm, cpu, kthread: null };
}

function parseArguments(fields: Fields): Record<string, number> {
  const args = fields.nested("a");
  return Object.fromEntries(Object.keys(args.object).map((name) => [name, args.register(name)]));
}

function parseOp(f: Fields, c: Context): RecordedEvent {
  const op = f.word("op", ["read", "write", "exec"]);
  const addr = f.address("addr");
  const n = op === "exec" && !f.has("n") ? 1 : f.integer("n", 0);
  const step = op === "exec" && !f.has("step") ? 0 : f.integer("step");
  const byte = op === "write" ? f.integer("byte", 0, 256) : null;
  return { ev: "op", ...c, op, addr, n, step, byte };
}

function parseVma(vma: Fields): SnapVma {
  const { start, end } = vma.range();
  const perm = vma.text("perm");
  if (!PERMISSIONS.test(perm)) vma.fail(`the permissions "${perm}" are not like "rw-p"`);
  const hasFile = vma.has("file");
  return {
    start,
    end,
    perm,
    file: hasFile ? vma.integer("file", 1, U32) : null,
    off: hasFile || vma.has("off") ? vma.integer("off", 0) : 0,
    name: vma.has("name") ? vma.text("name") : null,
  };
}

function parsePageRun(snap: Fields, run: unknown): SnapPages {
  if (!Array.isArray(run) || run.length < 3 || run.length > 4) {
    return snap.fail("a page run of the snapshot is not [start, count, flags] or with a frame");
  }
  const [start, count, flags, frame] = run as unknown[];
  const { file, line } = snap;
  const fields = new Fields({ start, count, flags, frame }, "a page run", file, line);
  const letters = fields.text("flags");
  if (!PAGE_RUN_FLAGS.test(letters)) {
    fields.fail(`the page flags "${letters}" are not letters of ${PAGE_FLAGS}`);
  }
  return {
    start: fields.address("start"),
    count: fields.integer("count", 1),
    flags: letters,
    frame: run.length === 4 ? fields.integer("frame", 0) : null,
  };
}
