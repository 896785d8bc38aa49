/**
 * Walks at random from the initial state, again and again: for worlds that no search can exhaust.
 * The seed decides every turn, so that the same walks are taken again.
 */
import { ExploreEnd } from "../abi/vocabulary";
import { allocate, putWord, wordAt } from "../base/bytes";
import { Random } from "../sim/random";
import { writeStep } from "./path_finder";
import { Search } from "./search";
import { Terrain } from "./terrain";

const PROPERTIES: i32 = 8;
const MOVES_MAX: u32 = 96;
/** Steps of the longest walk. */
const STEPS_MAX: u32 = 2000;

export class RandomWalk extends Search {
  private steps: f64 = 0;
  private walks: u32 = 0;
  private length: u32 = 0;
  private readonly random: Random;
  // The present walk, and for each property the shortest one that ended in its violation.
  private readonly walkMoves: usize = allocate((<usize>STEPS_MAX) << 2);
  private readonly walkChoices: usize = allocate((<usize>STEPS_MAX) << 2);
  private readonly moves: StaticArray<usize> = new StaticArray<usize>(PROPERTIES);
  private readonly choices: StaticArray<usize> = new StaticArray<usize>(PROPERTIES);
  private readonly lengths: StaticArray<u32> = new StaticArray<u32>(PROPERTIES);
  private readonly possible: usize = allocate((<usize>MOVES_MAX) << 2);

  constructor(
    private readonly terrain: Terrain,
    seed: u64,
    private readonly walksMax: u32,
  ) {
    super();
    this.random = new Random(seed);
  }

  run(budget: u32, maxStates: u32, maxBytes: f64, maxDepth: u32): ExploreEnd {
    const longest = min(maxDepth, STEPS_MAX);
    for (let i: u32 = 0; i < budget; i++) {
      if (this.length == 0) {
        if (this.walks == this.walksMax) return ExploreEnd.Walks;
        this.walks++;
        this.terrain.instance.codec.decodeAll(this.terrain.initial);
      }
      if (this.steps >= <f64>maxStates) return ExploreEnd.States;
      if (!this.step() || this.length >= longest) this.length = 0;
    }
    return ExploreEnd.Running;
  }

  states(): f64 {
    return this.steps;
  }

  bytes(): f64 {
    return <f64>(STEPS_MAX << 3);
  }

  trace(property: u32, block: usize): u32 {
    const length = this.lengths[property];
    for (let at: u32 = 0; at < length; at++) {
      const move = wordAt(this.moves[property], at);
      writeStep(at, block, move, wordAt(this.choices[property], at));
    }
    return length;
  }

  /** Takes one of the moves that are possible; false: there is none. */
  private step(): bool {
    const moves = this.terrain.moves;
    let count: u32 = 0;
    for (let move: u32 = 0; move < moves.count; move++) {
      if (moves.isEnabled(move)) putWord(this.possible, count++, move);
    }
    if (count == 0) return false;
    const move = wordAt(this.possible, this.random.choose(count));
    const choice = this.terrain.instance.choice;
    choice.improvise(this.random);
    moves.take(move);
    const violated = this.terrain.instance.scene.oracle.take();
    putWord(this.walkMoves, this.length, move);
    putWord(this.walkChoices, this.length++, choice.code());
    choice.reset();
    this.steps += 1;
    this.transitions += 1;
    this.depth = max(this.depth, this.length);
    if (violated != 0) this.note(violated);
    return true;
  }

  private note(violated: u32): void {
    this.violations.found |= violated;
    for (let property = 0; property < PROPERTIES; property++) {
      if ((violated & (1 << property)) == 0) continue;
      const known = this.lengths[property];
      if (known != 0 && known <= this.length) continue;
      if (known == 0) {
        this.moves[property] = allocate((<usize>STEPS_MAX) << 2);
        this.choices[property] = allocate((<usize>STEPS_MAX) << 2);
      }
      this.lengths[property] = this.length;
      memory.copy(this.moves[property], this.walkMoves, (<usize>this.length) << 2);
      memory.copy(this.choices[property], this.walkChoices, (<usize>this.length) << 2);
    }
  }
}
