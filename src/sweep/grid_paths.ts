/** Which paths of a grid lead somewhere, and what is wrong with each of the others. */
import { mostSimilar } from "../base/similar.js";
import type { ScenarioError } from "../scenario/errors.js";
import { fieldsAt } from "../scenario/known_keys.js";
import { placed, type Locate } from "../scenario/locate.js";
import type { Grid } from "./grid.js";
import { parsePath, withValue, WrongPath } from "./override_path.js";
import type { Json } from "./schema.js";

export interface Misfit {
  readonly path: string;
  readonly problem: string;
  readonly hint: string;
}

/** The grid without the paths that lead nowhere in the scenario; null: it could not be read. */
export function checkPaths(grid: Grid, base: Json | null): { sound: Grid; misfits: Misfit[] } {
  const sound: [string, readonly Json[]][] = [];
  const misfits: Misfit[] = [];
  let scenario = base;
  for (const [path, values] of Object.entries(grid)) {
    try {
      refuseUnknown(path);
      // A path may lead into what one before it sets.
      if (scenario !== null) scenario = withValue(scenario, path, values[0]!);
      sound.push([path, values]);
    } catch (error) {
      if (!(error instanceof WrongPath)) throw error;
      misfits.push({ path, problem: error.message, hint: error.hint });
    }
  }
  return { sound: Object.fromEntries(sound), misfits };
}

/** A misfit at its place in the sweep. */
export function misfitError(misfit: Misfit, file: string, locate: Locate): ScenarioError {
  const { path } = misfit;
  return { ...placed({ ...misfit, path: ["grid", path], isKey: true }, file, locate), path };
}

/** Throws WrongPath where a path leads to what no scenario has. */
function refuseUnknown(path: string): void {
  if (path === "seed") {
    throw new WrongPath(
      "the seed of a run follows from the sweep's seed, the point and the replicate",
      "vary replicates in its place",
    );
  }
  const above: PropertyKey[] = [];
  let text = "";
  for (const segment of parsePath(path)) {
    const { keys, isList } = fieldsAt(above);
    const rest = (written: string) => path.slice(text.length + written.length);
    if (typeof segment === "string") {
      const written = text === "" ? segment : `.${segment}`;
      if (isList)
        throw new WrongPath(`${text} is a list`, meant(`${text}[]${written}`, rest(written)));
      if (keys.length === 0) throw new WrongPath(`${text} has no fields`, meant(text, ""));
      if (!keys.includes(segment)) throw new WrongPath("unknown key", hintFor(segment));
      text += written;
      above.push(segment);
    } else {
      const written = segment === null ? "[]" : `[${segment}]`;
      if (!isList) throw new WrongPath(`${text} is not a list`, meant(text, rest(written)));
      text += written;
      above.push(segment ?? 0);
    }

    function hintFor(key: string): string {
      const similar = mostSimilar(key, keys);
      if (similar === null) return `known here: ${keys.join(", ")}`;
      const written = text === "" ? key : `.${key}`;
      return meant(text === "" ? similar : `${text}.${similar}`, rest(written));
    }
  }
}

function meant(start: string, rest: string): string {
  return `did you mean ${start}${rest}?`;
}
