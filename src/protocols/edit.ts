/** Changes to single steps of a protocol: dropped, moved, replaced, put in. */
import { SHARED_TABLE_HANDLER } from "./encode.js";
import { ProtocolSchema, type Protocol, type ProtocolStep } from "./schema.js";
import type { ProtocolStepName } from "./steps.js";

/** The lists of a protocol in the order in which an operation comes to them, and the handler. */
export const LISTS = ["rangeStart", "beforeChange", "secondaryFlush", "rangeEnd", "fault"] as const;
export type ListName = (typeof LISTS)[number];

/** What the kernel calls the lists. */
export const LIST_TITLES: Record<ListName, string> = {
  rangeStart: "range_start",
  beforeChange: "before the entry changes",
  secondaryFlush: "the secondary flush",
  rangeEnd: "range_end",
  fault: "the fault handler",
};

/** A step written out. */
export type StepObject = Exclude<ProtocolStep, string>;

/** Where a step is written. */
export interface StepPlace {
  readonly list: ListName;
  readonly at: number;
}

export function stepsOf(protocol: Protocol, list: ListName): StepObject[] {
  const steps = protocol[list];
  const written: readonly ProtocolStep[] =
    list === "fault" && steps.length === 0 ? SHARED_TABLE_HANDLER : steps;
  return written.map((step) => (typeof step === "string" ? { do: step } : { ...step }));
}

/** Every step of a protocol, callbacks first; the handler of a shared table is among them. */
export function places(protocol: Protocol): StepPlace[] {
  return LISTS.flatMap((list) => stepsOf(protocol, list).map((_, at) => ({ list, at })));
}

export function stepAt(protocol: Protocol, { list, at }: StepPlace): StepObject {
  return stepsOf(protocol, list)[at]!;
}

/** The protocol with other lists, or null if it means nothing then. */
export function withLists(
  protocol: Protocol,
  lists: Partial<Record<ListName, readonly StepObject[]>>,
): Protocol | null {
  const own = Object.entries(lists).map(([list, steps]) => [list, endsAlone(steps)] as const);
  const result = ProtocolSchema.safeParse({ ...protocol, ...Object.fromEntries(own) });
  return result.success ? result.data : null;
}

/** The protocol with other traits, or null if it means nothing then. */
export function withTraits(protocol: Protocol, traits: Protocol["traits"]): Protocol | null {
  const result = ProtocolSchema.safeParse({ ...protocol, traits });
  return result.success ? result.data : null;
}

/** The last step of a list is joined with nothing. */
function endsAlone(steps: readonly StepObject[]): StepObject[] {
  return steps.map(({ joined, ...step }, at) =>
    joined === true && at < steps.length - 1 ? { ...step, joined } : step,
  );
}

const PARTNERS: Partial<Record<ProtocolStepName, ProtocolStepName>> = {
  "lock-driver": "unlock-driver",
  "lock-mmap": "unlock-mmap",
  "count-up": "count-down",
  "flag-set": "flag-clear",
};

/**
 * Without a step. What only undoes it goes as well: the unlock of a lock in the same list, the
 * count-down of a count-up in another.
 */
export function dropStep(protocol: Protocol, place: StepPlace): Protocol | null {
  const { do: name } = stepAt(protocol, place);
  const partner = PARTNERS[name];
  const dropped = stepsOf(protocol, place.list).filter(
    (step, at) => at !== place.at && !(at > place.at && step.do === partner),
  );
  if (partner === undefined || name.startsWith("lock-")) {
    return withLists(protocol, { [place.list]: dropped });
  }
  const lists = LISTS.map((list) => {
    const steps = list === place.list ? dropped : stepsOf(protocol, list);
    return [list, steps.filter((step) => step.do !== partner)] as const;
  });
  const changed = lists.filter(([list]) => list !== "fault" || protocol.fault.length > 0);
  return withLists(protocol, Object.fromEntries(changed));
}

/** Without any step of these names. */
export function dropSteps(protocol: Protocol, names: readonly ProtocolStepName[]): Protocol | null {
  const lists = LISTS.map(
    (list) => [list, stepsOf(protocol, list).filter((step) => !names.includes(step.do))] as const,
  );
  const isOwnHandler = protocol.fault.length > 0;
  const written = lists.filter(([list]) => list !== "fault" || isOwnHandler);
  return withLists(protocol, Object.fromEntries(written));
}

/**
 * With two neighbours of a list in the other order; what joins them to others stays in its place.
 */
export function swapSteps(protocol: Protocol, { list, at }: StepPlace): Protocol | null {
  const steps = stepsOf(protocol, list);
  const [first, second] = [steps[at], steps[at + 1]];
  if (first === undefined || second === undefined) return null;
  steps[at] = joinedAs(second, first);
  steps[at + 1] = joinedAs(first, second);
  return withLists(protocol, { [list]: steps });
}

/** With a step at another place; `to.at` counts without the step itself. */
export function moveStep(protocol: Protocol, from: StepPlace, to: StepPlace): Protocol | null {
  const step = stepAt(protocol, from);
  const source = stepsOf(protocol, from.list).filter((_, at) => at !== from.at);
  const target = from.list === to.list ? source : stepsOf(protocol, to.list);
  // A step that comes into the middle of an atomic action becomes a part of it.
  const isInside = target[to.at - 1]?.joined === true;
  const moved = target.toSpliced(to.at, 0, joinedAs(step, { do: step.do, joined: isInside }));
  return withLists(protocol, { [from.list]: source, [to.list]: moved });
}

/** With another step in the place of one. */
export function replaceStep(
  protocol: Protocol,
  { list, at }: StepPlace,
  name: ProtocolStepName,
): Protocol | null {
  const steps = stepsOf(protocol, list);
  steps[at] = { ...steps[at]!, do: name };
  return withLists(protocol, { [list]: steps });
}

/** With another step in the place of every one of a name. */
export function replaceSteps(
  protocol: Protocol,
  name: ProtocolStepName,
  other: ProtocolStepName,
): Protocol | null {
  const lists = LISTS.map((list) => {
    const steps = stepsOf(protocol, list);
    return [list, steps.map((step) => (step.do === name ? { ...step, do: other } : step))] as const;
  });
  const isOwnHandler = protocol.fault.length > 0;
  const written = lists.filter(([list]) => list !== "fault" || isOwnHandler);
  return withLists(protocol, Object.fromEntries(written));
}

/** With one more step. */
export function insertStep(
  protocol: Protocol,
  { list, at }: StepPlace,
  step: StepObject,
): Protocol | null {
  return withLists(protocol, { [list]: stepsOf(protocol, list).toSpliced(at, 0, step) });
}

function joinedAs(step: StepObject, { joined }: StepObject): StepObject {
  const same = { ...step };
  delete same.joined;
  return joined === true ? { ...same, joined } : same;
}
