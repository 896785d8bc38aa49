/** The files of the repository as the rules see them: paths from its root, and their text. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..", "..");

export interface Source {
  /** From the root of the repository, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

/** Where a rule is broken, and what to do about it. */
export interface Finding {
  readonly path: string;
  /** Counted from 1; 0: the whole file. */
  readonly line: number;
  readonly problem: string;
}

/** A source that exists in a test only. */
export function sample(path: string, text: string): Source {
  return { path, text };
}

/** Every file below the folders whose name ends in one of the endings. */
export function readSources(folders: readonly string[], endings: readonly string[]): Source[] {
  return folders.flatMap((folder) => walk(join(ROOT, folder), endings));
}

export function readText(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

function walk(folder: string, endings: readonly string[]): Source[] {
  if (!existsSync(folder)) return [];
  const found: Source[] = [];
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) found.push(...walk(path, endings));
    else if (endings.some((ending) => entry.name.endsWith(ending))) {
      const name = relative(ROOT, path).split(sep).join("/");
      found.push({ path: name, text: readFileSync(path, "utf8") });
    }
  }
  return found;
}

/** The lines of a finding as vitest shows them. */
export function report(findings: readonly Finding[]): string[] {
  return findings.map(({ path, line, problem }) =>
    line === 0 ? `${path}: ${problem}` : `${path}:${line}: ${problem}`,
  );
}

/** The findings of a rule that looks at one line at a time. */
export function checkLines(
  sources: readonly Source[],
  check: (line: string, path: string) => string | null,
): Finding[] {
  return sources.flatMap(({ path, text }) =>
    text.split("\n").flatMap((line, index) => {
      const problem = check(line, path);
      return problem === null ? [] : [{ path, line: index + 1, problem }];
    }),
  );
}

/** Whether the files are those of a clone, so that git can be asked about them. */
export function isClone(): boolean {
  return existsSync(join(ROOT, ".git"));
}

/** What git prints. */
export function git(...args: string[]): string {
  return execFileSync("git", args, { cwd: ROOT, encoding: "utf8" });
}
