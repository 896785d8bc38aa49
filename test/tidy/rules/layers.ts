/**
 * Which folder may import which: its own, and those before it in the list.
 *
 * Folders of one row are rooms beside each other and import none of their row, but themselves.
 */
import { dirname, posix } from "node:path";
import type { Finding, Source } from "../sources.js";
import { importsOf, valueImportsOf } from "../syntax.js";

export interface Layers {
  readonly root: string;
  readonly rows: readonly (readonly string[])[];
}

export const CORE: Layers = {
  root: "assembly",
  rows: [
    ["abi"],
    ["base"],
    ["recording", "sim"],
    ["oracle"],
    ["hardware"],
    ["kernel"],
    ["explore", "replay"],
    ["timed", "bench"],
    ["world.ts"],
    ["index.ts", "trace_exports.ts"],
  ],
};

export const HOST: Layers = {
  root: "src",
  rows: [
    ["base", "platform"],
    ["abi"],
    ["protocols"],
    ["scenario"],
    ["costs", "devices", "notifier", "workload"],
    ["explore", "replay"],
    ["run"],
    ["bench", "sweep", "trace"],
    ["study"],
    ["report"],
    ["index.ts"],
    ["cli", "browser"],
  ],
};

/** Imports between folders that point to a later row, or to a folder that no row names. */
export function wrongDirections(layers: Layers, sources: readonly Source[]): Finding[] {
  return sources.flatMap((source) => {
    const from = folderOf(layers, source.path);
    if (from === null) return [];
    return importsOf(source).flatMap(({ line, from: target }) => {
      const to = folderOf(layers, resolve(source.path, target));
      if (to === null || to === from) return [];
      const problem = judge(layers, from, to);
      return problem === null ? [] : [{ path: source.path, line, problem }];
    });
  });
}

/** Files that need each other to run, in a circle: one finding for each circle that is met. */
export function cycles(sources: readonly Source[]): Finding[] {
  return circles(sources, valueImportsOf);
}

/**
 * The same for files that name each other, if only as types. The kernel is handed to whoever works
 * on it and knows their tools, so a circle through it is none.
 */
export function namingCycles(sources: readonly Source[]): Finding[] {
  const named = (source: Source) => importsOf(source).map(({ from }) => from);
  return circles(
    sources.filter(({ path }) => path !== HUB),
    named,
  );
}

const HUB = "assembly/kernel/kernel.ts";

function circles(
  sources: readonly Source[],
  importsIn: (source: Source) => readonly string[],
): Finding[] {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const done = new Set<string>();
  const findings: Finding[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    const at = trail.indexOf(path);
    if (at >= 0) {
      const circle = [...trail.slice(at), path].join(" -> ");
      findings.push({ path, line: 0, problem: `imports itself: ${circle}` });
      return;
    }
    if (done.has(path)) return;
    for (const from of importsIn(byPath.get(path)!)) {
      const target = resolve(path, from);
      if (byPath.has(target)) visit(target, [...trail, path]);
    }
    done.add(path);
  };
  for (const { path } of sources) visit(path, []);
  return findings;
}

function judge(layers: Layers, from: string, to: string): string | null {
  const row = (folder: string) => layers.rows.findIndex((folders) => folders.includes(folder));
  if (row(from) < 0) return `no layer is named ${from}: add it to test/tidy/rules/layers.ts`;
  if (row(to) < 0) return `no layer is named ${to}: add it to test/tidy/rules/layers.ts`;
  if (row(to) < row(from)) return null;
  return `${from} does not import ${to}: ${to} comes ${row(to) === row(from) ? "beside" : "after"} it`;
}

/** The folder below the root, or the file when it lies in the root itself. */
function folderOf(layers: Layers, path: string): string | null {
  const [root, first] = path.split("/");
  return root === layers.root && first !== undefined ? first : null;
}

/** A relative import as a path from the root of the repository; others as they are. */
function resolve(importer: string, target: string): string {
  if (target === "#platform") return "src/platform/node.ts";
  if (!target.startsWith(".")) return target;
  const path = posix.join(dirname(importer), target);
  return path.endsWith(".js") ? path.replace(/\.js$/, ".ts") : withEnding(path);
}

/** AssemblyScript names modules without an ending. */
function withEnding(path: string): string {
  return /\.[a-z]+$/.test(path) ? path : `${path}.ts`;
}
