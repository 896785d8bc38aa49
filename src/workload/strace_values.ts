/** The values that strace prints: numbers, flags by name, results with their errors. */
import { type Call } from "./calls.js";
import { parseHexadecimal } from "./fields.js";
import { splitArguments } from "./strace_line.js";
import { errorNumber, symbolNumber } from "./strace_symbols.js";

/**
 * Names that strace gives to arguments of clone, which it prints in another order than the
 * kernel's.
 */
const NAMED: Record<string, string> = {
  child_stack: "stack",
  stack: "stack",
  flags: "flags",
  parent_tid: "parent_tid",
  parent_tidptr: "parent_tid",
  child_tid: "child_tid",
  child_tidptr: "child_tid",
  tls: "tls",
};

/** MREMAP_FIXED and MREMAP_DONTUNMAP (linux include/uapi/linux/mman.h). */
const MREMAP_TO_ADDRESS = 2 | 4;

/** Arguments by the names of the table of calls, and the flags in them that are not known. */
export interface StraceArguments {
  a: Record<string, number>;
  unknown: string[];
}

/**
 * Reads the arguments of a call. Where strace prints what a pointer points to (a text, a structure,
 * an array), the address is not known and the argument is left out.
 */
export function parseArguments(call: Call, args: string): StraceArguments {
  const a: Record<string, number> = {};
  const unknown: string[] = [];
  splitArguments(args).forEach((text, i) => {
    const named = /^([a-z_]+)=(.*)$/.exec(text);
    const name = named === null ? call.args[i] : NAMED[named[1] ?? ""];
    const shown = named === null ? text : (named[2] ?? "");
    if (name === undefined || isContent(shown)) return;
    const value = parseValue(shown);
    if (value === undefined) unknown.push(shown);
    else a[name] = value;
  });
  // strace shows it where the kernel looks at it only
  if (call.name === "mremap" && ((a["flags"] ?? 0) & MREMAP_TO_ADDRESS) === 0) a["new_addr"] ??= 0;
  return { a, unknown };
}

/** Arguments that are not known, and without which a recording of the call says nothing. */
export function missingArguments(call: Call | null, a: Readonly<Record<string, number>>): string[] {
  return call === null ? [] : [...call.requiredArgs].filter((name) => a[name] === undefined);
}

/** CLONE_* flags of a clone or clone3, without the signal; undefined when they are not printed. */
export function cloneFlags(args: string): number | undefined {
  const text = /\bflags=([A-Z_0-9a-z|]+)/.exec(args)?.[1];
  const flags = text === undefined ? undefined : parseValue(text);
  // The lowest byte is the signal of clone; in clone3 the signal is a field of its own.
  return flags === undefined ? undefined : flags - (flags % 256);
}

/**
 * Numbers of any base, symbols, and both joined by `|`; undefined when there is an unknown symbol.
 */
export function parseValue(text: string): number | undefined {
  const bare = text.replace(/\/\*.*?\*\//g, "").trim();
  const values = bare.split("|").map(parseTerm);
  if (!values.every((value) => value !== undefined)) return undefined;
  if (values.length === 1) return values[0];
  return Number(values.reduce((joined, value) => joined | BigInt(value), 0n));
}

/** The result of a call: null when it did not return (`?`), undefined when it is not understood. */
export function parseResult(text: string): number | null | undefined {
  const match =
    /^(\?|-?\d+|0x[0-9a-f]+)(?:<.*?>)?(?:\(deleted\))?(?:\s+(E[A-Z0-9]+))?(?:\s.*)?$/.exec(text);
  if (match === null) return undefined;
  const [, value = "", error] = match;
  if (value === "?") return null;
  if (error === undefined) return parseTerm(value);
  const number = errorNumber(error);
  return number === undefined ? undefined : -number;
}

function isContent(text: string): boolean {
  return /^["[{~]/.test(text) || text.includes("=>") || text === "...";
}

function parseTerm(term: string): number | undefined {
  const text = term.trim();
  const shifted = /^(\d+)<<(\w+)$/.exec(text);
  if (shifted !== null) {
    const shift = symbolNumber(shifted[2] ?? "");
    return shift === undefined ? undefined : Number(shifted[1]) * 2 ** shift;
  }
  const descriptor = /^(-?\d+)<.*>(?:\(deleted\))?$/.exec(text)?.[1];
  if (descriptor !== undefined) return Number(descriptor);
  if (/^0x[0-9a-f]+$/.test(text)) return parseHexadecimal(text);
  if (/^0[0-7]+$/.test(text)) return parseInt(text, 8);
  if (/^-?\d+$/.test(text)) return Number(text);
  return symbolNumber(text);
}
