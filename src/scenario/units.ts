/** Times and sizes as a person writes them. */
import parseTime from "parse-duration";
import bytesIec from "bytes-iec";

export const PAGE_BYTES = 4096;

const TIME = /^\d+(\.\d+)?\s*(ns|us|µs|μs|ms|s|m|min|h)$/;
const SIZE = /^\d+(\.\d+)?\s*(B|[kKMGT]B|[KMGT]iB)$/;

/**
 * Whole nanoseconds, infinite when there are too many to be counted exactly, or null when the text
 * is not one number with one unit.
 */
export function parseDurationNs(text: string): number | null {
  if (!TIME.test(text)) return null;
  const ns = parseTime(text, "ns");
  if (ns === null || !Number.isFinite(ns)) return null;
  // The library divides by 1e-6 milliseconds, which leaves dust in the last binary digits.
  const whole = Math.round(ns);
  if (whole > Number.MAX_SAFE_INTEGER) return Infinity;
  if (Math.abs(ns - whole) > 1e-6 * Math.max(1, whole)) return null;
  return whole;
}

/** The number of whole 4 KiB pages in a size such as "64MiB", or null. */
export function parseSizeInPages(text: string): number | null {
  if (!SIZE.test(text)) return null;
  const bytes = bytesIec.parse(text.replace(/\s+/, ""));
  if (bytes === null || bytes % PAGE_BYTES !== 0) return null;
  return bytes / PAGE_BYTES;
}

const TIME_UNITS = [
  ["s", 1_000_000_000],
  ["ms", 1_000_000],
  ["us", 1_000],
] as const;

/** The shortest exact way to write a time: 450ns, 10us, 1.5ms. */
export function formatDuration(ns: number): string {
  for (const [unit, size] of TIME_UNITS) {
    if (ns >= size && (ns * 1000) % size === 0) return `${ns / size}${unit}`;
  }
  return `${ns}ns`;
}
