/** Finds what somebody probably meant to write. */

/**
 * The candidate nearest to `word`, or null when none is near enough to be a slip of the pen and
 * none begins with what was written.
 */
export function mostSimilar(word: string, candidates: readonly string[]): string | null {
  const wanted = word.toLowerCase();
  const limit = Math.max(1, Math.floor(wanted.length / 3));
  let best: string | null = null;
  let bestDistance = limit + 1;
  for (const candidate of candidates) {
    const distance = editDistance(wanted, candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best ?? onlyCompletion(wanted, candidates);
}

/** The candidate that begins with `start`, if there is one and no other. */
function onlyCompletion(start: string, candidates: readonly string[]): string | null {
  if (start === "") return null;
  const completions = candidates.filter((candidate) => candidate.toLowerCase().startsWith(start));
  return completions.length === 1 ? completions[0]! : null;
}

/**
 * How many insertions, deletions, substitutions and swaps of neighbours turn `a` into `b`
 * (the optimal string alignment distance).
 */
export function editDistance(a: string, b: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const substitution = previous[column - 1]! + (a[row - 1] === b[column - 1] ? 0 : 1);
      let cost = Math.min(substitution, previous[column]! + 1, current[column - 1]! + 1);
      const swapped = a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (row > 1 && column > 1 && swapped) {
        cost = Math.min(cost, beforePrevious[column - 2]! + 1);
      }
      current.push(cost);
    }
    beforePrevious = previous;
    previous = current;
  }
  return previous[b.length]!;
}
