/**
 * Breadth-first over every interleaving: each enabled move of each actor, each answer of choose().
 *
 * The first violation found of a property is a shortest one. Exploration goes on behind a
 * violation, so that one pass judges all properties.
 */
import { allocate, putWord, wordAt } from "../base/bytes";
import { Cells } from "./cells";
import { WORDS_MAX } from "./codec";
import { Graph } from "./graph";
import { Instance } from "./instance";
import { Moves } from "./moves";
import { Served } from "./served";
import { NO_ROW, StateStore } from "./state_store";

const PROPERTIES: u32 = 8;

export class Explorer {
  readonly moves: Moves;
  readonly store: StateStore;
  transitions: f64 = 0;
  /** The next state to expand. */
  private head: u32 = 0;
  private readonly scratch: usize = allocate((<usize>WORDS_MAX) << 3);
  // For each property the state before its first violation, the move and the choices.
  private readonly violatedFrom: usize = allocate(PROPERTIES << 2);
  private readonly violatedBy: usize = allocate(PROPERTIES << 2);
  private readonly violatedChoices: usize = allocate(PROPERTIES << 2);
  private found: u32 = 0;
  // What findStep() has found.
  foundMove: u32 = 0;
  foundChoices: u32 = 0;
  /** The transitions between states with an open request; null: they are not kept. */
  readonly graph: Graph | null;
  private servedVerdict: Served | null = null;
  /** In some state the mm's threads have done all their steps; in some of these untidily. */
  hasEnded: bool = false;
  hasEndedUntidily: bool = false;
  /** Some state has a count that its cell cannot hold, and was not entered. */
  isCutOff: bool = false;

  constructor(
    readonly instance: Instance,
    keepsGraph: bool,
  ) {
    new Cells(instance).register();
    this.moves = new Moves(instance);
    this.store = new StateStore(instance.codec.words);
    instance.codec.encodeAll(this.scratch);
    this.store.insert(this.scratch, NO_ROW, 0, 0);
    const graph = keepsGraph ? new Graph(instance, this.moves) : null;
    if (graph != null) graph.addState(graph.waitingNow());
    this.graph = graph;
  }

  isComplete(): bool {
    return this.head >= this.store.rows;
  }

  /** Expands states until `limit` of them are done, `maxStates` are stored, or none is left. */
  run(limit: u32, maxStates: u32): void {
    const last = min(this.store.rows + limit, maxStates);
    let budget = limit;
    while (budget-- > 0 && this.head < this.store.rows && this.store.rows <= last) {
      this.expand(this.head++);
    }
  }

  /** The verdict about `served`; exploration is complete and has kept its graph. */
  served(): Served {
    let served = this.servedVerdict;
    if (served != null) return served;
    assert(this.isComplete(), "served is judged when every state is known");
    served = new Served(this.graph!, this.store.rows, this.instance.devices);
    this.servedVerdict = served;
    return served;
  }

  /** The state in memory as one number. */
  fingerprint(): u64 {
    this.instance.codec.pack(this.scratch);
    return this.store.hash(this.scratch);
  }

  isViolated(property: u32): bool {
    return (this.found & (1 << property)) != 0;
  }

  violationRow(property: u32): u32 {
    return wordAt(this.violatedFrom, property);
  }

  violationMove(property: u32): u32 {
    return wordAt(this.violatedBy, property);
  }

  violationChoices(property: u32): u32 {
    return wordAt(this.violatedChoices, property);
  }

  /** Steps from the initial state to `row`. */
  depth(row: u32): u32 {
    let steps: u32 = 0;
    for (let at = row; this.store.parent(at) != NO_ROW; at = this.store.parent(at)) steps++;
    return steps;
  }

  /** Finds a step from `row` to `target` that fulfils `obligation`; false: there is none. */
  findStep(row: u32, target: u32, obligation: u32): bool {
    const codec = this.instance.codec;
    const choice = this.instance.choice;
    codec.decodeAll(this.store.row(row));
    for (let move: u32 = 0; move < this.moves.count; move++) {
      if (this.graph!.obligation(move) != obligation || !this.moves.isEnabled(move)) continue;
      choice.reset();
      let more = true;
      while (more) {
        this.moves.take(move);
        this.instance.scene.oracle.take();
        codec.encodeAndRestore(this.scratch);
        if (this.store.equals(target, this.scratch)) {
          this.foundMove = move;
          this.foundChoices = choice.code();
          return true;
        }
        more = choice.advance();
      }
    }
    return false;
  }

  private expand(row: u32): void {
    const instance = this.instance;
    const codec = instance.codec;
    const moves = this.moves;
    const choice = instance.choice;
    const oracle = instance.scene.oracle;
    const graph = this.graph;
    codec.moveTo(this.store.row(row));
    if (graph != null) graph.beginState();
    if (instance.isAtEnd()) {
      this.hasEnded = true;
      if (!instance.isTidy()) this.hasEndedUntidily = true;
    }
    for (let move: u32 = 0; move < moves.count; move++) {
      if (!moves.isEnabled(move)) continue;
      if (graph != null) graph.addPossible(row, move);
      choice.reset();
      let more = true;
      while (more) {
        moves.take(move);
        const violations = oracle.take();
        const code = choice.code();
        if ((violations & ~this.found) != 0) this.note(violations, row, move, code);
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
        const target = this.store.insert(this.scratch, row, move, code);
        if (graph != null) {
          if (!this.store.wasKnown) graph.addState(waiting);
          graph.addEdge(row, target, move);
        }
      }
    }
  }

  private note(violations: u32, row: u32, move: u32, choices: u32): void {
    for (let property: u32 = 0; property < PROPERTIES; property++) {
      const bit: u32 = 1 << property;
      if ((violations & bit) == 0 || (this.found & bit) != 0) continue;
      this.found |= bit;
      putWord(this.violatedFrom, property, row);
      putWord(this.violatedBy, property, move);
      putWord(this.violatedChoices, property, choices);
    }
  }
}
