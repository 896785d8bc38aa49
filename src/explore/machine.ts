/** One core that explores and replays small worlds, one after the other. */
import { z } from "zod";
import { Core } from "../abi/core.js";
import { encodeRecord, readRecord, recordSize } from "../abi/records.js";
import {
  ExploreMethod,
  ExploreMode,
  type ActorKind,
  type DeviceMove,
  type ExploreEnd,
  type StepKind,
} from "../abi/vocabulary.generated.js";
import { encodeProtocol } from "../protocols/encode.js";
import { argumentsOf, InvalidArgument } from "../scenario/arguments.js";
import { propertyArgument, worldArgument } from "./arguments.js";
import { OPERATIONS } from "./operations.js";
import { PROPERTIES, type PropertyId } from "./properties.js";
import type { SmallWorld } from "./small_world.js";
import { readWorldState, type WorldState } from "./world_state.js";

/** One step of a path: whose turn it is, and the answers to what its step asks. */
export interface PathStep {
  readonly move: number;
  readonly choices: number;
}

/** A move as it was taken. */
export interface Move {
  readonly actor: ActorKind;
  /** Which device, frame or queue. */
  readonly index: number;
  readonly kind: DeviceMove;
  readonly page: number;
  /** The steps of its program that it took at once. */
  readonly steps: readonly StepKind[];
  /** The last of them went another way than on: it gave up, or starts over. */
  readonly hasBranched: boolean;
}

/** A run in which a device waits for an answer for ever. */
export interface Unserved {
  /** strong: even though whatever is possible again and again happens again and again. */
  readonly fairness: "weak" | "strong";
  readonly path: readonly PathStep[];
  /** The number of steps before the cycle; null: the run ends. */
  readonly loop: number | null;
}

/** How a world is searched. */
export interface SearchPlan {
  readonly mode: ExploreMode;
  readonly method: ExploreMethod;
  /** A depth-first search has a table of so many bytes: 2 to this power. */
  readonly tableShift: number;
  /** Of random walks: what decides their turns, and how many there are. */
  readonly seed: bigint;
  readonly walks: number;
}

const PLAIN: SearchPlan = {
  mode: ExploreMode.Plain,
  method: ExploreMethod.BreadthFirst,
  tableShift: 0,
  seed: 0n,
  walks: 0,
};

/** Where exploration ends although there are more states. */
export interface Limits {
  readonly states: number;
  readonly bytes: number;
  readonly depth: number;
}

export interface Taken {
  /** The answers fitted the questions. */
  readonly fits: boolean;
  readonly violated: readonly PropertyId[];
}

const checkBoot = argumentsOf("boot", { world: worldArgument, search: z.looseObject({}) });
const natural = z.int().min(0);
const checkRun = argumentsOf("run", {
  budget: natural,
  limits: z.strictObject({ states: natural, bytes: natural, depth: natural }),
});
const checkStep = argumentsOf("take", { move: natural, choices: natural });
/** Whether a step is sound, sooner than checkStep() says it: paths are gone along often. */
function isStep(step: PathStep | null | undefined): boolean {
  return step != null && isNatural(step.move) && isNatural(step.choices);
}

