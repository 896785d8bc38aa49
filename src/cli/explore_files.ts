/** Counterexamples as files: a trace for Perfetto, a litmus file to keep. */
import type { Counterexample } from "../explore/counterexample.js";
import { formatLitmus, litmusOf } from "../explore/litmus.js";
import type { ExploreMachine } from "../explore/machine.js";
import type { PropertyId } from "../explore/properties.js";
import type { SmallWorld } from "../explore/small_world.js";
import { traceCounterexample } from "../trace/counterexample_trace.js";
import { UserError } from "./errors.js";
import { writeOutput } from "./files.js";

/** Where the files go; what is left out is not written. */
export interface ExploreFiles {
  trace?: string | undefined;
  litmus?: string | undefined;
}

/** Writes what was asked for; `example` null: no violation was found. */
export async function writeExploreFiles(
  files: ExploreFiles,
  example: Counterexample | null,
  claim: { world: SmallWorld; property: PropertyId } | null,
  machine: ExploreMachine,
): Promise<void> {
  if (files.trace !== undefined) {
    if (example === null) {
      throw new UserError("--trace", "there is no counterexample to draw", "leave it out");
    }
    await writeOutput(files.trace, traceCounterexample(example));
  }
  if (files.litmus === undefined) return;
  const [world, property] = example === null ? [claim?.world, claim?.property] : worldOf(example);
  if (world === undefined || property === undefined) {
    throw new UserError("--litmus", "no property is violated", "name one with --property");
  }
  if (property === "served") {
    throw new UserError("--litmus", "a run that never ends is no litmus test", "use its token");
  }
  await writeOutput(files.litmus, formatLitmus(await litmusOf(world, property, machine)));
}

function worldOf({ world, property }: Counterexample): [SmallWorld, PropertyId] {
  return [world, property];
}
