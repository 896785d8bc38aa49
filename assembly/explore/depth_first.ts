/**
 * Depth-first, in fixed memory: for worlds whose states cannot all be kept. Either to the given
 * depth at once, or deeper step by step, so that the first violation found is a shortest one.
 *
 * Simplifies: visited states are known by their hashes only, so that some may be missed; whoever
 *             asks is told so.
 * Source:     R. E. Korf, Depth-first iterative-deepening (1985).
 */
import { ExploreEnd } from "../abi/vocabulary";
import { allocate } from "../base/bytes";
import { WORDS_MAX } from "./codec";
import { PathFinder } from "./path_finder";
import { RowStack } from "./row_stack";
import { Search } from "./search";
import { hashOf } from "./state_store";
import { Terrain } from "./terrain";
import { Visited } from "./visited";

/** Where iterative deepening begins. */
const FIRST_BOUND: u32 = 4;
const PROPERTIES: i32 = 8;
/** Steps of the longest path that is followed. */
export const DEPTH_MAX: u32 = 2000;

export class DepthFirst extends Search {
  private met: f64 = 0;
  private bound: u32 = 0;
  /** Some state lay at the bound and was not expanded. */
  private isCut: bool = false;
  /** Some state has a count that its cell cannot hold, and was not entered. */
  private isCutOff: bool = false;
  private readonly rowBytes: usize;
  private readonly stack: RowStack;
  /** The states on the way to the present one, and on the way to each violation. */
  private readonly path: usize;
  private readonly violating: StaticArray<usize> = new StaticArray<usize>(PROPERTIES);
  private readonly lengths: StaticArray<u32> = new StaticArray<u32>(PROPERTIES);
  private readonly scratch: usize = allocate((<usize>WORDS_MAX) << 3);

  constructor(
    private readonly terrain: Terrain,
    private readonly visited: Visited,
    /** Go deeper step by step. */
    private readonly isIterative: bool,
  ) {
    super();
    const rowBytes = terrain.rowBytes();
    this.rowBytes = rowBytes;
    this.stack = new RowStack(rowBytes);
    this.path = allocate(<usize>(DEPTH_MAX + 1) * rowBytes);
  }

  run(budget: u32, maxStates: u32, maxBytes: f64, maxDepth: u32): ExploreEnd {
    const deepest = min(maxDepth, DEPTH_MAX);
    for (let i: u32 = 0; i < budget; i++) {
      if (this.stack.count == 0 && !this.beginIteration(deepest)) {
        if (this.isCutOff) return ExploreEnd.CutOff;
        return this.isCut ? ExploreEnd.Depth : ExploreEnd.Hashed;
      }
      if (this.met >= <f64>maxStates) return ExploreEnd.States;
      this.visit(this.stack.pop());
    }
    return this.bytes() > maxBytes ? ExploreEnd.Memory : ExploreEnd.Running;
  }

  states(): f64 {
    return this.met;
  }

  bytes(): f64 {
    const paths = <f64>(DEPTH_MAX + 1) * <f64>this.rowBytes;
    return this.visited.bytes() + this.stack.bytes() + paths;
  }

  trace(property: u32, block: usize): u32 {
    const finder = new PathFinder(this.terrain);
    const steps = unchecked(this.lengths[property]);
    for (let at: u32 = 1; at < steps; at++) {
      const row = unchecked(this.violating[property]) + <usize>at * this.rowBytes;
      finder.traceStep(row, at - 1, block);
    }
    return finder.traceViolation(property, steps - 1, block);
  }

  /** Puts the initial state on the stack with the next bound; false: there is no further bound. */
  private beginIteration(deepest: u32): bool {
    const isFirst = this.bound == 0;
    if (!isFirst && (!this.isIterative || !this.isCut || this.bound >= deepest)) return false;
    const next = isFirst ? FIRST_BOUND : this.bound + 1;
    this.bound = this.isIterative ? min(next, deepest) : deepest;
    this.isCut = false;
    memory.copy(this.scratch, this.terrain.initial, this.rowBytes);
    this.terrain.canonicalize(this.scratch);
    this.enter(0);
    // The initial state is known from the last iteration, with fewer steps left.
    if (this.stack.count == 0) this.stack.push(this.scratch, 0);
    return true;
  }

  private visit(entry: usize): void {
    const depth = this.stack.depthOf(entry);
    memory.copy(this.path + <usize>depth * this.rowBytes, entry, this.rowBytes);
    if (depth >= this.bound) {
      this.isCut = true;
      return;
    }
    this.depth = max(this.depth, depth);
    const moves = this.terrain.moves;
    this.terrain.instance.codec.moveTo(this.path + <usize>depth * this.rowBytes);
    for (let move: u32 = 0; move < moves.count; move++) {
      if (moves.isEnabled(move)) this.takeAllWays(move, depth);
    }
  }

  private takeAllWays(move: u32, depth: u32): void {
    const instance = this.terrain.instance;
    const codec = instance.codec;
    const choice = instance.choice;
    choice.reset();
    let more = true;
    while (more) {
      this.terrain.moves.take(move);
      const violated = instance.scene.oracle.take();
      if (violated != 0) this.note(violated, depth + 1);
      codec.encodeAndRestore(this.scratch);
      this.transitions += 1;
      more = choice.advance();
      if (codec.hasOutgrown) {
        codec.hasOutgrown = false;
        this.isCutOff = true;
        continue;
      }
      this.terrain.canonicalize(this.scratch);
      this.enter(depth + 1);
    }
  }

  /** Puts the state at `scratch` on the stack, unless it has been expanded from as near. */
  private enter(depth: u32): void {
    const hash = hashOf(this.scratch, this.terrain.instance.codec.words);
    if (this.visited.enter(hash, this.bound - depth)) return;
    this.met += 1;
    this.stack.push(this.scratch, depth);
  }

  /** Keeps the way to a violation of `steps` steps, if none as short is known. */
  private note(violated: u32, steps: u32): void {
    this.violations.found |= violated;
    for (let property = 0; property < PROPERTIES; property++) {
      if ((violated & (1 << property)) == 0) continue;
      const known = unchecked(this.lengths[property]);
      if (known != 0 && known <= steps) continue;
      if (known == 0) {
        unchecked((this.violating[property] = allocate(<usize>DEPTH_MAX * this.rowBytes)));
      }
      unchecked((this.lengths[property] = steps));
      memory.copy(unchecked(this.violating[property]), this.path, <usize>steps * this.rowBytes);
    }
  }
}
