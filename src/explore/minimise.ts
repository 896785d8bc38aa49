/**
 * Makes a path to a violation shorter: leaves out pieces as long as what remains is still possible
 * and still ends in the violation.
 *
 * Source: A. Zeller, R. Hildebrandt, Simplifying and isolating failure-inducing input (2002).
 */
import type { ExploreMachine, PathStep } from "./machine.js";
import type { PropertyId } from "./properties.js";

/** The path without what it does not need; the machine has booted its world. */
export function minimise(
  machine: ExploreMachine,
  property: PropertyId,
  path: readonly PathStep[],
): PathStep[] {
  let shortest = [...path];
  for (let size = shortest.length >> 1; size >= 1; size >>= 1) {
    let isShorter = true;
    while (isShorter) {
      const shorter = withoutOnePiece(machine, property, shortest, size);
      isShorter = shorter !== null;
      shortest = shorter ?? shortest;
    }
  }
  return shortest;
}

/** The path without the last piece of `size` steps that it does not need; null: it needs all. */
function withoutOnePiece(
  machine: ExploreMachine,
  property: PropertyId,
  path: readonly PathStep[],
  size: number,
): PathStep[] | null {
  for (let start = path.length - 1 - size; start >= 0; start--) {
    const shorter = [...path.slice(0, start), ...path.slice(start + size)];
    const end = violatedAt(machine, property, shorter);
    if (end !== null) return shorter.slice(0, end);
  }
  return null;
}

/** The number of steps after which the path violates the property; null: it never does. */
function violatedAt(
  machine: ExploreMachine,
  property: PropertyId,
  path: readonly PathStep[],
): number | null {
  machine.rewind();
  for (const [at, step] of path.entries()) {
    if (!machine.isEnabled(step.move)) return null;
    const { fits, violated } = machine.take(step);
    if (!fits) return null;
    if (violated.includes(property)) return at + 1;
  }
  return null;
}
