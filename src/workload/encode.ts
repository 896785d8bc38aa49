/**
 * Encodes events as the records that the core reads in batches.
 *
 * The layout of a record is in record_layout.ts, the meaning of its arguments in abi/recording;
 * calls have their x86-64 numbers (calls.ts).
 */
import { AccessKind, Kthread, RecordKind, VmaBits } from "../abi/recording.generated.js";
import { callByName, UNKNOWN_CALL } from "./calls.js";
import {
  ADDRESS_MAX,
  type Context,
  PAGE_FLAGS,
  type RecordedEvent,
  type RecordingHeader,
  type SnapEvent,
  type TextEvent,
} from "./events.js";
import {
  ARGS_MAX,
  OFFSET_ARGS,
  OFFSET_CALL,
  OFFSET_CPU,
  OFFSET_KIND,
  OFFSET_KTHREAD,
  OFFSET_LINE,
  OFFSET_MM,
  OFFSET_P,
  OFFSET_PRESENT,
  OFFSET_T,
  OFFSET_TID,
  RECORD_BYTES,
} from "./record_layout.js";
import {
  FILE_KINDS,
  KSM_STEPS,
  KTHREAD_PREFIXES,
  MIGRATE_MODES,
  MIGRATE_REASONS,
  SIGNAL_NUMBERS,
  THP_STEPS,
  TLB_FLUSH_REASONS,
  VMA_NAMES,
  wordNumber,
} from "./vocabulary.js";

const U32_MAX = 2 ** 32 - 1;

const ACCESS_KINDS = { read: AccessKind.Read, write: AccessKind.Write, exec: AccessKind.Exec };

type Argument = number | null | undefined;

/** The events whose record follows from the event alone. */
type SingleEvent = Exclude<RecordedEvent, SnapEvent | TextEvent>;

/** The kind of an event's record, and its arguments. */
const ENCODINGS: {
  [Ev in SingleEvent["ev"]]: readonly [
    kind: RecordKind,
    args: (event: Extract<SingleEvent, { ev: Ev }>) => Argument[],
  ];
} = {
  exec: [RecordKind.Exec, () => []],
  notifier: [RecordKind.Notifier, (e) => [Number(e.on), Number(e.forked)]],
  fini: [RecordKind.Fini, (e) => [Number(e.notifier_still_on)]],
  newtask: [RecordKind.Newtask, (e) => [e.child, e.flags, e.child_mm]],
  taskexit: [RecordKind.Taskexit, () => []],
  enter: [RecordKind.Enter, (e) => (callByName(e.call)?.args ?? []).map((name) => e.a[name])],
  exit: [RecordKind.Exit, (e) => [e.ret]],
  fault: [RecordKind.Fault, (e) => [e.addr, e.err, e.k]],
  inval: [RecordKind.Inval, (e) => [e.start, e.end]],
  age: [RecordKind.Age, (e) => [e.start, e.end]],
  test_age: [RecordKind.TestAge, (e) => [e.addr]],
  tlb: [RecordKind.Tlb, (e) => [TLB_FLUSH_REASONS.indexOf(e.reason), e.pages]],
  mig_set: [RecordKind.MigSet, (e) => [e.addr, e.order]],
  mig_clear: [RecordKind.MigClear, (e) => [e.addr, e.order]],
  migrate: [
    RecordKind.Migrate,
    (e) => [
      e.ok,
      e.failed,
      wordNumber(MIGRATE_MODES, e.mode),
      wordNumber(MIGRATE_REASONS, e.reason),
    ],
  ],
  thp: [RecordKind.Thp, (e) => [wordNumber(THP_STEPS, e.what), Number(e.status === "succeeded")]],
  ksm: [RecordKind.Ksm, (e) => [wordNumber(KSM_STEPS, e.what), e.err]],
  begin: [RecordKind.Begin, () => []],
  end: [RecordKind.End, () => []],
  op: [RecordKind.Op, (e) => [ACCESS_KINDS[e.op], e.addr, e.n, e.step, e.byte]],
  done: [RecordKind.Done, () => []],
  signal: [RecordKind.Signal, (e) => [e.addr, SIGNAL_NUMBERS[e.sig] ?? 0]],
  file: [RecordKind.File, (e) => [e.fd, wordNumber(FILE_KINDS, e.kind), e.len, e.filled]],
  window: [RecordKind.Window, (e) => [e.start, e.end]],
};

/** Collects the records of events until they are taken. */
export class EventEncoder {
  /** The texts that Text records name by index. */
  readonly texts: string[] = [];

  #records = 0;
  #bytes: Uint8Array<ArrayBuffer>;
  #view: DataView;

