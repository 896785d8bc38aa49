/** Says in the words of the kernel's documentation who took a step and what came of it. */
import { ActorKind, DeviceMove, FrameOwner, StepKind } from "../abi/vocabulary.generated.js";
import type { Move } from "./machine.js";
import { GIVEN_UP_TEXTS, STEP_TEXTS } from "./step_texts.js";
import type { DeviceState, Entry, WorldState } from "./world_state.js";

/** What a move looks like between the state before it and the one behind it. */
export interface Transition {
  readonly move: Move;
  readonly before: WorldState;
  readonly after: WorldState;
}

/** The column of a timeline that an actor has. */
export function actorOf({ actor, index }: Pick<Move, "actor" | "index">): string {
  switch (actor) {
    case ActorKind.MmThread:
      return "mm";
    case ActorKind.SecondMmThread:
      return "mm thread 2";
    case ActorKind.Device:
      return `device ${index}`;
    case ActorKind.Handler:
      return `handler ${index}`;
    case ActorKind.Environment:
      return "elsewhere";
    case ActorKind.Iommu:
      return "iommu";
    case ActorKind.Timer:
      return "timer";
    case ActorKind.Unpinner:
      return "driver";
    case ActorKind.Registrar:
      return "registrar";
  }
}

const FLUSHES: ReadonlySet<StepKind> = new Set([
  StepKind.Invalidate,
  StepKind.InvalidateLeaf,
  StepKind.InvalidateIotlb,
  StepKind.InvalidateAtc,
  StepKind.InvalidateReadsOnly,
  StepKind.InstallEmptyTable,
  StepKind.RestoreTable,
  StepKind.ZapMirror,
]);

/** The move takes translations out of a cache of the device's side, by order of the driver. */
export function flushes({ actor, steps }: Move): boolean {
  switch (actor) {
    case ActorKind.Iommu:
    case ActorKind.Timer:
    case ActorKind.Unpinner:
      return true;
    default:
      return steps.some((kind) => FLUSHES.has(kind));
  }
}

export function narrate(transition: Transition): string {
  const { move, before } = transition;
  switch (move.actor) {
    case ActorKind.MmThread:
    case ActorKind.SecondMmThread:
      return move.steps
        .map((kind, at) => mmStep(kind, transition, at === move.steps.length - 1))
        .filter((_, at) => move.steps[at] !== StepKind.NextPage)
        .join(", ");
    case ActorKind.Handler:
      return move.steps.map((kind) => handlerStep(kind, transition)).join(", ");
    case ActorKind.Device:
      return deviceMove(transition);
    case ActorKind.Environment:
      return move.index < before.frames.length
        ? `F${move.index} is used by somebody else`
        : "page table page is used by somebody else";
    case ActorKind.Iommu:
      return move.index === 0 ? "execute queued invalidation" : "execute queued ATC invalidation";
    case ActorKind.Timer:
      return "invalidate, free what waited";
    case ActorKind.Unpinner:
      return `zap page ${move.page}, invalidate, unpin`;
    case ActorKind.Registrar:
      return "register notifier";
  }
}

const PAGE_STEPS: ReadonlySet<StepKind> = new Set([StepKind.ClearPte, StepKind.SetPteReadOnly]);

function mmStep(kind: StepKind, { move, before, after }: Transition, isLast: boolean): string {
  const text = (isLast && move.hasBranched ? GIVEN_UP_TEXTS[kind] : undefined) ?? STEP_TEXTS[kind];
  switch (kind) {
    case StepKind.FreePages:
    case StepKind.DropRmap:
      return `${text}${changedOwners(before, after)}`;
    case StepKind.CountUp:
    case StepKind.CountDown:
      return `count ${before.count} -> ${after.count}`;
    case StepKind.SequenceUp:
    case StepKind.SequenceOdd:
    case StepKind.SequenceEven:
      return `sequence ${before.sequence} -> ${after.sequence}`;
    case StepKind.SampleNotifiers:
      return `${text}: ${before.isRegistered ? "one" : "none"}`;
    default:
      return PAGE_STEPS.has(kind) && before.ptes.length > 1 ? `${text} ${move.page}` : text;
  }
}

