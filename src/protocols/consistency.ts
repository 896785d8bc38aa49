/**
 * What a protocol cannot mean although each of its steps is known: a step in a place where nobody
 * could take it, a condition that nothing decides, a handler that never answers.
 */
import { StepCondition } from "../abi/vocabulary.generated.js";
import type { Protocol, ProtocolStep } from "./shape.js";
import { PROTOCOL_STEPS, STEP_CONDITIONS, type ProtocolStepName } from "./steps.js";

/** Reports what is wrong at a path inside the protocol, and what to try. */
export type Report = (path: (string | number)[], problem: string, hint: string) => void;

const CALLBACKS = ["rangeStart", "beforeChange", "secondaryFlush", "rangeEnd"] as const;

/** A step with its defaults filled in, and where it is written. */
interface Place {
  readonly list: (typeof CALLBACKS)[number] | "fault";
  readonly at: number;
  readonly name: ProtocolStepName;
  readonly condition: StepCondition;
  readonly isJoined: boolean;
  readonly isLast: boolean;
  readonly hasSites: boolean;
}

export function checkProtocol(protocol: Protocol, report: Report): void {
  const handler = placesOf("fault", protocol.fault);
  const callbacks = CALLBACKS.flatMap((list) => placesOf(list, protocol[list]));
  for (const place of [...callbacks, ...handler]) {
    checkPlace(place, report);
    checkReads(place, protocol, report);
  }
  checkConditions(callbacks, report);
  checkCounts(callbacks, report);
  checkDriverLock(callbacks, handler, report);
  checkHandler(protocol, handler, report);
  checkTraits(protocol, report);
}

function placesOf(list: Place["list"], steps: readonly ProtocolStep[]): Place[] {
  return steps.map((step, at) => {
    const entry = typeof step === "string" ? { do: step } : step;
    const { condition } = PROTOCOL_STEPS[entry.do];
    return {
      list,
      at,
      name: entry.do,
      condition: entry.if === undefined ? condition : STEP_CONDITIONS[entry.if],
      isJoined: entry.joined === true,
      isLast: at === steps.length - 1,
      hasSites: entry.at !== undefined,
    };
  });
}

function pathOf({ list, at }: Place): (string | number)[] {
  return [list, at];
}

function checkPlace(place: Place, report: Report): void {
  const { takenBy } = PROTOCOL_STEPS[place.name];
  const isHandler = place.list === "fault";
  if (takenBy === "handler" && !isHandler) {
    report(
      pathOf(place),
      `${place.name} is a step of the page-request handler`,
      "move it to fault",
    );
  }
  if (takenBy === "callbacks" && isHandler) {
    const hint = `move it to ${CALLBACKS.join(", ")}`;
    report(pathOf(place), `${place.name} is a step of the notifier's callbacks`, hint);
  }
  if (place.isJoined && place.isLast) {
    const hint = "a driver cannot make its last step one with what the mm does next";
    report(pathOf(place), "there is no next step to be joined with", hint);
  }
  if (place.hasSites && place.list !== "secondaryFlush") {
    const hint = "range pairs are not told apart by operation";
    report(pathOf(place), "only a secondary flush knows which flush it is", hint);
  }
}

function checkReads(place: Place, { reads }: Protocol, report: Report): void {
  if (reads === "mirror" || !["install", "zap-mirror"].includes(place.name)) return;
  report(pathOf(place), `${place.name}: there is no mirror`, "write reads: mirror");
}

/** For each condition the steps that decide it. */
const DECIDED_BY = new Map<StepCondition, readonly ProtocolStepName[]>([
  [StepCondition.First, ["count-up", "flag-set"]],
  [StepCondition.NotFirst, ["count-up", "flag-set"]],
  [StepCondition.Last, ["count-down", "flag-clear"]],
  [StepCondition.NotLast, ["count-down", "flag-clear"]],
  [StepCondition.Sampled, ["sample-notifiers"]],
]);

function checkConditions(callbacks: readonly Place[], report: Report): void {
  const taken = new Set(callbacks.map(({ name }) => name));
  for (const place of callbacks) {
    if (
      place.condition === StepCondition.Served &&
      PROTOCOL_STEPS[place.name].takenBy !== "handler"
    ) {
      report(pathOf(place), "only the page-request handler is served", "leave out if: served");
    }
    const deciders = DECIDED_BY.get(place.condition) ?? [];
    if (deciders.length === 0 || deciders.some((name) => taken.has(name))) continue;
    const hint = `it needs ${deciders.join(" or ")} in a callback before it`;
    report(pathOf(place), `${place.name} is never taken: nothing decides its condition`, hint);
  }
}

/**
 * Follows the driver's lock through each callback and through the handler. From range_start on it
 * may be held, also for ever: what that leads to is for an exploration to tell.
 */
function checkDriverLock(
  callbacks: readonly Place[],
  handler: readonly Place[],
  report: Report,
): void {
  const told = new Set<string>();
  const once: Report = (path, problem, hint) => {
    const key = path.join(".");
    if (!told.has(key)) report(path, problem, hint);
    told.add(key);
  };
  const mayBeHeld = callbacks.some(
    ({ list, name }) => list === "rangeStart" && name === "lock-driver",
  );
  for (const untrue of [NOT_ALONE, NOT_WITHIN]) {
    for (const list of CALLBACKS) {
      const steps = callbacks.filter(
        (place) => place.list === list && !untrue.includes(place.condition),
      );
      followDriverLock(steps, mayBeHeld && list !== "rangeStart", once);
    }
  }
  for (const isServed of [true, false]) {
    const way = handler.filter(({ condition }) => isServed || condition !== StepCondition.Served);
    const isHeld = followDriverLock(way, false, once);
    const answer = handler.at(-1);
    if (!isHeld || answer === undefined) continue;
    once(
      pathOf(answer),
      "the handler ends with the driver's lock held",
      "put unlock-driver in front of it",
    );
  }
}

