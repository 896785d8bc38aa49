/**
 * Finds the steps of a path again from the states that it goes through. Where symmetry counts,
 * these say so up to the names of things, and the steps found are those of one concrete run.
 */
import { PathStep } from "../abi/records";
import { allocate } from "../base/bytes";
import { WORDS_MAX } from "./codec";
import { Graph } from "./graph";
import { Terrain } from "./terrain";

/** Bytes of the block that the host reads. */
export const REPORT_BYTES: u32 = 16384;
/** Stands for any step, whatever it violates. */
const NO_PROPERTY: u32 = 32;

export class PathFinder {
  /** The step found last. */
  private move: u32 = 0;
  private choices: u32 = 0;
  private readonly packed: usize = allocate((<usize>WORDS_MAX) << 3);
  private readonly canonical: usize = allocate((<usize>WORDS_MAX) << 3);

  /** Begins at the initial state. */
  constructor(private readonly terrain: Terrain) {
    terrain.instance.codec.decodeAll(terrain.initial);
  }

  /**
   * Goes on to the state packed at `row`, by a step that fulfils the obligation, if one is given.
   */
  goTo(row: usize, graph: Graph | null = null, obligation: u32 = 0): bool {
    const moves = this.terrain.moves;
    for (let move: u32 = 0; move < moves.count; move++) {
      if (obligation != 0 && graph!.obligation(move) != obligation) continue;
      if (moves.isEnabled(move) && this.tries(move, row, NO_PROPERTY)) return true;
    }
    return false;
  }

  /** Writes the step to the state packed at `row` as step `at` of a path. */
  traceStep(row: usize, at: u32, block: usize): void {
    const isStep = this.goTo(row);
    assert(isStep, "each state of a path is a step behind the one before");
    this.write(at, block);
  }

  /** Writes the step that violates the property as the last one of a path; returns its length. */
  traceViolation(property: u32, at: u32, block: usize): u32 {
    const moves = this.terrain.moves;
    let isViolated: bool = false;
    for (let move: u32 = 0; move < moves.count && !isViolated; move++) {
      isViolated = moves.isEnabled(move) && this.tries(move, 0, property);
    }
    assert(isViolated, "the state before a violation has a step that violates");
    this.write(at, block);
    return at + 1;
  }

  /** Writes the step found last. */
  write(at: u32, block: usize): void {
    writeStep(at, block, this.move, this.choices);
  }

  /** Tries every way of a move: one leads to the state at `row`, or violates the property. */
  private tries(move: u32, row: usize, property: u32): bool {
    const terrain = this.terrain;
    const choice = terrain.instance.choice;
    choice.reset();
    let more = true;
    while (more) {
      terrain.moves.take(move);
      const violated = terrain.instance.scene.oracle.take();
      terrain.instance.codec.encodeAndRestore(this.packed);
      if (property == NO_PROPERTY ? this.isAt(row) : (violated & (1 << property)) != 0) {
        this.move = move;
        this.choices = choice.code();
        terrain.instance.codec.moveTo(this.packed);
        return true;
      }
      more = choice.advance();
    }
    return false;
  }

  private isAt(row: usize): bool {
    memory.copy(this.canonical, this.packed, this.terrain.rowBytes());
    this.terrain.canonicalize(this.canonical);
    return this.terrain.areEqual(this.canonical, row);
  }
}

/** Writes step `at` of a path. */
export function writeStep(at: u32, block: usize, move: u32, choices: u32): void {
  assert((at + 1) * <u32>offsetof<PathStep>() <= REPORT_BYTES, "a path fits the report");
  const step = changetype<PathStep>(block + <usize>at * offsetof<PathStep>());
  step.move = move;
  step.choices = choices;
}
