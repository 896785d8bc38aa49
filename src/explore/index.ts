/** Every interleaving of a small world: verdicts, counterexamples, tokens. */
export { replayToken, type Counterexample, type TimelineStep } from "./counterexample.js";
export { explain, type Prevention } from "./explain.js";
export {
  explore,
  exploreAll,
  MAX_STATES,
  type ExploreOptions,
  type ExploreProgress,
} from "./explore.js";
export { formatLitmus, litmusOf, readLitmus, type Litmus, type ReadLitmus } from "./litmus.js";
export { checkLitmus, type LitmusCheck, type LitmusDifference } from "./litmus_check.js";
export { ExploreMachine } from "./machine.js";
export { exploreMutations, type MutateResult, type MutationResult } from "./mutate.js";
export { mutationsOf, type Mutation, type MutationKind } from "./mutations.js";
export { MATRIX_IDS, OPERATION_IDS, OPERATIONS, type OperationId } from "./operations.js";
export {
  appliesTo,
  PROPERTIES,
  PROPERTY_IDS,
  SAFETY_IDS,
  type PropertyId,
  type SafetyId,
} from "./properties.js";
export {
  resolveSmallWorld,
  type RetryLimit,
  type SmallWorld,
  type SmallWorldInput,
} from "./small_world.js";
export { formatTimeline, timelineActors, type TimelineOptions } from "./timeline.js";
export { InvalidToken, readToken, writeToken, type TokenContent } from "./token.js";
export { allowedWindow, type AllowedWindow } from "./window.js";
export type * from "./result.js";
export type * from "./world_state.js";
