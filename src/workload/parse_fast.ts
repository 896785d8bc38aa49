/**
 * The fast path of the reader: the five most frequent events, straight from the bytes of a line
 * that is written exactly as the recorder writes it. Any other line answers null and is read by
 * parse_event.ts, which alone decides what is valid; tests hold the two paths together.
 */
import { CALLS, type Call } from "./calls.js";
import type { RecordedEvent, TlbFlushReason } from "./events.js";
import { ascii, type LineScanner, NameTable } from "./line_scanner.js";
import { TLB_FLUSH_REASONS } from "./vocabulary.js";

const T = ascii('{"t":');
const P = ascii(',"p":');
const TID = ascii(',"tid":');
const MM = ascii(',"mm":');
const CPU = ascii(',"cpu":');
const FAULT = ascii(',"ev":"fault","addr":"0x');
const ERR = ascii('","err":');
const K = ascii(',"k":');
const TLB = ascii(',"ev":"tlb","reason":"');
const PAGES = ascii(',"pages":');
const INVAL = ascii(',"ev":"inval","start":"0x');
const END = ascii('","end":"0x');
const ENTER = ascii(',"ev":"enter","call":"');
const ARGS = ascii(',"a":{');
const EXIT = ascii(',"ev":"exit","call":"');
const RET = ascii(',"ret":');
const HEX = ascii('"0x');
const CLOSE_QUOTED = ascii('"}');
const CLOSE = ascii("}");
const CLOSE_TWICE = ascii("}}");
const QUOTE = 34;

interface CallPattern {
  call: Call;
  /** Each argument's name, and its key where it is the first one of the object and where not. */
  keys: { name: string; first: Uint8Array; further: Uint8Array }[];
}

const CALL_PATTERNS = new NameTable<CallPattern>(
  CALLS.map((call) => [
    call.name,
    {
      call,
      keys: call.args.map((name) => ({
        name,
        first: ascii(`"${name}":`),
        further: ascii(`,"${name}":`),
      })),
    },
  ]),
);

const REASONS = new NameTable<TlbFlushReason>(TLB_FLUSH_REASONS.map((name) => [name, name]));

/** The event on the line that ends at `end` and begins at the scanner's position, or null. */
export function parseFast(scanner: LineScanner, end: number, line: number): RecordedEvent | null {
  if (!scanner.skip(T)) return null;
  const t = scanner.natural();
  if (!scanner.skip(P)) return null;
  const p = scanner.natural();
  if (!scanner.skip(TID)) return null;
  const tid = scanner.natural();
  if (!scanner.skip(MM)) return null;
  const mm = scanner.natural();
  if (!scanner.skip(CPU)) return null;
  const cpu = scanner.natural();
  // Written so that NaN fails too.
  if (!(p > 0 && tid > 0 && mm > 0 && p < 2 ** 32 && tid < 2 ** 32 && mm < 2 ** 32)) return null;
  if (!(t >= 0 && cpu < 2 ** 16)) return null;
  const event = parseRest(scanner, { line, t, p, tid, mm, cpu, kthread: null });
  return event !== null && scanner.position === end ? event : null;
}

interface TaskContext {
  line: number;
  t: number;
  p: number;
  tid: number;
  mm: number;
  cpu: number;
  kthread: null;
}

function parseRest(scanner: LineScanner, context: TaskContext): RecordedEvent | null {
  // `,"ev":"` is seven bytes long; the letter after it tells most events apart.
  switch (scanner.bytes[scanner.position + 7]) {
    case 102: // f
      return parseFault(scanner, context);
    case 116: // t
      return parseTlb(scanner, context);
    case 105: // i
      return parseInval(scanner, context);
    case 101: // e
      return parseEnter(scanner, context) ?? parseExit(scanner, context);
    default:
      return null;
  }
}

function parseFault(scanner: LineScanner, context: TaskContext): RecordedEvent | null {
  if (!scanner.skip(FAULT)) return null;
  const addr = scanner.hexDigits();
  if (!scanner.skip(ERR)) return null;
  const err = scanner.natural();
  if (!scanner.skip(K)) return null;
  const k = scanner.natural();
  if (!scanner.skip(CLOSE) || !(addr >= 0 && err < 2 ** 32 && k <= 1)) return null;
  const { line, t, p, tid, mm, cpu, kthread } = context;
  return { ev: "fault", line, t, p, tid, mm, cpu, kthread, addr, err, k };
}

function parseTlb(scanner: LineScanner, context: TaskContext): RecordedEvent | null {
  if (!scanner.skip(TLB)) return null;
  const reason = REASONS.read(scanner);
  if (reason === undefined || !scanner.skip(PAGES)) return null;
  const pages = scanner.integer();
  if (!scanner.skip(CLOSE) || !(pages >= -1)) return null;
  const { line, t, p, tid, mm, cpu, kthread } = context;
  return { ev: "tlb", line, t, p, tid, mm, cpu, kthread, reason, pages };
}

function parseInval(scanner: LineScanner, context: TaskContext): RecordedEvent | null {
  if (!scanner.skip(INVAL)) return null;
  const start = scanner.hexDigits();
  if (!scanner.skip(END)) return null;
  const end = scanner.hexDigits();
  if (!scanner.skip(CLOSE_QUOTED) || !(start < end)) return null;
  const { line, t, p, tid, mm, cpu, kthread } = context;
  return { ev: "inval", line, t, p, tid, mm, cpu, kthread, start, end };
}

function parseEnter(scanner: LineScanner, context: TaskContext): RecordedEvent | null {
  if (!scanner.skip(ENTER)) return null;
  const pattern = CALL_PATTERNS.read(scanner);
  if (pattern === undefined || !scanner.skip(ARGS)) return null;
  const a: Record<string, number> = {};
  let isFirst = true;
  for (const { name, first, further } of pattern.keys) {
    // An argument that was not recorded is passed over.
    if (!scanner.skip(isFirst ? first : further)) continue;
    const value = parseValue(scanner);
    if (Number.isNaN(value)) return null;
    a[name] = value;
    isFirst = false;
  }
  if (!scanner.skip(CLOSE_TWICE)) return null;
  const { line, t, p, tid, mm, cpu, kthread } = context;
  return { ev: "enter", line, t, p, tid, mm, cpu, kthread, call: pattern.call.name, a };
}

function parseExit(scanner: LineScanner, context: TaskContext): RecordedEvent | null {
  if (!scanner.skip(EXIT)) return null;
  const pattern = CALL_PATTERNS.read(scanner);
  if (pattern === undefined || !scanner.skip(RET)) return null;
  const ret = parseValue(scanner);
  if (!scanner.skip(CLOSE) || Number.isNaN(ret)) return null;
  const { line, t, p, tid, mm, cpu, kthread } = context;
  return { ev: "exit", line, t, p, tid, mm, cpu, kthread, call: pattern.call.name, ret };
}

/** A decimal number, or a hexadecimal one in quotes. */
function parseValue(scanner: LineScanner): number {
  if (!scanner.skip(HEX)) return scanner.integer();
  const value = scanner.hexDigits();
  if (scanner.bytes[scanner.position] !== QUOTE) return NaN;
  scanner.position++;
  return value;
}
