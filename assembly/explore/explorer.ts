/**
 * Breadth-first over every interleaving: each enabled move of each actor, each answer of choose().
 *
 * The first violation found of a property is a shortest one. Exploration goes on behind a violation,
 * so that one pass judges all properties.
 */
import { allocate, putWord, wordAt } from "../base/bytes";
import { WORDS_MAX } from "./codec";
import { Instance } from "./instance";
import { Moves } from "./moves";
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

  constructor(readonly instance: Instance) {
    this.moves = new Moves(instance);
    this.store = new StateStore(instance.codec.words);
    instance.codec.encodeAll(this.scratch);
    this.store.insert(this.scratch, NO_ROW, 0, 0);
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

  private expand(row: u32): void {
    const instance = this.instance;
    const codec = instance.codec;
    const moves = this.moves;
    const choice = instance.choice;
    const oracle = instance.scene.oracle;
    codec.moveTo(this.store.row(row));
    for (let move: u32 = 0; move < moves.count; move++) {
      if (!moves.isEnabled(move)) continue;
      choice.reset();
      let more = true;
      while (more) {
        moves.take(move);
        const violations = oracle.take();
        if ((violations & ~this.found) != 0) this.note(violations, row, move, choice.code());
        codec.encodeAndRestore(this.scratch);
        this.store.insert(this.scratch, row, move, choice.code());
        this.transitions += 1;
        more = choice.advance();
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
