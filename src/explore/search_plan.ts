/** How a world is searched, by the words of the command line. */
import { ExploreMethod, ExploreMode } from "../abi/vocabulary.generated.js";
import type { SearchPlan } from "./machine.js";

/** In which order the states of a world are gone through. */
export const METHODS = {
  "breadth-first": {
    code: ExploreMethod.BreadthFirst,
    summary: "every state, nearest first; counterexamples are shortest",
  },
  bitstate: {
    code: ExploreMethod.Bitstate,
    summary: "depth-first with a few bits a state; states may be missed",
  },
  "iterative-deepening": {
    code: ExploreMethod.IterativeDeepening,
    summary: "depth-first, deeper step by step, in fixed memory; states may be missed",
  },
  "random-walk": {
    code: ExploreMethod.RandomWalk,
    summary: "walks that a seed decides",
  },
} as const;

export type MethodId = keyof typeof METHODS;

export const METHOD_IDS = Object.keys(METHODS) as MethodId[];

export interface Reductions {
  /** One state stands for all that differ in names of devices, pages and frames only. */
  readonly symmetry: boolean;
  /** One order stands for all orders of moves that have nothing to do with one another. */
  readonly partialOrder: boolean;
}

export interface SearchOptions extends Partial<Reductions> {
  method?: MethodId | undefined;
  /** Bytes that states may take; a depth-first search takes half of them for its table. */
  maxBytes?: number | undefined;
  /** Of random walks. */
  seed?: bigint | undefined;
  walks?: number | undefined;
}

/** A core addresses 4 GiB; the table of states is doubled when it is full. */
export const MAX_BYTES = 2 ** 31;
/** The table of a depth-first search, where nothing else is said: 64 MiB. */
const TABLE_SHIFT = 26;
const WALKS = 10_000;

export function searchPlan(options: SearchOptions): SearchPlan {
  const { symmetry, partialOrder } = reductionsOf(options);
  const { method = "breadth-first", maxBytes, seed = 1n, walks = WALKS } = options;
  const mode =
    (symmetry ? ExploreMode.Symmetry : 0) | (partialOrder ? ExploreMode.PartialOrder : 0);
  const tableShift =
    maxBytes === undefined ? TABLE_SHIFT : Math.max(12, Math.floor(Math.log2(maxBytes / 2)));
  return { mode, method: METHODS[method].code, tableShift, seed, walks };
}

/** What is left out; orders of independent moves are told apart by all but breadth-first search. */
export function reductionsOf(options: SearchOptions): Reductions {
  const { symmetry = true, partialOrder = true, method } = options;
  return {
    symmetry: symmetry && method !== "random-walk",
    partialOrder: partialOrder && isExhaustive({ method }),
  };
}

/** The search meets every state, and the first violation that it finds is a shortest one. */
export function isExhaustive({ method = "breadth-first" }: Pick<SearchOptions, "method">): boolean {
  return method === "breadth-first";
}