function changedOwners(before: WorldState, after: WorldState): string {
  const changed = after.frames.flatMap(({ owner }, frame) =>
    owner === before.frames[frame]!.owner ? [] : [`F${frame}`],
  );
  return changed.length === 0 ? "" : ` (${changed.join(", ")})`;
}

function handlerStep(kind: StepKind, { move, before, after }: Transition): string {
  const text = STEP_TEXTS[kind];
  const { faultIsServed, faultFrame } = after.devices[move.index]!;
  switch (kind) {
    case StepKind.HandleFault:
      if (!faultIsServed) return `${text}: INVALID`;
      // Only a handler that fills a mirror remembers the frame.
      return faultFrame < after.frames.length ? `${text}: F${faultFrame}` : `${text}: served`;
    case StepKind.CheckCountAndSequence:
    case StepKind.CheckSequence:
      return faultIsServed ? `${text}: unchanged` : `${text}: start over`;
    case StepKind.Respond:
      return before.devices[move.index]!.faultIsServed ? `${text} SUCCESS` : `${text} INVALID`;
    default:
      return text;
  }
}

function deviceMove({ move, before, after }: Transition): string {
  const was = before.devices[move.index]!;
  const is = after.devices[move.index]!;
  switch (move.kind) {
    case DeviceMove.IssueRead:
    case DeviceMove.IssueWrite: {
      const kind = move.kind === DeviceMove.IssueRead ? "read" : "write";
      return `issue ${kind} of page ${move.page}: ATC hit, F${is.inFlightFrame}`;
    }
    case DeviceMove.Land: {
      const { owner } = before.frames[was.inFlightFrame]!;
      return `${was.inFlight!} reaches F${was.inFlightFrame} (${OWNER_TEXTS[owner]})`;
    }
    case DeviceMove.Evict:
      return `evict page ${move.page} from ATC`;
    case DeviceMove.FillAtc:
      return `fill ATC from IOTLB: page ${move.page} -> ${entryText(is.atc[move.page]!)}`;
    case DeviceMove.WalkRead:
    case DeviceMove.WalkWrite: {
      const kind = move.kind === DeviceMove.WalkRead ? "read" : "write";
      return `walk page ${move.page} for ${kind} -> ${walkResult(is, move.page)}`;
    }
    case DeviceMove.Retry: {
      const kind = was.requestIsWrite ? "write" : "read";
      return `walk page ${was.requestPage} again for ${kind} -> ${retryResult(was, is)}`;
    }
  }
}

function walkResult(device: DeviceState, page: number): string {
  if (device.request === "outstanding") return "page request";
  return cachedEntry(device, page);
}

function retryResult(was: DeviceState, is: DeviceState): string {
  if (is.isFailed) return `refused ${was.refusals + 1} times: device fails`;
  // A device that never gives up does not count.
  const count = is.refusals === 0 ? "" : ` (${is.refusals})`;
  if (is.request === "outstanding") return `refused, page request again${count}`;
  return cachedEntry(is, was.requestPage);
}

/** What a successful walk has left in the cache that it fills. */
function cachedEntry(device: DeviceState, page: number): string {
  return entryText(device.iotlb[page] ?? device.atc[page] ?? null);
}

export function entryText(entry: Entry): string {
  if (entry === null) return "none";
  switch (entry.kind) {
    case "table":
      return "table";
    case "migration":
      return `migration F${entry.frame}`;
    case "page":
      return `F${entry.frame} ${entry.isWritable ? "rw" : "ro"}`;
  }
}

export const OWNER_TEXTS: Record<FrameOwner, string> = {
  [FrameOwner.Free]: "free",
  [FrameOwner.Mm]: "mm",
  [FrameOwner.Shared]: "shared",
  [FrameOwner.Elsewhere]: "another mm",
  [FrameOwner.Held]: "held by pin",
  [FrameOwner.Reused]: "somebody else",
};
