/** A recording with something changed that no rule of the mm may depend on. */
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";

type Line = Record<string, unknown> & { ev: string };
type Value = string | number | boolean | null | Value[] | { [key: string]: Value };

export function linesOf(path: string): Line[] {
  const text = gunzipSync(readFileSync(path)).toString().trimEnd();
  return text.split("\n").map((line) => JSON.parse(line) as Line);
}

export function bytesOf(lines: readonly Line[]): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(lines.map((line) => JSON.stringify(line)).join("\n"));
}

/** Every address in the window of a small program lies `distance` bytes higher. */
export function shifted(lines: readonly Line[], distance: bigint): Line[] {
  const [start, end] = (lines[0]!["window"] as string[]).map(BigInt) as [bigint, bigint];
  const move = (value: Value): Value => {
    if (typeof value === "string" && /^0x[0-9a-f]+$/.test(value)) {
      const address = BigInt(value);
      const isInside = address >= start && address <= end;
      return isInside ? `0x${(address + distance).toString(16)}` : value;
    }
    if (Array.isArray(value)) return value.map(move);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, move(inner)]));
  };
  return lines.map((line) => move(line as Value) as Line);
}

/** Processes, tasks and address spaces have other numbers. */
export function renumbered(lines: readonly Line[], distance: number): Line[] {
  const numbers = new Set(["p", "tid", "mm", "child", "child_mm"]);
  return lines.map((line) => {
    const entries = Object.entries(line).map(([key, value]) =>
      numbers.has(key) && typeof value === "number" ? [key, value + distance] : [key, value],
    );
    return Object.fromEntries(entries) as Line;
  });
}

/** The lines up to a place, a share of the whole from the start, where no task is in a call. */
export function cutAt(lines: readonly Line[], share: number): Line[] {
  const busy = new Set<unknown>();
  let end = 1;
  for (const [index, line] of lines.slice(0, -1).entries()) {
    if (index > share * lines.length) break;
    if (["enter", "op", "text"].includes(line.ev)) busy.add(line["tid"]);
    if (["exit", "done", "taskexit", "exec", "signal"].includes(line.ev)) busy.delete(line["tid"]);
    const isBetween = ["exit", "done", "snap"].includes(line.ev) && busy.size === 0;
    if (isBetween) end = index + 1;
  }
  const kept = lines.slice(0, end);
  const events: Record<string, number> = {};
  for (const { ev } of kept.slice(1)) events[ev] = (events[ev] ?? 0) + 1;
  return [...kept, { ...lines.at(-1)!, events }];
}
