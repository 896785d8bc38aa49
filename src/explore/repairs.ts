/**
 * Single changes of a protocol that might have prevented a violation: a step that comes earlier or
 * later, that is waited for, that does all it could, or that is there at all.
 */
import {
  insertStep,
  LIST_TITLES,
  LISTS,
  moveStep,
  places,
  replaceStep,
  replaceSteps,
  stepAt,
  stepsOf,
  withLists,
  withTraits,
  type ListName,
  type StepPlace,
} from "../protocols/edit.js";
import type { Protocol } from "../protocols/schema.js";
import type { ProtocolStepName } from "../protocols/steps.js";

export type RepairKind = "wait" | "earlier" | "later" | "count" | "add";

export interface Repair {
  readonly kind: RepairKind;
  /** What is changed, such as `had invalidate come in the secondary flush, not in range_end`. */
  readonly text: string;
  readonly protocol: Protocol;
}

/** The changes that still mean something, the smallest first. */
export function repairsOf(protocol: Protocol): Repair[] {
  const candidates = [
    ...places(protocol).flatMap((place) => waits(protocol, place)),
    ...counts(protocol),
    ...registrations(protocol),
    ...places(protocol)
      .filter((place) => canMove(protocol, place))
      .flatMap((place) => moves(protocol, place)),
    ...additions(protocol),
  ];
  return candidates.flatMap(({ kind, text, protocol: changed }, at) =>
    changed === null || (!installsTooEarly(protocol) && installsTooEarly(changed))
      ? []
      : [
          {
            kind,
            text,
            protocol: { ...changed, id: `${protocol.id}-repair-${at + 1}`, title: text },
          },
        ],
  );
}

/** The handler installs what it has not found yet. */
function installsTooEarly(protocol: Protocol): boolean {
  const names = stepsOf(protocol, "fault").map((step) => step.do);
  return names.includes("install") && names.indexOf("install") < names.indexOf("fault");
}

interface Candidate extends Omit<Repair, "protocol"> {
  readonly protocol: Protocol | null;
}

/** What a step is called that waits for all that it should wait for, or covers all it should. */
const WAITED: Partial<Record<ProtocolStepName, readonly [ProtocolStepName, string]>> = {
  "queue-invalidate": ["invalidate", "been waited for"],
  "queue-invalidate-atc": ["invalidate-atc", "been waited for"],
  "queue-for-timer": ["invalidate", "been done at once and waited for"],
  "invalidate-reads-only": ["invalidate", "waited for writes too"],
  "invalidate-leaf": ["invalidate", "covered the walk cache too"],
};

function waits(protocol: Protocol, place: StepPlace): Candidate[] {
  const { do: name } = stepAt(protocol, place);
  const waited = WAITED[name];
  if (waited === undefined) return [];
  const [stronger, how] = waited;
  const text = `had ${name} in ${LIST_TITLES[place.list]} ${how}`;
  return [{ kind: "wait", text, protocol: replaceStep(protocol, place, stronger) }];
}

/** A count in place of a flag. */
function counts(protocol: Protocol): Candidate[] {
  const counted = replaceSteps(protocol, "flag-set", "count-up");
  if (!places(protocol).some((place) => stepAt(protocol, place).do === "flag-set")) return [];
  const both = counted === null ? null : replaceSteps(counted, "flag-clear", "count-down");
  return [{ kind: "count", text: "had open range pairs been counted", protocol: both }];
}

/** A registration that waits for the locks which an operation holds. */
function registrations(protocol: Protocol): Candidate[] {
  if (!protocol.traits.includes("late-registration")) return [];
  const others = protocol.traits.filter((trait) => trait !== "late-registration");
  const locked = withTraits(protocol, [...others, "locked-registration"]);
  const text = "had registration waited for the locks that operations of the mm hold";
  return [{ kind: "wait", text, protocol: locked }];
}

/** A lock that is taken elsewhere has no unlock there; a fault belongs under mmap_lock. */
const FIXED: readonly ProtocolStepName[] = ["lock-driver", "lock-mmap", "fault", "respond"];

function canMove(protocol: Protocol, place: StepPlace): boolean {
  return !FIXED.includes(stepAt(protocol, place).do);
}

function moves(protocol: Protocol, from: StepPlace): Candidate[] {
  const { do: name } = stepAt(protocol, from);
  const targets =
    from.list === "fault" ? withinHandler(protocol, from) : amongCallbacks(protocol, from);
  return targets.map(({ list, at }) => {
    const isEarlier = LISTS.indexOf(list) - LISTS.indexOf(from.list) || at - from.at;
    const kind = isEarlier < 0 ? "earlier" : "later";
    const where =
      list === from.list
        ? `${kind} in ${LIST_TITLES[list]}${behind(protocol, from, at)}`
        : `${kind}: in ${LIST_TITLES[list]}, not in ${LIST_TITLES[from.list]}`;
    const text = `had ${name} come ${where}`;
    return { kind, text, protocol: moveStep(protocol, from, { list, at }) };
  });
}

/** Which step the moved one would follow. */
function behind(protocol: Protocol, from: StepPlace, at: number): string {
  const others = stepsOf(protocol, from.list).filter((_, index) => index !== from.at);
  const before = others[at - 1];
  return before === undefined ? ", first of all" : `, behind ${before.do}`;
}

function withinHandler(protocol: Protocol, { list, at }: StepPlace): StepPlace[] {
  const last = stepsOf(protocol, list).length - 1;
  const all = Array.from({ length: last }, (_, index) => ({ list, at: index }));
  return all.filter((to) => to.at !== at).sort((a, b) => Math.abs(a.at - at) - Math.abs(b.at - at));
}

const CALLBACKS: readonly ListName[] = ["rangeStart", "beforeChange", "secondaryFlush", "rangeEnd"];

function amongCallbacks(protocol: Protocol, { list, at }: StepPlace): StepPlace[] {
  const own = stepsOf(protocol, list).map((_, index) => ({ list, at: index }));
  const ends = CALLBACKS.filter((other) => other !== list).flatMap((other) => {
    const { length } = stepsOf(protocol, other);
    return length === 0
      ? [{ list: other, at: 0 }]
      : [0, length].map((to) => ({ list: other, at: to }));
  });
  // No kernel calls a driver before an entry changes.
  return [...own.filter((to) => to.at !== at), ...ends.filter((to) => to.list !== "beforeChange")];
}

function additions(protocol: Protocol): Candidate[] {
  const name = protocol.reads === "mirror" ? "zap-mirror" : "invalidate";
  const added = (["secondaryFlush", "rangeEnd", "rangeStart"] as const).map((list) => ({
    kind: "add" as const,
    text: `had there been ${name} in ${LIST_TITLES[list]}`,
    protocol: insertStep(protocol, { list, at: stepsOf(protocol, list).length }, { do: name }),
  }));
  return [...added, ...checks(protocol)];
}

/** A mirror that looks, under the lock under which it installs, whether it was overtaken. */
function checks(protocol: Protocol): Candidate[] {
  const steps = stepsOf(protocol, "fault");
  const install = steps.findIndex((step) => step.do === "install");
  if (protocol.reads === "shared" || install < 0) return [];
  const isChecked = steps.some((step) => step.do.startsWith("check-"));
  if (isChecked) return [];
  const check = { do: "check-count-and-sequence", joined: true } as const;
  const checked = [{ do: "sample-sequence" } as const, ...steps.toSpliced(install, 0, check)];
  const text = "had the handler checked count and sequence under its lock";
  return [{ kind: "add", text, protocol: withLists(protocol, { fault: checked }) }];
}