function isNatural(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

const checkMove = argumentsOf("ExploreMachine", { move: natural });
const checkSteps = argumentsOf("countRuns", { steps: natural });
const checkProperty = argumentsOf("ExploreMachine", { property: propertyArgument });

export class ExploreMachine {
  private world: SmallWorld | null = null;

  private constructor(private readonly core: Core) {}

  static async create(): Promise<ExploreMachine> {
    return new ExploreMachine(await Core.create());
  }

  /** Puts a world in its initial state; what was explored before is forgotten. */
  boot(world: SmallWorld, search: Partial<SearchPlan> = {}): void {
    checkBoot({ world, search });
    const { exports } = this.core;
    const protocol = encodeProtocol(world.protocol);
    this.core.bytes(exports.protocolBlock(), protocol.length).set(protocol);
    const { devices, pages, retryLimit } = world;
    const { code: operation } = OPERATIONS[world.operation];
    const { mode, method, tableShift, seed, walks } = { ...PLAIN, ...search };
    const spec = { operation, devices, pages, retryLimit, mode, method, tableShift, seed, walks };
    const encoded = encodeRecord("ExploreSpec", spec);
    this.core.bytes(exports.reportBlock(), encoded.length).set(encoded);
    exports.exploreBoot();
    this.world = world;
  }

  /** The core, once it has a world. */
  private get exports(): Core["exports"] {
    if (this.world !== null) return this.core.exports;
    throw new InvalidArgument([
      {
        ...{ file: null, line: null, column: null, path: "ExploreMachine" },
        problem: "there is no world yet",
        hint: "call boot(world) first",
      },
    ]);
  }

  /** Expands up to `budget` states; says why it has ended, or that it goes on. */
  run(budget: number, limits: Limits): ExploreEnd {
    checkRun({ budget, limits });
    const { states, bytes, depth } = limits;
    return this.exports.exploreRun(budget, states, bytes, depth);
  }

  /** Steps from the initial state to the states that are being expanded. */
  get depth(): number {
    return this.exports.exploreDepth();
  }

  /** The operation comes to its end; every state was met breadth-first. */
  get ends(): boolean {
    return isSet(this.exports.exploreEnds());
  }

  /** The operation comes to its end, and leaves no pair, empty table or lock behind. */
  get endsTidily(): boolean {
    return isSet(this.exports.exploreEndsTidily());
  }

  /** How many of the known states differ in more than names. */
  get orbits(): number {
    return this.exports.exploreOrbits();
  }

  isViolated(property: PropertyId): boolean {
    checkProperty({ property });
    return isSet(this.exports.exploreIsViolated(PROPERTIES[property].code));
  }

  get states(): number {
    return this.exports.exploreStates();
  }

  get transitions(): number {
    return this.exports.exploreTransitions();
  }

  /** Bytes that the known states take. */
  get bytes(): number {
    return this.exports.exploreBytes();
  }

  /** A shortest path to a violation of the property, or null if none was found. */
  path(property: PropertyId): PathStep[] | null {
    const { exports } = this;
    if (!this.isViolated(property)) return null;
    const { code } = PROPERTIES[property];
    return this.readPath(exports.explorePath(code));
  }

  /** Works on the verdict about `served`; true when it is there. */
  judgeServed(budget: number): boolean {
    return isSet(this.exports.exploreServed(budget));
  }

  /** A run in which a request is never answered; null: there is none. */
  unserved(): Unserved | null {
    const { exports } = this;
    const verdict = exports.exploreUnserved();
    if (verdict === 0) return null;
    const stem = exports.exploreUnservedStem();
    const path = this.readPath(exports.exploreUnservedPath());
    const fairness = verdict === 1 ? "weak" : "strong";
    return { fairness, path, loop: path.length > stem ? stem : null };
  }

  private readPath(steps: number): PathStep[] {
    const size = recordSize("PathStep");
    const view = this.core.view(this.exports.reportBlock(), steps * size);
    return Array.from({ length: steps }, (_, at) => readRecord("PathStep", view, at * size));
  }

  /** How many runs of so many steps there are; a plain search has met every state. */
  countRuns(steps: number): bigint {
    checkSteps({ steps });
    let runs = 1n;
    for (let step = 0; step < steps; step++) {
      runs = BigInt.asUintN(64, this.exports.exploreCountRuns());
    }
    return runs;
  }

  /** Of the runs counted last those whose last step violates the property. */
  violatingRuns(property: PropertyId): bigint {
    checkProperty({ property });
    const runs = this.exports.exploreViolatingRuns(PROPERTIES[property].code);
    return BigInt.asUintN(64, runs);
  }

  /** The present state as one number, to tell states apart. */
  fingerprint(): bigint {
    return BigInt.asUintN(64, this.exports.exploreFingerprint());
  }

  /** The obligation that a move fulfils, as one bit; 0: nothing forces it. The graph is kept. */
  obligation(move: number): number {
    if (!isNatural(move)) checkMove({ move });
    const obligation = this.exports.exploreObligation(move);
    return obligation === 0 ? 0 : 1 << (obligation - 1);
  }

  /** The obligations that are possible now, as bits. The graph is kept. */
  obligations(): number {
    let bits = 0;
    for (let move = 0; move < this.exports.exploreMoves(); move++) {
      if (this.isEnabled(move)) bits |= this.obligation(move);
    }
    return bits;
  }

  /** Who has the obligations that `bits` names. The graph is kept. */
  actorsOf(bits: number): Pick<Move, "actor" | "index">[] {
    const { exports } = this.core;
    const moves = Array.from({ length: exports.exploreMoves() }, (_, move) => move);
    return moves
      .filter((move) => (this.obligation(move) & bits) !== 0)
      .map((move) => this.describe(move));
  }

  /** Goes back to the initial state. */
  rewind(): void {
    this.exports.exploreRewind();
  }

  isEnabled(move: number): boolean {
    if (!isNatural(move)) checkMove({ move });
    const { exports } = this;
    return move < exports.exploreMoves() && isSet(exports.exploreIsEnabled(move));
  }

  /** The move that was taken last. */
  describe(move: number): Move {
    if (!isNatural(move)) checkMove({ move });
    const { exports } = this;
    exports.exploreDescribe(move);
    const address = exports.reportBlock();
    const head = recordSize("MoveRecord");
    const record = readRecord("MoveRecord", this.core.view(address, head));
    const steps = [...this.core.bytes(address + head, record.steps)];
    return { ...record, steps, hasBranched: isSet(record.hasBranched) };
  }

  take(step: PathStep): Taken {
    if (!isStep(step)) checkStep(step);
    const { move, choices } = step;
    const { exports } = this;
    const bits = exports.exploreTake(move, choices);
    const violated = (Object.keys(PROPERTIES) as PropertyId[]).filter(
      (id) => (bits & (1 << PROPERTIES[id].code)) !== 0,
    );
    return { fits: isSet(exports.exploreFits()), violated };
  }

  state(): WorldState {
    const { exports } = this;
    exports.exploreState();
    const { devices, pages } = this.world!;
    const head = recordSize("StateRecord");
    const size = recordSize("DeviceRecord");
    const view = this.core.view(exports.reportBlock(), head + devices * size);
    const records = Array.from({ length: devices }, (_, at) =>
      readRecord("DeviceRecord", view, head + at * size),
    );
    return readWorldState(readRecord("StateRecord", view), records, pages);
  }
}

/** The core answers with 0 or 1, whatever its declarations say. */
function isSet(flag: boolean | number): boolean {
  return Number(flag) !== 0;
}
