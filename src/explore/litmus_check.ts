/** Explores the world of a litmus file again: whether what the file claims is still so. */
import canonicalize from "canonicalize";
import { argumentsOf, made } from "../scenario/arguments.js";
import { machineArgument } from "./arguments.js";
import { replayToken } from "./counterexample.js";
import { litmusOf, type Litmus, type ReadLitmus } from "./litmus.js";
import type { ExploreMachine } from "./machine.js";
import type { SafetyId } from "./properties.js";
import type { SmallWorld } from "./small_world.js";
import { InvalidToken } from "./token.js";

/** One claim of the file that does not hold. */
export interface LitmusDifference {
  readonly what: "result" | "steps" | "violating" | "all" | "token";
  readonly claimed: string;
  readonly found: string;
}

export interface LitmusCheck {
  readonly litmus: string;
  readonly result: Litmus["result"];
  /** Everything that the file claims is so. */
  readonly holds: boolean;
  readonly differences: readonly LitmusDifference[];
  /** What the file would say if it were written now. */
  readonly found: Litmus;
}

const checkArguments = argumentsOf("checkLitmus", {
  read: made("a litmus file that was read", ["litmus", "world"], "readLitmus(text, file)"),
  machine: machineArgument,
});

export async function checkLitmus(read: ReadLitmus, machine: ExploreMachine): Promise<LitmusCheck> {
  checkArguments({ read, machine });
  const { litmus, world } = read;
  const found = await litmusOf(world, litmus.exists, machine);
  const differences = [
    ...differs("result", litmus.result, found.result),
    ...countsThatDiffer(litmus, found),
    ...(await tokenThatDiffers(read, machine)),
  ];
  const { result } = litmus;
  return {
    litmus: litmus.litmus,
    result,
    holds: differences.length === 0,
    differences,
    found: { ...found, litmus: litmus.litmus },
  };
}

/** The counts, as far as the file names them. */
function countsThatDiffer(litmus: Litmus, found: Litmus): LitmusDifference[] {
  const claimed = litmus.interleavings;
  const counted = found.interleavings!;
  if (claimed === undefined) return [];
  return (["steps", "violating", "all"] as const).flatMap((what) =>
    differs(what, String(claimed[what]), String(counted[what])),
  );
}

/** The token is one of this world, and its last step violates the property. */
async function tokenThatDiffers(
  { litmus: { token, exists }, world }: ReadLitmus,
  machine: ExploreMachine,
): Promise<LitmusDifference[]> {
  if (token === undefined) return [];
  const found = await whatTokenIs(token, world, exists, machine);
  return found === null ? [] : [{ what: "token", claimed: token, found }];
}

/** What is wrong with the token; null: nothing. */
async function whatTokenIs(
  token: string,
  world: SmallWorld,
  exists: SafetyId,
  machine: ExploreMachine,
): Promise<string | null> {
  try {
    const example = await replayToken(token, machine);
    if (example.property !== exists) return `about ${example.property}`;
    if (canonicalize(example.world) !== canonicalize(world)) return "of another world";
    return example.isReproduced ? null : "ends without a violation";
  } catch (error) {
    if (!(error instanceof InvalidToken)) throw error;
    return error.problem;
  }
}

function differs(
  what: LitmusDifference["what"],
  claimed: string,
  found: string,
): LitmusDifference[] {
  return claimed === found ? [] : [{ what, claimed, found }];
}
