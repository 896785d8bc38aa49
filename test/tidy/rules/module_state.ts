/** State lives in the world: a module-level variable would outlive a boot and escape a snapshot. */
import { checkLines, type Finding, type Source } from "../sources.js";

/** The one file that keeps a reference to everything that is simulated. */
const KEEPER = "assembly/world.ts";

export function moduleVariables(sources: readonly Source[]): Finding[] {
  return checkLines(sources, (line, path) => {
    if (path === KEEPER) return null;
    const name = /^(?:export )?(?:let|var) (\w+)/.exec(line)?.[1] ?? staticField(line);
    if (name === undefined) return null;
    return `${name} is module-level state: make it a field of a class that the world owns`;
  });
}

/** A static field that can be assigned is a global by another name. */
function staticField(line: string): string | undefined {
  return /^\s+(?:private |protected |public )?static (?!readonly\b)(\w+)\s*[:=]/.exec(line)?.[1];
}
