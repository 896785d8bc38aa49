/**
 * Every way to drop, delay, weaken or swap a step of a protocol: what each flush, wait and lock is
 * for shows when it is gone, comes too late, or does less.
 */
import {
  dropStep,
  dropSteps,
  LIST_TITLES,
  LISTS,
  moveStep,
  places,
  replaceStep,
  replaceSteps,
  stepAt,
  stepsOf,
  swapSteps,
  withLists,
  withTraits,
  type ListName,
  type StepPlace,
} from "../protocols/edit.js";
import type { Protocol } from "../protocols/schema.js";
import type { ProtocolStepName } from "../protocols/steps.js";
import { argumentsOf, protocolArgument } from "../scenario/arguments.js";

export type MutationKind = "drop" | "delay" | "weaken" | "swap";

export interface Mutation {
  readonly kind: MutationKind;
  /** What was changed, such as `drop invalidate in range_end`. */
  readonly text: string;
  readonly protocol: Protocol;
}

const checkProtocol = argumentsOf("mutationsOf", { protocol: protocolArgument });

/** The protocol's mutations that still mean something, each protocol once. */
export function mutationsOf(protocol: Protocol): Mutation[] {
  checkProtocol({ protocol });
  const candidates = [
    ...places(protocol).flatMap((place) => [
      drop(protocol, place),
      ...delays(protocol, place),
      ...weakenings(protocol, place),
      swap(protocol, place),
    ]),
    withHandler(protocol, "answer SUCCESS whatever the fault finds", "respond-success", true),
    withHandler(protocol, "answer SUCCESS without handling the fault", "respond-success", false),
    withHandler(protocol, "never answer a page request", "hang", true),
    ...namesOf(protocol).map((name) => dropEverywhere(protocol, name)),
    ...namesOf(protocol).flatMap((name) => weakenEverywhere(protocol, name)),
    ...protocol.traits.map((trait) => dropTrait(protocol, trait)),
  ];
  const seen = new Set([contentOf(protocol)]);
  const mutations: Mutation[] = [];
  for (const candidate of candidates) {
    if (candidate.protocol === null || seen.has(contentOf(candidate.protocol))) continue;
    seen.add(contentOf(candidate.protocol));
    const { kind, text } = candidate;
    const id = `${protocol.id}-mutation-${mutations.length + 1}`;
    mutations.push({ kind, text, protocol: { ...candidate.protocol, id, title: text } });
  }
  return mutations;
}

interface Candidate extends Omit<Mutation, "protocol"> {
  readonly protocol: Protocol | null;
}

/** What makes a protocol what it is. */
function contentOf(protocol: Protocol): string {
  const lists = LISTS.map((list) => stepsOf(protocol, list));
  return JSON.stringify([lists, [...protocol.traits].sort()]);
}

function drop(protocol: Protocol, place: StepPlace): Candidate {
  const text = `drop ${nameOf(protocol, place)}`;
  return { kind: "drop", text, protocol: dropStep(protocol, place) };
}

/** Another end of the page-request handler, behind its other steps or in place of them. */
function withHandler(
  protocol: Protocol,
  text: string,
  end: ProtocolStepName,
  keepsSteps: boolean,
): Candidate {
  const steps = keepsSteps ? stepsOf(protocol, "fault").slice(0, -1) : [];
  return {
    kind: "weaken",
    text,
    protocol: withLists(protocol, { fault: [...steps, { do: end }] }),
  };
}

/** Whatever is there twice, or stands for a pair, is gone only when all of it is. */
function dropEverywhere(protocol: Protocol, name: ProtocolStepName): Candidate {
  const names: ProtocolStepName[] =
    name === "install-empty-table" ? [name, "restore-table"] : [name];
  const text = `drop every ${names.join(" and ")}`;
  return { kind: "drop", text, protocol: dropSteps(protocol, names) };
}

function namesOf(protocol: Protocol): ProtocolStepName[] {
  return [...new Set(places(protocol).map((place) => stepAt(protocol, place).do))];
}

function swap(protocol: Protocol, place: StepPlace): Candidate {
  const next = stepsOf(protocol, place.list)[place.at + 1]?.do ?? "nothing";
  const { do: name } = stepAt(protocol, place);
  const text = `swap ${name} and ${next} in ${LIST_TITLES[place.list]}`;
  return { kind: "swap", text, protocol: swapSteps(protocol, place) };
}

/** What an invalidation is called that nobody waits for. */
const NOT_WAITED: Partial<Record<ProtocolStepName, ProtocolStepName>> = {
  invalidate: "queue-invalidate",
  "invalidate-leaf": "queue-invalidate",
  "invalidate-reads-only": "queue-invalidate",
  "invalidate-atc": "queue-invalidate-atc",
};

/** What does less than a step: it leaves the walk cache alone, or does not wait for writes. */
const WEAKER: Partial<Record<ProtocolStepName, readonly ProtocolStepName[]>> = {
  invalidate: ["invalidate-leaf", "invalidate-reads-only"],
  "invalidate-iotlb": ["invalidate-leaf"],
  "count-up": ["flag-set"],
  "count-down": ["flag-clear"],
  "check-count-and-sequence": ["check-sequence"],
};

function weakenEverywhere(protocol: Protocol, name: ProtocolStepName): Candidate[] {
  return (WEAKER[name] ?? []).map((weaker) => ({
    kind: "weaken",
    text: `${weaker} in place of every ${name}`,
    protocol: replaceSteps(protocol, name, weaker),
  }));
}

function weakenings(protocol: Protocol, place: StepPlace): Candidate[] {
  const { do: name } = stepAt(protocol, place);
  return (WEAKER[name] ?? []).map((weaker) => ({
    kind: "weaken",
    text: `${weaker} in place of ${nameOf(protocol, place)}`,
    protocol: replaceStep(protocol, place, weaker),
  }));
}

const LATER: Partial<Record<ListName, ListName>> = {
  rangeStart: "secondaryFlush",
  beforeChange: "secondaryFlush",
  secondaryFlush: "rangeEnd",
};

function delays(protocol: Protocol, place: StepPlace): Candidate[] {
  const { do: name } = stepAt(protocol, place);
  const kind = "delay";
  const candidates: Candidate[] = [];
  const unwaited = NOT_WAITED[name];
  if (unwaited !== undefined && place.list !== "fault") {
    const text = `do not wait for ${nameOf(protocol, place)}`;
    candidates.push({ kind, text, protocol: replaceStep(protocol, place, unwaited) });
  }
  const later = LATER[place.list];
  if (later !== undefined) {
    const text = `delay ${nameOf(protocol, place)} to ${LIST_TITLES[later]}`;
    candidates.push({ kind, text, protocol: moveStep(protocol, place, { list: later, at: 0 }) });
  }
  const last = stepsOf(protocol, place.list).length - 2;
  if (place.at < last) {
    const text = `delay ${nameOf(protocol, place)} to the end of it`;
    const to = { list: place.list, at: place.list === "fault" ? last : last + 1 };
    candidates.push({ kind, text, protocol: moveStep(protocol, place, to) });
  }
  return candidates;
}

function dropTrait(protocol: Protocol, trait: Protocol["traits"][number]): Candidate {
  const dependent = trait === "pins" ? "pins-ignored-by-fork" : null;
  const traits = protocol.traits.filter((one) => one !== trait && one !== dependent);
  return { kind: "drop", text: `drop the trait ${trait}`, protocol: withTraits(protocol, traits) };
}

function nameOf(protocol: Protocol, place: StepPlace): string {
  return `${stepAt(protocol, place).do} in ${LIST_TITLES[place.list]}`;
}
