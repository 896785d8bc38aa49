/**
 * The window that the kernel allows by design: between the change of an entry and the end of its
 * flush accesses through old translations are legal. What a counterexample shows lies behind it.
 */
import { FrameOwner } from "../abi/vocabulary.generated.js";
import { argumentsOf } from "../scenario/arguments.js";
import { exampleArgument } from "./arguments.js";
import type { Counterexample } from "./counterexample.js";
import type { PropertyId } from "./properties.js";
import type { FrameState, WorldState } from "./world_state.js";

export interface AllowedWindow {
  /** The step that changed the entry, counted from 1. */
  readonly opens: number;
  /** The step behind which the old translation must not be used any more. */
  readonly closes: number;
  /** What may be used in between, such as `old translations of F0`. */
  readonly what: string;
}

/** What ends the window of a frame, for each property about frames. */
const ENDS: Partial<Record<PropertyId, (frame: FrameState) => boolean>> = {
  "stale-read": ({ owner }) => owner === FrameOwner.Reused,
  "stale-write": ({ owner }) => owner === FrameOwner.Reused,
  "readonly-write": ({ isPromised }) => isPromised,
  "lost-write": ({ isCopied }) => isCopied,
  "split-brain": ({ isReplaced }) => isReplaced,
};

const checkExample = argumentsOf("allowedWindow", { example: exampleArgument });

/** The window that was over when the counterexample's last step came; null: there was none. */
export function allowedWindow(example: Counterexample): AllowedWindow | null {
  checkExample({ example });
  if (example.property === "stale-walk") return tableWindow(example);
  const ends = ENDS[example.property];
  const frame = accessedFrame(example);
  if (ends === undefined || frame === null) return null;
  const isMapped = ({ ptes, upper }: WorldState) =>
    [...ptes, upper].some((entry) => entry?.kind === "page" && entry.frame === frame);
  const isWritable = ({ ptes }: WorldState) =>
    ptes.some((entry) => entry?.kind === "page" && entry.frame === frame && entry.isWritable);
  const grants = example.property === "readonly-write" ? isWritable : isMapped;
  return windowBetween(
    example,
    (state) => grants(state) && state.upper !== null,
    ({ frames }) => ends(frames[frame]!),
    `old translations of F${frame}`,
  );
}

function tableWindow(example: Counterexample): AllowedWindow | null {
  return windowBetween(
    example,
    ({ upper }) => upper?.kind === "table",
    ({ tableOwner }) => tableOwner === FrameOwner.Reused,
    "walks through the old page table page",
  );
}

function windowBetween(
  { initial, steps }: Counterexample,
  isGranted: (state: WorldState) => boolean,
  isOver: (state: WorldState) => boolean,
  what: string,
): AllowedWindow | null {
  const states = [initial, ...steps.map(({ state }) => state)];
  const lastGranted = states.findLastIndex(isGranted);
  const over = states.findIndex((state, at) => at > lastGranted && isOver(state));
  const opens = lastGranted + 1;
  return lastGranted >= 0 && over > opens ? { opens, closes: over, what } : null;
}

/** The frame that the last access reaches; null: the last step is something else. */
function accessedFrame({ initial, steps }: Counterexample): number | null {
  const before = steps.at(-2)?.state ?? initial;
  const after = steps.at(-1)!.state;
  const landed = before.devices.find(
    ({ inFlight }, device) => inFlight !== null && after.devices[device]!.inFlight === null,
  );
  return landed?.inFlightFrame ?? null;
}
