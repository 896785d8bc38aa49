/** What of the mm led to a violation, and the explored operations that stand for it. */
import { Taker } from "../abi/vocabulary.generated.js";
import type { OperationId } from "../explore/operations.js";

interface TakerDefinition {
  readonly code: Taker;
  /** The explored operations that do the same; none: it is not explored. */
  readonly explored: readonly OperationId[];
}

export const TAKERS = {
  munmap: { code: Taker.Munmap, explored: ["munmap", "munmap_late"] },
  dontneed: { code: Taker.Dontneed, explored: ["dontneed"] },
  mprotect: { code: Taker.Mprotect, explored: ["mprotect"] },
  cow: { code: Taker.Cow, explored: ["cow"] },
  migrate: { code: Taker.Migrate, explored: ["migrate"] },
  ksm: { code: Taker.Ksm, explored: ["ksm"] },
  collapse: { code: Taker.Collapse, explored: ["collapse"] },
  mremap: { code: Taker.Mremap, explored: ["mremap"] },
  truncate: { code: Taker.Truncate, explored: [] },
  reclaim: { code: Taker.Reclaim, explored: [] },
  other: { code: Taker.Other, explored: [] },
} as const satisfies Record<string, TakerDefinition>;

export type TakerId = keyof typeof TAKERS;

export const TAKER_IDS = Object.keys(TAKERS) as TakerId[];

/** The id of a Taker; null: it is not known. */
export function takerOf(code: number): TakerId | null {
  return TAKER_IDS.find((id) => TAKERS[id].code === (code as Taker)) ?? null;
}
