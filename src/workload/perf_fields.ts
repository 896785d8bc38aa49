/**
 * The fields of tracepoints as perf prints them.
 *
 * Source: the `print fmt` of each event in /sys/kernel/tracing/events of linux 6.18.
 */
import { type Call, callByName, callByNumber } from "./calls.js";
import { ADDRESS_MAX, type TlbFlushReason } from "./events.js";
import { isFlushOf, TLB_FLUSH_REASONS } from "./vocabulary.js";

/** Arguments that are C ints, which perf prints as unsigned 32-bit numbers. */
const INT_ARGS: ReadonlySet<string> = new Set([
  "fd",
  "pidfd",
  "dfd",
  "in_fd",
  "out_fd",
  "fd_in",
  "fd_out",
  "pid",
  "status",
]);

const PAGE = 4096;
const U64_MAX = 0xffff_ffff_ffff_ffffn;
const ERRNO_MAX = 4095n;

/** The value of `name=` or `name:` as text up to the next space or comma. */
export function fieldText(fields: string, name: string): string | null {
  const match = new RegExp(`(?:^|[\\s,])${name}[=:]\\s*([^\\s,]+)`).exec(fields);
  return match?.[1] ?? null;
}

/** A decimal field. */
export function decimalField(fields: string, name: string): number | null {
  const text = fieldText(fields, name);
  return text !== null && /^-?\d+$/.test(text) ? Number(text) : null;
}

/** A hexadecimal field, with or without 0x. */
export function hexadecimalField(fields: string, name: string): number | null {
  const text = fieldText(fields, name);
  return text === null ? null : hexadecimal(text);
}

/** A hexadecimal text, with or without 0x, as an address; null when it is a symbol. */
export function hexadecimal(text: string): number | null {
  const digits = /^(?:0x)?([0-9a-f]{1,16})$/.exec(text)?.[1];
  if (digits === undefined) return null;
  return addressOf(BigInt(`0x${digits}`));
}

/** `pages:1 reason:local MM shootdown (3)` */
export function parseTlbFlush(fields: string): { reason: TlbFlushReason; pages: number } | null {
  const match = /^pages:(-?\d+) reason:.*\((\d+)\)\s*$/.exec(fields);
  const reason = TLB_FLUSH_REASONS[Number(match?.[2])];
  if (match === null || reason === undefined) return null;
  const pages = Number(match[1]);
  return isFlushOf(reason, pages) ? { reason, pages } : null;
}

/** `mmu notifier unmap range: 0x... -- 0x...` */
export function parseHvaRange(fields: string): { start: number; end: number } | null {
  const match = /:\s*(\w+) -- (\w+)\s*$/.exec(fields);
  const start = hexadecimal(match?.[1] ?? "");
  const end = hexadecimal(match?.[2] ?? "");
  if (start === null || end === null || start >= end) return null;
  return isPageAddress(start) && isPageAddress(end) ? { start, end } : null;
}

/** `mmu notifier test age hva: 0x...` */
export function parseHvaAddress(fields: string): number | null {
  const address = hexadecimal(/hva: (\w+)\s*$/.exec(fields)?.[1] ?? "");
  return address !== null && isPageAddress(address) ? address : null;
}

/** Whether a page begins there. */
export function isPageAddress(address: number): boolean {
  return address % PAGE === 0;
}

/** A field that is one of a closed set of words. */
export function wordField(fields: string, name: string, words: readonly string[]): string | null {
  return words.find((word) => word === fieldText(fields, name)) ?? null;
}

/** A call with its arguments or its result. */
export interface CallFields {
  name: string;
  /** Null when the table of calls does not have it. */
  call: Call | null;
  values: readonly bigint[];
}

/** Arguments of `syscalls:sys_enter_*`, which are in register order whatever their names. */
export function parseEnterFields(name: string, fields: string): CallFields | null {
  const values = fields === "" ? [] : fields.split(", ").map(registerOf);
  if (!values.every((value) => value !== null)) return null;
  return { name, call: callByName(name) ?? null, values };
}

/** The result of `syscalls:sys_exit_*`. */
export function parseExitFields(name: string, fields: string): CallFields | null {
  const value = /^(?:0x[0-9a-f]+|-?\d+)$/.test(fields) ? toRegister(fields) : null;
  return value === null ? null : { name, call: callByName(name) ?? null, values: [value] };
}

/** `raw_syscalls:sys_enter`: `NR 9 (0, 2000, 3, 22, ffffffff, 0)` */
export function parseRawEnter(fields: string): CallFields | null {
  const match = /^NR (-?\d+) \(([0-9a-f, ]*)\)\s*$/.exec(fields);
  if (match === null) return null;
  const call = callByNumber(Number(match[1])) ?? null;
  const values = (match[2] ?? "").split(", ").map((digits) => BigInt(`0x${digits}`));
  return { name: call?.name ?? `number ${match[1] ?? ""}`, call, values };
}

/** `raw_syscalls:sys_exit`: `NR 9 = 140060111314944` */
export function parseRawExit(fields: string): CallFields | null {
  const match = /^NR (-?\d+) = (-?\d+)\s*$/.exec(fields);
  if (match === null) return null;
  const call = callByNumber(Number(match[1])) ?? null;
  return {
    name: call?.name ?? `number ${match[1] ?? ""}`,
    call,
    values: [BigInt(match[2] ?? "0")],
  };
}

/** Arguments by the names of the table. */
export function namedArguments({ call, values }: CallFields): Record<string, number> {
  const names = call?.args ?? [];
  return Object.fromEntries(
    names.flatMap((name, i) => {
      const value = values[i];
      return value === undefined ? [] : [[name, argumentOf(call, name, value)]];
    }),
  );
}

/** A result: negative values are errnos, anything else is unsigned. */
export function resultOf(value: bigint): number {
  const register = BigInt.asUintN(64, value);
  return register > U64_MAX - ERRNO_MAX ? Number(register - U64_MAX - 1n) : Number(register);
}

function argumentOf(call: Call | null, name: string, value: bigint): number {
  if (call?.addressArgs.has(name) === true) return addressOf(value);
  return Number(INT_ARGS.has(name) ? BigInt.asIntN(32, value) : BigInt.asIntN(64, value));
}

function addressOf(value: bigint): number {
  if (value === U64_MAX) return ADDRESS_MAX;
  return Number(value < 2n ** 53n ? value : value & ~2047n);
}

/** `name: 0x0000` */
function registerOf(field: string): bigint | null {
  const text = /^\w+: (0x[0-9a-f]+)$/.exec(field.trim())?.[1];
  return text === undefined ? null : BigInt(text);
}

function toRegister(text: string): bigint {
  return BigInt.asUintN(64, BigInt(text));
}