  constructor(capacity = 4096) {
    this.#bytes = new Uint8Array(capacity * RECORD_BYTES);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** Number of records that `take` would give. */
  get records(): number {
    return this.#records;
  }

  /** The records since the last `take`; the bytes are valid until the next `add`. */
  take(): Uint8Array<ArrayBuffer> {
    const taken = this.#bytes.subarray(0, this.#records * RECORD_BYTES);
    this.#records = 0;
    return taken;
  }

  /** Adds what the core must know of the header: its window. */
  addHeader(header: RecordingHeader): void {
    if (header.window === null) return;
    const context = { line: 1, t: 0, p: 0, tid: 0, mm: 0, cpu: 0, kthread: null };
    const [start, end] = header.window;
    this.#put(RecordKind.Window, context, [start, end]);
  }

  /** Adds the record of an event, or the records of a snapshot. */
  add(event: RecordedEvent): void {
    if (event.ev === "snap") this.#putSnapshot(event);
    else if (event.ev === "text")
      this.#put(RecordKind.Text, event, [this.texts.push(event.text) - 1]);
    else this.#putSingle(event.ev, event);
  }

  /** Adds records that are encoded already. */
  addRecords(records: Uint8Array): void {
    const base = this.#records * RECORD_BYTES;
    this.#makeRoom(base + records.length);
    this.#bytes.set(records, base);
    this.#records += records.length / RECORD_BYTES;
  }

  /** Adds what a text means, as the replay's core understands it: an action and its arguments. */
  addAction(event: TextEvent, action: readonly number[]): void {
    this.#put(RecordKind.Action, event, action);
  }

  #putSingle<Ev extends SingleEvent["ev"]>(
    ev: Ev,
    event: Extract<SingleEvent, { ev: Ev }> & Context & { call?: string },
  ): void {
    const [kind, args] = ENCODINGS[ev];
    const call = event.call === undefined ? 0 : (callByName(event.call)?.number ?? UNKNOWN_CALL);
    this.#put(kind, event, args(event), call);
  }

  #putSnapshot(e: SnapEvent): void {
    this.#put(RecordKind.SnapBegin, e, [e.vmas.length, e.pages.length]);
    for (const { start, end, perm, file, off, name } of e.vmas) {
      const nameNumber = name === null ? null : wordNumber(VMA_NAMES, name);
      this.#put(RecordKind.SnapVma, e, [start, end, vmaBits(perm), file, off, nameNumber]);
    }
    for (const { start, count, flags, frame } of e.pages) {
      this.#put(RecordKind.SnapPages, e, [start, count, pageBits(flags), frame]);
    }
    this.#put(RecordKind.SnapEnd, e, []);
  }

  /** Writes one record; an argument that is absent is 0 and not marked present. */
  #put(
    kind: RecordKind,
    { line, t, p, tid, mm, cpu, kthread }: Context,
    args: readonly Argument[],
    call = 0,
  ): void {
    const base = this.#reserve();
    const view = this.#view;
    view.setUint16(base + OFFSET_KIND, kind, true);
    view.setUint16(base + OFFSET_CALL, call, true);
    view.setUint32(base + OFFSET_LINE, Math.min(line, U32_MAX), true);
    view.setUint32(base + OFFSET_TID, tid, true);
    view.setUint32(base + OFFSET_P, p, true);
    view.setUint32(base + OFFSET_MM, mm, true);
    view.setUint16(base + OFFSET_CPU, cpu, true);
    view.setUint8(base + OFFSET_KTHREAD, kthreadNumber(kthread));
    setU64(view, base + OFFSET_T, t);
    let present = 0;
    for (let i = 0; i < ARGS_MAX; i++) {
      const arg = args[i] ?? null;
      if (arg !== null) present |= 1 << i;
      setU64(view, base + OFFSET_ARGS + 8 * i, arg ?? 0);
    }
    view.setUint8(base + OFFSET_PRESENT, present);
  }

  /** Makes room for one more record and gives its offset. */
  #reserve(): number {
    const base = this.#records * RECORD_BYTES;
    this.#makeRoom(base + RECORD_BYTES);
    this.#records++;
    return base;
  }

  #makeRoom(bytes: number): void {
    if (bytes <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(2 * this.#bytes.length, bytes));
    grown.set(this.#bytes);
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}

/** Writes an integer in [-2^63, 2^64]; 2^64 is `ADDRESS_MAX` and becomes 2^64-1. */
function setU64(view: DataView, offset: number, value: number): void {
  const isMax = value === ADDRESS_MAX;
  // setUint32 keeps a value modulo 2^32, which is two's complement for a negative one.
  view.setUint32(offset, isMax ? U32_MAX : value, true);
  view.setUint32(offset + 4, isMax ? U32_MAX : Math.floor(value / 2 ** 32), true);
}

function kthreadNumber(name: string | null): number {
  if (name === null) return Kthread.None;
  const index = KTHREAD_PREFIXES.findIndex((prefix) => name.startsWith(prefix));
  return index < 0 ? Kthread.Other : index + 1;
}

function vmaBits(perm: string): number {
  return (
    (perm.startsWith("r") ? VmaBits.Read : 0) |
    (perm[1] === "w" ? VmaBits.Write : 0) |
    (perm[2] === "x" ? VmaBits.Exec : 0) |
    (perm[3] === "s" ? VmaBits.Shared : 0)
  );
}

function pageBits(flags: string): number {
  let bits = 0;
  for (const letter of flags) bits |= 1 << PAGE_FLAGS.indexOf(letter);
  return bits;
}
