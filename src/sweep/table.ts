/** Rows as a file of a format that data tools open: Parquet, or JSON lines. */
import { parquetWriteBuffer } from "hyparquet-writer";
import type { Cell, Row } from "./row.js";

export const TABLE_FORMATS = ["parquet", "jsonl"] as const;
export type TableFormat = (typeof TABLE_FORMATS)[number];

/** Names of columns, which are the same in every row. */
export function tableOf(
  rows: readonly Row[],
  format: TableFormat,
  about: Readonly<Record<string, string>>,
): Uint8Array {
  return format === "parquet" ? parquetOf(rows, about) : jsonLinesOf(rows);
}

function jsonLinesOf(rows: readonly Row[]): Uint8Array {
  return new TextEncoder().encode(rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
}

function parquetOf(rows: readonly Row[], about: Readonly<Record<string, string>>): Uint8Array {
  const names = Object.keys(rows[0] ?? {});
  const columnData = names.map((name) => ({
    name,
    nullable: true,
    ...typed(rows.map((row) => row[name] ?? null)),
  }));
  const kvMetadata = Object.entries(about).map(([key, value]) => ({ key, value }));
  return new Uint8Array(parquetWriteBuffer({ columnData, kvMetadata, createdBy: "tlbstorm" }));
}

type Column =
  | { type: "STRING"; data: (string | null)[] }
  | { type: "BOOLEAN"; data: (boolean | null)[] }
  | { type: "INT64"; data: (bigint | null)[] }
  | { type: "DOUBLE"; data: (number | null)[] };

/** The narrowest type that holds every value of a column; of mixed values their text. */
function typed(cells: readonly Cell[]): Column {
  const present = cells.filter((cell) => cell !== null);
  if (present.every((cell) => typeof cell === "number")) {
    const numbers = cells as readonly (number | null)[];
    return present.every((cell) => Number.isSafeInteger(cell))
      ? { type: "INT64", data: numbers.map((value) => (value === null ? null : BigInt(value))) }
      : { type: "DOUBLE", data: [...numbers] };
  }
  if (present.every((cell) => typeof cell === "boolean")) {
    return { type: "BOOLEAN", data: [...(cells as readonly (boolean | null)[])] };
  }
  return { type: "STRING", data: cells.map((cell) => (cell === null ? null : String(cell))) };
}
