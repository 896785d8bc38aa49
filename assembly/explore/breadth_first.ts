/**
 * Breadth-first over every interleaving: each enabled move of each actor, each answer of choose().
 *
 * The first violation found of a property is a shortest one. Exploration goes on behind a
 * violation, so that one pass judges all properties.
 */
import { ExploreEnd, ExploreMode } from "../abi/vocabulary";
import { allocate } from "../base/bytes";
import { WORDS_MAX } from "./codec";
import { Graph } from "./graph";
import { Independence } from "./independence";
import { Interleavings } from "./interleavings";
import { PathFinder } from "./path_finder";
import { Search } from "./search";
import { Served } from "./served";
import { SleepSets } from "./sleep_sets";
import { NO_ROW, StateStore } from "./state_store";
import { Terrain } from "./terrain";

export class BreadthFirst extends Search {
  readonly store: StateStore;
  /** The transitions between states with an open request; null: they are not kept. */
  readonly graph: Graph | null;
  /** In some state the mm's threads have done all their steps; in some of these untidily. */
  private hasEnded: bool = false;
  private hasEndedUntidily: bool = false;
  /** Some state has a count that its cell cannot hold, and was not entered. */
  private isCutOff: bool = false;
  /** The next state to expand, and the first one that lies a step deeper. */
  private head: u32 = 0;
  private nextLevel: u32 = 1;
  private readonly scratch: usize = allocate((<usize>WORDS_MAX) << 3);
  /** Null: every order of independent moves is tried. */
  private readonly independence: Independence | null;
  private readonly sleepSets: SleepSets = new SleepSets();
  private servedVerdict: Served | null = null;
  private counts: Interleavings | null = null;

  /** `mode` is a set of bits of ExploreMode. */
  constructor(
    readonly terrain: Terrain,
    mode: u32,
  ) {
    super();
    const instance = terrain.instance;
    this.store = new StateStore(instance.codec.words);
    const isPartial = (mode & ExploreMode.PartialOrder) != 0;
    this.independence = isPartial ? new Independence(instance, terrain.moves) : null;
    const graph = (mode & ExploreMode.KeepGraph) != 0 ? new Graph(instance, terrain.moves) : null;
    assert(graph == null || mode == ExploreMode.KeepGraph, "fairness needs every transition");
    if (graph != null) graph.addState(graph.waitingNow());
    this.graph = graph;

    memory.copy(this.scratch, terrain.initial, terrain.rowBytes());
    terrain.canonicalize(this.scratch);
    this.store.insert(this.scratch, NO_ROW, 0, 0);
    if (isPartial) this.sleepSets.push(0);
  }

  /** Expands up to `budget` states; says why it ended, or that it goes on. */
  run(budget: u32, maxStates: u32, maxBytes: f64, maxDepth: u32): ExploreEnd {
    for (let i: u32 = 0; i < budget; i++) {
      if (this.head >= this.store.rows) {
        return this.isCutOff ? ExploreEnd.CutOff : ExploreEnd.Exhausted;
      }
      if (this.head == this.nextLevel) {
        this.nextLevel = this.store.rows;
        this.depth++;
      }
      if (this.depth >= maxDepth) return ExploreEnd.Depth;
      if (this.store.rows >= maxStates) return ExploreEnd.States;
      this.expand(this.head++);
    }
    return this.bytes() > maxBytes ? ExploreEnd.Memory : ExploreEnd.Running;
  }

  /** Bytes that the known states take, with all that is kept beside them. */
  bytes(): f64 {
    const graph = this.graph;
    return this.store.bytes() + this.sleepSets.bytes() + (graph == null ? 0 : graph.bytes());
  }

  /** The verdict about `served`; exploration is over and has kept its graph. */
  served(): Served {
    let served = this.servedVerdict;
    if (served != null) return served;
    assert(this.head >= this.store.rows, "served is judged when every state is known");
    served = new Served(this.graph!, this.store.rows, this.terrain.instance.devices);
    this.servedVerdict = served;
    return served;
  }

  /** The runs of one world, counted step by step from its initial state on. */
  interleavings(): Interleavings {
    let counts = this.counts;
    if (counts != null) return counts;
    counts = new Interleavings(this.terrain, this.store);
    this.counts = counts;
    return counts;
  }

  /** The operation comes to its end in some state. */
  ends(): bool {
    return this.hasEnded;
  }

  /** The operation comes to its end in some state, and leaves nothing of the driver open there. */
  endsTidily(): bool {
    return this.hasEnded && !this.hasEndedUntidily;
  }

