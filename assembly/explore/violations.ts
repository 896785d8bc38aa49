/**
 * For each property its first violation: the state before it, the move, and the answers to its
 * questions.
 */
import { allocate, putWord, wordAt } from "../base/bytes";

const PROPERTIES: u32 = 8;

export class Violations {
  /** The properties that are violated, as bits. */
  found: u32 = 0;
  private readonly rows: usize = allocate(PROPERTIES << 2);
  private readonly moves: usize = allocate(PROPERTIES << 2);
  private readonly choices: usize = allocate(PROPERTIES << 2);

  has(property: u32): bool {
    return (this.found & (1 << property)) != 0;
  }

  row(property: u32): u32 {
    return wordAt(this.rows, property);
  }

  move(property: u32): u32 {
    return wordAt(this.moves, property);
  }

  choicesOf(property: u32): u32 {
    return wordAt(this.choices, property);
  }

  /** Notes what a step violates for the first time. */
  note(violated: u32, row: u32, move: u32, choices: u32): void {
    let rest = violated & ~this.found;
    this.found |= rest;
    while (rest != 0) {
      const property = <u32>ctz(rest);
      rest &= rest - 1;
      putWord(this.rows, property, row);
      putWord(this.moves, property, move);
      putWord(this.choices, property, choices);
    }
  }
}
