/** What every search goes through: an instance with its moves, its initial state and its names. */
import { ExploreMode } from "../abi/vocabulary";
import { allocate } from "../base/bytes";
import { Cells } from "./cells";
import { WORDS_MAX } from "./codec";
import { Instance } from "./instance";
import { Moves } from "./moves";
import { Symmetry } from "./symmetry";

export class Terrain {
  readonly moves: Moves;
  /** What could be exchanged, whether or not the search makes use of it. */
  readonly names: Symmetry;
  /** Null: states that differ in names only are different states. */
  readonly symmetry: Symmetry | null;
  /** The initial state, packed. */
  readonly initial: usize = allocate((<usize>WORDS_MAX) << 3);

  /** `mode` is a set of bits of ExploreMode. */
  constructor(
    readonly instance: Instance,
    mode: u32,
  ) {
    const cells = new Cells(instance);
    const moves = new Moves(instance);
    const names = new Symmetry(instance, cells, moves);
    this.moves = moves;
    this.names = names;
    const isSymmetric = (mode & ExploreMode.Symmetry) != 0 && !names.isTrivial();
    this.symmetry = isSymmetric ? names : null;
    instance.codec.encodeAll(this.initial);
  }

  /** Bytes of a packed state. */
  rowBytes(): usize {
    return (<usize>this.instance.codec.words) << 3;
  }

  /** Puts the state that stands for the one at `row` in its place; returns what was exchanged. */
  canonicalize(row: usize): u32 {
    const symmetry = this.symmetry;
    return symmetry == null ? 0 : symmetry.canonicalize(row);
  }

  /** Two packed states are the same. */
  areEqual(a: usize, b: usize): bool {
    return memory.compare(a, b, this.rowBytes()) == 0;
  }
}
