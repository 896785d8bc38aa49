/**
 * Counts interleavings: how many different runs of a given number of steps there are, and how many
 * of them violate a property with their last step.
 *
 * Models:     a run is told apart from another one by whose step came when, and by the answers to
 *             what the steps asked.
 * Simplifies: counts are 64-bit numbers; what is more stays at the largest.
 */
import { allocate, longAt, putLong } from "../base/bytes";
import { WORDS_MAX } from "./codec";
import { NO_ROW, StateStore } from "./state_store";
import { Terrain } from "./terrain";

const PROPERTIES: u32 = 8;

export class Interleavings {
  /** Runs of so many steps. */
  total: u64 = 1;
  private readonly violating: usize = allocate(PROPERTIES << 3);
  /** For each state the runs that lead to it, and those of one step more. */
  private present: usize;
  private next: usize;
  private readonly scratch: usize = allocate((<usize>WORDS_MAX) << 3);

  /** `store` holds every state of the terrain, none for another; the first is the initial one. */
  constructor(
    private readonly terrain: Terrain,
    private readonly store: StateStore,
  ) {
    assert(terrain.symmetry == null, "runs are told apart by names");
    this.present = allocate((<usize>store.rows) << 3);
    this.next = allocate((<usize>store.rows) << 3);
    putLong(this.present, 0, 1);
  }

  /** Counts the runs of one step more. */
  advance(): void {
    const rows = this.store.rows;
    memory.fill(this.next, 0, (<usize>rows) << 3);
    memory.fill(this.violating, 0, PROPERTIES << 3);
    this.total = 0;
    for (let row: u32 = 0; row < rows; row++) {
      const runs = longAt(this.present, row);
      if (runs != 0) this.expand(row, runs);
    }
    const spent = this.present;
    this.present = this.next;
    this.next = spent;
  }

  /** Runs whose last step violates the property. */
  violatingRuns(property: u32): u64 {
    return longAt(this.violating, property);
  }

  private expand(row: u32, runs: u64): void {
    const moves = this.terrain.moves;
    const instance = this.terrain.instance;
    const choice = instance.choice;
    instance.codec.decodeAll(this.store.row(row));
    for (let move: u32 = 0; move < moves.count; move++) {
      if (!moves.isEnabled(move)) continue;
      choice.reset();
      let more = true;
      while (more) {
        moves.take(move);
        this.count(instance.scene.oracle.take(), runs);
        instance.codec.encodeAndRestore(this.scratch);
        more = choice.advance();
        const target = this.store.find(this.scratch);
        assert(target != NO_ROW, "every state is known");
        putLong(this.next, target, sum(longAt(this.next, target), runs));
      }
    }
  }

  private count(violated: u32, runs: u64): void {
    this.total = sum(this.total, runs);
    for (let property: u32 = 0; property < PROPERTIES; property++) {
      if ((violated & (1 << property)) == 0) continue;
      putLong(this.violating, property, sum(longAt(this.violating, property), runs));
    }
  }
}

/** The sum, or the largest number that there is. */
function sum(a: u64, b: u64): u64 {
  const result = a + b;
  return result < a ? u64.MAX_VALUE : result;
}
