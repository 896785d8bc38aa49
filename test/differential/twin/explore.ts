/**
 * Breadth-first search over all interleavings of an instance.
 *
 * Models:     every enabled step of every actor; a violating step is taken and the search goes on.
 * Simplifies: a world is kept as its string; the path is rebuilt from the parent of each world.
 */
import type { Instance } from "./instance.js";
import { modelOf } from "./model.js";
import { applies, STEP_PROPERTIES, type StepProperty } from "./properties.js";

export interface Finding {
  verdict: "holds" | "violated" | "not-applicable";
  /** Steps of the shortest counterexample, the violating one included. */
  steps: number | null;
  path: string[] | null;
}

export interface Exploration {
  states: number;
  transitions: number;
  properties: Record<StepProperty, Finding>;
}

interface Visited {
  parent: number;
  /** The step that led here, as "actor: text". */
  by: string;
  depth: number;
}

export class Exhausted extends Error {}

/** Explores everything; throws `Exhausted` when there are more worlds than `stateLimit`. */
export function explore(instance: Instance, stateLimit = Infinity): Exploration {
  const model = modelOf(instance);
  const keys = [model.first];
  const visited: Visited[] = [{ parent: -1, by: "", depth: 0 }];
  const known = new Set(keys);
  const found = new Map<StepProperty, string[]>();
  let transitions = 0;
  for (let index = 0; index < keys.length; index++) {
    const { depth } = visited[index]!;
    for (const move of model.moves(keys[index]!)) {
      transitions++;
      const by = `${move.actor}: ${move.text}`;
      for (const property of move.violated) {
        if (!found.has(property)) found.set(property, [...pathTo(visited, index), by]);
      }
      if (known.has(move.next)) continue;
      known.add(move.next);
      keys.push(move.next);
      visited.push({ parent: index, by, depth: depth + 1 });
      if (keys.length > stateLimit) throw new Exhausted(`more than ${stateLimit} worlds`);
    }
  }
  const findings = STEP_PROPERTIES.map((property): [StepProperty, Finding] => {
    if (!applies(property, instance))
      return [property, { verdict: "not-applicable", steps: null, path: null }];
    const path = found.get(property);
    return [
      property,
      path
        ? { verdict: "violated", steps: path.length, path }
        : { verdict: "holds", steps: null, path: null },
    ];
  });
  return {
    states: keys.length,
    transitions,
    properties: Object.fromEntries(findings) as Exploration["properties"],
  };
}

function pathTo(visited: Visited[], index: number): string[] {
  const path: string[] = [];
  for (let at = index; visited[at]!.parent >= 0; at = visited[at]!.parent)
    path.push(visited[at]!.by);
  return path.reverse();
}
