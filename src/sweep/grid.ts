/** A grid of values as a numbered list of points. */
import canonicalize from "canonicalize";
import type { Json } from "./schema.js";

/** What one point sets, by path, in the order of the grid. */
export interface Point {
  readonly index: number;
  /** Which value of each path it is: its place in the list. */
  readonly choices: readonly number[];
  readonly values: Readonly<Record<string, Json>>;
}

export type Grid = Readonly<Record<string, readonly Json[]>>;

/** How many points a grid has. */
export function pointCount(grid: Grid): number {
  return Object.values(grid).reduce((product, values) => product * values.length, 1);
}

/** Every combination; the values of the last path change fastest. */
export function pointsOf(grid: Grid): Point[] {
  const paths = Object.entries(grid);
  return Array.from({ length: pointCount(grid) }, (_, index) => {
    let rest = index;
    const choices = paths.map(() => 0);
    for (let at = paths.length - 1; at >= 0; at--) {
      const { length } = paths[at]![1];
      choices[at] = rest % length;
      rest = Math.floor(rest / length);
    }
    const values = paths.map(([path, list], at) => [path, list[choices[at]!]!] as const);
    return { index, choices, values: Object.fromEntries(values) };
  });
}

/** `protocol none, devices[].lanes 4`: a point as people tell it from another. */
export function describePoint({ values }: Point): string {
  return Object.entries(values)
    .map(([path, value]) => `${path} ${typeof value === "string" ? value : canonicalize(value)}`)
    .join(", ");
}
