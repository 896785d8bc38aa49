/**
 * The window that the kernel allows by design: between the change of an entry and the end of its
 * flush accesses through old translations are legal. A flush that never comes, or that leaves the
 * translation in place, extends nothing: the window is over when the page is given away.
 */
import { FrameOwner } from "../abi/vocabulary.generated.js";
import { argumentsOf } from "../scenario/arguments.js";
import { exampleArgument } from "./arguments.js";
import type { Counterexample, TimelineStep } from "./counterexample.js";
import type { PropertyId } from "./properties.js";
import type { Entry, FrameState, WorldState } from "./world_state.js";

export interface AllowedWindow {
  /** The step that changed the entry, counted from 1. */
  readonly opens: number;
  /** The step behind which the old translation must not be used any more. */
  readonly closes: number;
  /** What may be used in between, such as `old translations of F0`. */
  readonly what: string;
  /** What the last step of the window does, such as `F0 is freed`. */
  readonly end: string;
}

/** What ends the window of a frame besides its flush, for each property about frames. */
const PROMISES: Partial<Record<PropertyId, { text: string; isSet: (of: FrameState) => boolean }>> =
  {
    "stale-read": { text: "is freed", isSet: () => false },
    "stale-write": { text: "is freed", isSet: () => false },
    "readonly-write": { text: "is promised read-only", isSet: ({ isPromised }) => isPromised },
    "lost-write": { text: "is copied", isSet: ({ isCopied }) => isCopied },
    "split-brain": { text: "is replaced", isSet: ({ isReplaced }) => isReplaced },
  };

/** The mm has given the frame away: from here on it may be anybody's. */
const GIVEN_AWAY: readonly FrameOwner[] = [
  FrameOwner.Free,
  FrameOwner.Elsewhere,
  FrameOwner.Reused,
];

const checkExample = argumentsOf("allowedWindow", { example: exampleArgument });

/** The window that was over when the counterexample's last step came; null: there was none. */
export function allowedWindow(example: Counterexample): AllowedWindow | null {
  checkExample({ example });
  if (example.property === "stale-walk") return tableWindow(example);
  const promise = PROMISES[example.property];
  const frame = accessedFrame(example);
  if (promise === undefined || frame === null) return null;
  const isFrame = (entry: Entry) => entry?.kind === "page" && entry.frame === frame;
  const isMapped = ({ ptes, upper }: WorldState) => [...ptes, upper].some(isFrame);
  const isWritable = ({ ptes }: WorldState) =>
    ptes.some((entry) => isFrame(entry) && entry?.kind === "page" && entry.isWritable);
  const grants = example.property === "readonly-write" ? isWritable : isMapped;
  return windowOf(example, {
    what: `old translations of F${frame}`,
    isGranted: (state) => grants(state) && state.upper !== null,
    // A cached pointer to an unhooked table leads to the frame as long as the table does.
    isCached: ({ devices, ptes }) =>
      devices.some((device) => {
        const { mirror, iotlb, atc, inFlight, inFlightFrame, isTableCached } = device;
        if (inFlight !== null && inFlightFrame === frame) return true;
        return [...mirror, ...iotlb, ...atc, ...(isTableCached ? ptes : [])].some(isFrame);
      }),
    ends: [
      [`F${frame} is freed`, ({ frames }) => GIVEN_AWAY.includes(frames[frame]!.owner)],
      [`F${frame} ${promise.text}`, ({ frames }) => promise.isSet(frames[frame]!)],
    ],
  });
}

function tableWindow(example: Counterexample): AllowedWindow | null {
  return windowOf(example, {
    what: "walks through the old page table page",
    isGranted: ({ upper }) => upper?.kind === "table",
    isCached: ({ devices }) => devices.some(({ isTableCached }) => isTableCached),
    ends: [["it is freed", ({ tableOwner }) => GIVEN_AWAY.includes(tableOwner)]],
  });
}

type Test = (state: WorldState) => boolean;

/** What a window is about. */
interface Subject {
  readonly what: string;
  /** The mm's table still grants it. */
  readonly isGranted: Test;
  /** A device could still use it without asking. */
  readonly isCached: Test;
  /** What ends the window whether it was flushed or not. */
  readonly ends: readonly (readonly [text: string, test: Test])[];
}

function windowOf({ initial, steps }: Counterexample, subject: Subject): AllowedWindow | null {
  const { what, isGranted, isCached, ends } = subject;
  const states = [initial, ...steps.map(({ state }) => state)];
  const lastGranted = states.findLastIndex(isGranted);
  const opens = lastGranted + 1;
  for (let closes = opens + 1; lastGranted >= 0 && closes <= steps.length; closes++) {
    const { state, isFlush }: TimelineStep = steps[closes - 1]!;
    if (isFlush && !isCached(state)) return { opens, closes, what, end: "flushed" };
    const over = ends.find(([, isOver]) => isOver(state));
    if (over !== undefined) return { opens, closes, what, end: over[0] };
  }
  return null;
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
