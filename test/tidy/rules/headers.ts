/** A file says what it is; one that models something also says from which source. */
import type { Finding, Source } from "../sources.js";

/** How steps are run and kept: parts of the kernel's folder that stand for nothing in a kernel. */
const MACHINERY: ReadonlySet<string> = new Set([
  "assembly/kernel/immediate_plan.ts",
  "assembly/kernel/kernel.ts",
  "assembly/kernel/plan.ts",
  "assembly/kernel/steps/interpreter.ts",
  "assembly/kernel/steps/operations/build.ts",
  "assembly/kernel/steps/operations/pieces.ts",
  "assembly/kernel/steps/program.ts",
  "assembly/kernel/steps/scene.ts",
  "assembly/kernel/steps/scratch_mm.ts",
  "assembly/kernel/steps/task.ts",
]);

/** Files without a header, or whose header does not say what they model or from which source. */
export function headersWithoutLabels(sources: readonly Source[]): Finding[] {
  return sources.flatMap(({ path, text }) => {
    const header = /^\/\*\*([\s\S]*?)\*\//.exec(text)?.[1];
    if (header === undefined) {
      return [{ path, line: 1, problem: "begins without a header comment" }];
    }
    if (MACHINERY.has(path)) return [];
    const missing = ["Models:", "Source:"].filter((label) => !header.includes(` * ${label}`));
    return missing.map((label) => ({ path, line: 1, problem: `its header has no "${label}"` }));
  });
}

/** Files that begin without any comment. */
export function withoutHeader(sources: readonly Source[]): Finding[] {
  return sources.flatMap(({ path, text }) =>
    /^(?:#!.*\n)?(?:\/\/ @ts-.*\n)?\/\*\*/.test(text)
      ? []
      : [{ path, line: 1, problem: "begins without a comment that says what it is" }],
  );
}