/** What is not true of a range pair while no other is open, and of one inside another. */
const NOT_ALONE = [StepCondition.NotFirst, StepCondition.NotLast];
const NOT_WITHIN = [StepCondition.First, StepCondition.Last];

/**
 * Reports a lock that one callback takes twice, and one that it releases although it cannot have
 * it; `mayBeHeld`: from an earlier callback. Whether it is held behind the steps.
 */
function followDriverLock(steps: readonly Place[], mayBeHeld: boolean, report: Report): boolean {
  let isTaken = false;
  let mayHave = mayBeHeld;
  for (const place of steps) {
    if (place.name === "lock-driver") {
      if (isTaken) {
        report(
          pathOf(place),
          "the driver's lock is held already",
          "put unlock-driver in front of it",
        );
      }
      isTaken = true;
    } else if (place.name === "unlock-driver") {
      if (!isTaken && !mayHave) {
        report(
          pathOf(place),
          "the driver's lock is not held here",
          "put lock-driver in front of it",
        );
      }
      isTaken = false;
      mayHave = false;
    }
  }
  return isTaken;
}

/** What counts open pairs down, and what must count them up. */
const COUNTED_BY: Partial<Record<ProtocolStepName, readonly ProtocolStepName[]>> = {
  "count-down": ["count-up"],
  "flag-clear": ["flag-set", "count-up"],
};

function checkCounts(callbacks: readonly Place[], report: Report): void {
  const taken = new Set(callbacks.map(({ name }) => name));
  for (const place of callbacks) {
    const up = COUNTED_BY[place.name];
    if (up === undefined || up.some((name) => taken.has(name))) continue;
    report(
      pathOf(place),
      `nothing has counted what ${place.name} ends`,
      `put ${up[0]!} in rangeStart`,
    );
  }
}

/** How a handler ends. */
const ENDS: readonly ProtocolStepName[] = ["respond", "respond-success", "hang"];

function checkHandler({ reads, fault }: Protocol, handler: readonly Place[], report: Report): void {
  if (fault.length === 0) {
    if (reads === "shared") return;
    const hint = "such as fault: [lock-mmap, fault, unlock-mmap, install, respond]";
    report(["fault"], "a mirror needs a page-request handler that fills it", hint);
    return;
  }
  for (const place of handler) {
    if (DECIDED_BY.has(place.condition)) {
      const hint = "a handler knows always and served";
      report(pathOf(place), "this condition is decided in callbacks only", hint);
    }
  }
  const isAnswer = ({ name }: Place) => ENDS.includes(name);
  const last = handler.at(-1)!;
  if (!isAnswer(last) || last.condition !== StepCondition.Always) {
    report(pathOf(last), "a page-request handler ends with respond", "put respond behind it");
  }
  for (const early of handler.filter((place) => isAnswer(place) && !place.isLast)) {
    report(pathOf(early), "a page request is answered once", "leave one respond, at the end");
  }
  if (last.name === "respond" && !handler.some(({ name }) => name === "fault")) {
    const hint = "put lock-mmap, fault, unlock-mmap in front of what uses the page";
    report(["fault"], "a page-request handler faults the page in", hint);
  }
  const isWrong = checkMmapLock(handler, report);
  if (isWrong) return;
  // The same way without the steps that only a fault that found a page takes.
  const unserved = handler.filter(({ condition }) => condition !== StepCondition.Served);
  checkMmapLock(unserved, report);
}

/** Follows mmap_lock through a handler; true if something was wrong. */
function checkMmapLock(handler: readonly Place[], report: Report): boolean {
  let isHeld = false;
  let isWrong = false;
  const note: Report = (...what) => {
    isWrong = true;
    report(...what);
  };
  for (const place of handler) {
    const path = pathOf(place);
    if (place.name === "lock-mmap" && isHeld) {
      note(path, "mmap_lock is held already", "put unlock-mmap in front of it");
    } else if (place.name === "unlock-mmap" && !isHeld) {
      note(path, "mmap_lock is not held here", "put lock-mmap in front of it");
    } else if (place.name.startsWith("check-") && isHeld) {
      note(path, "starting over would keep mmap_lock for ever", "put unlock-mmap in front of it");
    } else if (place.name.startsWith("respond") && isHeld) {
      note(path, "the handler ends with mmap_lock held", "put unlock-mmap in front of it");
    }
    if (place.name === "lock-mmap") isHeld = true;
    if (place.name === "unlock-mmap") isHeld = false;
  }
  return isWrong;
}

function checkTraits({ reads, levels, traits }: Protocol, report: Report): void {
  const has = (trait: Protocol["traits"][number]) => traits.includes(trait);
  const path = (trait: Protocol["traits"][number]) => ["traits", traits.indexOf(trait)];
  if (levels === "two" && reads === "mirror") {
    report(["levels"], "a mirror has no IOTLB behind it", "leave out levels: two");
  }
  if (has("pins") && reads === "shared") {
    report(path("pins"), "pins go with what a mirror holds", "write reads: mirror");
  }
  if (has("pins-ignored-by-fork") && !has("pins")) {
    report(path("pins-ignored-by-fork"), "nothing is pinned", "add the trait pins");
  }
  if (has("late-registration") && has("locked-registration")) {
    const hint = "leave one of the two";
    report(path("locked-registration"), "the notifier registers without a lock already", hint);
  }
}
