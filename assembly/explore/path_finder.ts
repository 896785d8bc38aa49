/**
 * Finds the steps of a path again: rows say which states it goes through, up to the names of things
 * where symmetry counts.
 */
import { allocate } from "../base/bytes";
import { WORDS_MAX } from "./codec";
import { Explorer } from "./explorer";

export class PathFinder {
  /** The step found last. */
  move: u32 = 0;
  choices: u32 = 0;
  private readonly packed: usize = allocate((<usize>WORDS_MAX) << 3);
  private readonly canonical: usize = allocate((<usize>WORDS_MAX) << 3);

  /** Begins at the initial state. */
  constructor(private readonly explorer: Explorer) {
    const codec = explorer.instance.codec;
    codec.decodeAll(explorer.initial);
  }

  /**
   * Goes on to the state of `row`; an obligation that the step fulfils may be asked for, from 1.
   */
  goTo(row: u32, obligation: u32 = 0): bool {
    for (let move: u32 = 0; move < this.explorer.moves.count; move++) {
      if (obligation != 0 && this.explorer.graph!.obligation(move) != obligation) continue;
      if (this.explorer.moves.isEnabled(move) && this.tryMove(move, row)) return true;
    }
    return false;
  }

  /** Finds a step that violates the property. */
  violate(property: u32): bool {
    for (let move: u32 = 0; move < this.explorer.moves.count; move++) {
      if (this.explorer.moves.isEnabled(move) && this.tryViolation(move, property)) return true;
    }
    return false;
  }

  private tryMove(move: u32, row: u32): bool {
    const explorer = this.explorer;
    const codec = explorer.instance.codec;
    const choice = explorer.instance.choice;
    choice.reset();
    let more = true;
    while (more) {
      explorer.moves.take(move);
      explorer.instance.scene.oracle.take();
      codec.encodeAndRestore(this.packed);
      memory.copy(this.canonical, this.packed, (<usize>WORDS_MAX) << 3);
      const symmetry = explorer.symmetry;
      if (symmetry != null) symmetry.canonicalize(this.canonical);
      if (explorer.store.equals(row, this.canonical)) {
        this.note(move);
        codec.moveTo(this.packed);
        return true;
      }
      more = choice.advance();
    }
    return false;
  }

  private tryViolation(move: u32, property: u32): bool {
    const explorer = this.explorer;
    const choice = explorer.instance.choice;
    choice.reset();
    let more = true;
    while (more) {
      explorer.moves.take(move);
      const violated = explorer.instance.scene.oracle.take();
      explorer.instance.codec.encodeAndRestore(this.packed);
      if ((violated & (1 << property)) != 0) {
        this.note(move);
        return true;
      }
      more = choice.advance();
    }
    return false;
  }

  private note(move: u32): void {
    this.move = move;
    this.choices = this.explorer.instance.choice.code();
  }
}
