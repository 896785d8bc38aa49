/** Results on standard output: tables without escape codes, JSON, colours where a person looks. */
import { isatty } from "node:tty";
import Table from "cli-table3";
import pc from "picocolors";

/** Colours for standard output and standard error, each only when it is a terminal. */
export const paint = pc.createColors(pc.isColorSupported && isatty(1));
export const paintError = pc.createColors(pc.isColorSupported && isatty(2));

export function print(text: string): void {
  process.stdout.write(text.endsWith("\n") ? text : `${text}\n`);
}

export function printJson(value: unknown): void {
  print(toJson(value));
}

/** 64-bit numbers become decimal strings, because JSON readers round them. */
export function toJson(value: unknown): string {
  return JSON.stringify(
    value,
    (_key, field: unknown) => (typeof field === "bigint" ? field.toString() : field),
    2,
  );
}

export interface Column {
  head: string;
  align?: "left" | "right";
}

/** A table in plain text, with its columns set apart by two spaces. */
export function formatTable(
  columns: readonly Column[],
  rows: readonly (readonly (string | number | bigint)[])[],
): string {
  const nothing = Object.fromEntries(
    "top top-mid top-left top-right bottom bottom-mid bottom-left bottom-right left left-mid mid mid-mid right right-mid middle"
      .split(" ")
      .map((part) => [part, ""]),
  );
  const table = new Table({
    head: columns.map((column) => column.head),
    chars: { ...nothing, middle: "  " },
    style: { head: [], border: [], "padding-left": 0, "padding-right": 0 },
    colAligns: columns.map((column) => column.align ?? "left"),
  });
  table.push(...rows.map((row) => row.map(String)));
  return table
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}

export interface TreeNode {
  label: string;
  children?: readonly TreeNode[];
}

/** A tree as `tree` draws it. */
export function formatTree(root: TreeNode): string {
  const lines = [root.label];
  const visit = (children: readonly TreeNode[], indent: string): void => {
    children.forEach((child, index) => {
      const isLast = index === children.length - 1;
      lines.push(`${indent}${isLast ? "└─ " : "├─ "}${child.label}`);
      visit(child.children ?? [], `${indent}${isLast ? "   " : "│  "}`);
    });
  };
  visit(root.children ?? [], "");
  return lines.join("\n");
}
