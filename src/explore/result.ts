/** What an exploration says: the shape of `tlbstorm explore --json`. */
import type { OperationId } from "./operations.js";
import type { PropertyId } from "./properties.js";
import type { MethodId, Reductions } from "./search_plan.js";

export type Verdict =
  | "holds"
  | "violated"
  | "not-applicable"
  /** Exploration ended before every state was seen, and no violation was met. */
  | "unknown";

export interface PropertyResult {
  readonly verdict: Verdict;
  /** Steps of a shortest counterexample. */
  readonly steps: number | null;
  /** Repeats the counterexample. */
  readonly token: string | null;
  /** Of a violation: no counterexample has fewer steps. */
  readonly shortest?: boolean;
  /**
   * Of a violated `served`: weak if the run keeps something waiting that is possible again and
   * again, strong if it does not.
   */
  readonly fairness?: "weak" | "strong";
  /** Of an unknown verdict: why nobody knows. */
  readonly incomplete?: Incomplete;
}

/** How far a search came. */
export interface Extent {
  /** Every reachable state was seen. */
  readonly complete: boolean;
  /** Why not; null if it was. */
  readonly incomplete: Incomplete | null;
  readonly states: number;
  readonly transitions: number;
  /** Steps to the states that lie deepest. */
  readonly depth: number;
  /** Bytes that the states took. */
  readonly bytes: number;
}

/** Why not every state was seen. */
export type Incomplete =
  /** The states, the bytes, or the depth that were allowed are used up. */
  | "states"
  | "memory"
  | "depth"
  /** A count of the driver grows without end. */
  | "counter"
  /** All properties that were asked for are violated: nothing else was of interest. */
  | "settled"
  /** States are known by their hashes only: some may have been taken for others. */
  | "hashed"
  /** As many random walks as were asked for have been taken. */
  | "walks"
  /** The search does not judge what was asked for. */
  | "not-searched";

/** Of a world: the sizes are those of the first search. */
export interface ExploreResult extends Extent {
  readonly schema: "tlbstorm.explore/1";
  readonly protocol: string;
  readonly operation: OperationId;
  readonly devices: number;
  readonly pages: number;
  /** 0: a device never gives up; options and scenarios say `unlimited`. */
  readonly retryLimit: number;
  /**
   * The searches that there were. `served` is about devices that never give up, and so about more
   * states than the other properties; `complete` means both.
   */
  readonly searches: { readonly safety: Extent | null; readonly served: Extent | null };
  readonly method: MethodId;
  /** What was left out because something alike was explored. */
  readonly reductions: Reductions;
  readonly seconds: number;
  readonly properties: Readonly<Partial<Record<PropertyId, PropertyResult>>>;
}
