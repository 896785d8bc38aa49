/** A world to explore, and the search that goes through it. */
import { ExploreSpec } from "../abi/records";
import { ExploreMethod } from "../abi/vocabulary";
import { allocate } from "../base/bytes";
import { BreadthFirst } from "./breadth_first";
import { WORDS_MAX } from "./codec";
import { DepthFirst } from "./depth_first";
import { Instance } from "./instance";
import { RandomWalk } from "./random_walk";
import { Search } from "./search";
import { hashOf } from "./state_store";
import { Terrain } from "./terrain";
import { BitTable, DepthTable } from "./visited";

export class Explorer {
  readonly terrain: Terrain;
  readonly search: Search;
  /** The search, if it is breadth-first. */
  private readonly breadth: BreadthFirst | null;
  private readonly scratch: usize = allocate((<usize>WORDS_MAX) << 3);

  constructor(instance: Instance, spec: ExploreSpec) {
    const terrain = new Terrain(instance, spec.mode);
    const method = <ExploreMethod>spec.method;
    let breadth: BreadthFirst | null = null;
    if (method == ExploreMethod.BreadthFirst) {
      breadth = new BreadthFirst(terrain, spec.mode);
      this.search = breadth;
    } else if (method == ExploreMethod.Bitstate) {
      this.search = new DepthFirst(terrain, new BitTable(spec.tableShift), false);
    } else if (method == ExploreMethod.IterativeDeepening) {
      this.search = new DepthFirst(terrain, new DepthTable(spec.tableShift), true);
    } else {
      this.search = new RandomWalk(terrain, spec.seed, spec.walks);
    }
    this.terrain = terrain;
    this.breadth = breadth;
  }

  breadthFirst(): BreadthFirst {
    return this.breadth!;
  }

  /** Puts the world back to its initial state. */
  rewind(): void {
    this.terrain.instance.codec.decodeAll(this.terrain.initial);
    this.terrain.instance.scene.oracle.take();
  }

  /** Takes a move with the given answers to its questions; returns the bits of what it violates. */
  take(move: u32, choices: u32): u32 {
    this.terrain.instance.choice.prescribe(choices);
    this.terrain.moves.take(move);
    return this.terrain.instance.scene.oracle.take();
  }

  /** The state in memory as one number. */
  fingerprint(): u64 {
    const codec = this.terrain.instance.codec;
    codec.pack(this.scratch);
    return hashOf(this.scratch, codec.words);
  }
}