  /** Steps before the cycle of a request that is never answered. */
  stemOfUnserved(): u32 {
    return this.store.depth(this.served().entry());
  }

  /** How many of the known states differ in more than names. */
  orbits(): u32 {
    const known = new StateStore(this.terrain.instance.codec.words);
    for (let row: u32 = 0; row < this.store.rows; row++) {
      memory.copy(this.scratch, this.store.row(row), this.terrain.rowBytes());
      this.terrain.names.canonicalize(this.scratch);
      known.insert(this.scratch, NO_ROW, 0, 0);
    }
    return known.rows;
  }

  states(): f64 {
    return this.store.rows;
  }

  trace(property: u32, block: usize): u32 {
    const finder = new PathFinder(this.terrain);
    const steps = this.traceTo(this.violations.row(property), finder, block);
    return finder.traceViolation(property, steps, block);
  }

  /** Writes the steps from the initial state to `row`; returns their number. */
  traceTo(row: u32, finder: PathFinder, block: usize): u32 {
    const depth = this.store.depth(row);
    const rows = new StaticArray<u32>(<i32>depth);
    let at = row;
    for (let i = <i32>depth - 1; i >= 0; i--) {
      rows[i] = at;
      at = this.store.parent(at);
    }
    for (let i = 0; i < rows.length; i++) finder.traceStep(this.store.row(rows[i]), i, block);
    return depth;
  }

  /**
   * Writes the way to a request that is never answered and the cycle behind it; returns their
   * length.
   */
  traceUnserved(block: usize): u32 {
    const served = this.served();
    const cycle = served.cycle();
    const finder = new PathFinder(this.terrain);
    let steps = this.traceTo(served.entry(), finder, block);
    for (let i: u32 = 0; i < cycle.states.length; i++) {
      const row = this.store.row(cycle.states.at(i));
      const isStep = finder.goTo(row, this.graph, cycle.fulfils.at(i));
      assert(isStep, "an edge of the graph is a step");
      finder.write(steps++, block);
    }
    return steps;
  }

  private expand(row: u32): void {
    const instance = this.terrain.instance;
    const moves = this.terrain.moves;
    const graph = this.graph;
    const independence = this.independence;
    instance.codec.moveTo(this.store.row(row));
    if (graph != null) graph.beginState();
    if (instance.isAtEnd()) {
      this.hasEnded = true;
      if (!instance.isTidy()) this.hasEndedUntidily = true;
    }
    let asleep: u64 = 0;
    if (independence != null) {
      independence.prepare();
      asleep = this.sleepSets.at(row);
      this.sleepSets.release(row);
    }
    for (let move: u32 = 0; move < moves.count; move++) {
      if (((asleep >> move) & 1) != 0 || !moves.isEnabled(move)) continue;
      if (graph != null) graph.addPossible(row, move);
      const sleep = independence == null ? 0 : asleep & independence.of(move);
      this.takeAllWays(row, move, sleep);
      if (independence != null) asleep |= (<u64>1) << move;
    }
  }

  /** Takes a move with every answer to its questions; `sleep` need not be tried behind it. */
  private takeAllWays(row: u32, move: u32, sleep: u64): void {
    const instance = this.terrain.instance;
    const codec = instance.codec;
    const choice = instance.choice;
    const graph = this.graph;
    choice.reset();
    let more = true;
    while (more) {
      this.terrain.moves.take(move);
      const violated = instance.scene.oracle.take();
      const code = choice.code();
      if (violated != 0) this.violations.note(violated, row, move, code);
      const waiting = graph == null ? 0 : graph.waitingNow();
      codec.encodeAndRestore(this.scratch);
      this.transitions += 1;
      more = choice.advance();
      if (codec.hasOutgrown) {
        // A count that grows without end: what lies behind is not explored.
        codec.hasOutgrown = false;
        this.isCutOff = true;
        continue;
      }
      const target = this.enter(row, move, code, sleep);
      if (graph == null) continue;
      if (!this.store.wasKnown) graph.addState(waiting);
      graph.addEdge(row, target, move);
    }
  }

  /** Enters the packed successor; returns its row. */
  private enter(row: u32, move: u32, choices: u32, sleep: u64): u32 {
    const permutation = this.terrain.canonicalize(this.scratch);
    let asleep = sleep;
    if (permutation != 0 && asleep != 0) {
      asleep = this.terrain.names.permute(asleep, permutation);
    }
    const target = this.store.insert(this.scratch, row, move, choices);
    if (this.independence != null) {
      if (!this.store.wasKnown) this.sleepSets.push(asleep);
      else if (target >= this.nextLevel) this.sleepSets.intersect(target, asleep);
    }
    return target;
  }
}
