/**
 * A cycle through a component that a fair run may take for ever: from the entry to the nearest
 * fulfilment of what is still owed, again and again, and back to the entry.
 */
import { allocate, putWord, wordAt } from "../base/bytes";
import { Graph } from "./graph";
import { Liveness } from "./liveness";
import { NO_ROW } from "./state_store";
import { Words } from "./words";

/** The state that a search came from, and the edge that it took. */
const NO_EDGE: u32 = 0xffffffff;

export class FairCycle {
  /** The states behind the entry, in order, the last one the entry; empty: the run ends there. */
  readonly states: Words = new Words();
  /** What the step into each of them fulfils. */
  readonly fulfils: Words = new Words();
  private readonly cameFrom: usize;
  private readonly cameBy: usize;
  private readonly queue: usize;
  private owed: u32;

  constructor(
    private readonly graph: Graph,
    private readonly liveness: Liveness,
    states: u32,
    isStrong: bool,
  ) {
    const bytes = (<usize>states) << 2;
    this.cameFrom = allocate(bytes);
    this.cameBy = allocate(bytes);
    this.queue = allocate(bytes);
    this.owed = liveness.owed();
    memory.fill(this.cameBy, 0xff, bytes);
    this.find(isStrong);
  }

  private find(isStrong: bool): void {
    const entry = this.liveness.entry;
    let at = entry;
    if (!isStrong) this.owed &= this.graph.possible.at(entry);
    while (this.owed != 0) {
      const next = this.search(at, false, isStrong);
      assert(next != NO_ROW, "a fair component fulfils what it owes");
      if (next == NO_ROW) return;
      at = next;
    }
    if (at == entry && this.states.length > 0) return;
    // Back to the entry; from a state without any way on, the run ends.
    this.search(at, true, isStrong);
  }

  /** Goes to the nearest state behind an edge that is wanted; returns it, or NO_ROW. */
  private search(from: u32, wantsEntry: bool, isStrong: bool): u32 {
    const graph = this.graph;
    let head: u32 = 0;
    let tail: u32 = 0;
    let found = NO_ROW;
    putWord(this.queue, tail++, from);
    while (head < tail && found == NO_ROW) {
      const state = wordAt(this.queue, head++);
      const end = graph.starts.at(state + 1);
      for (let edge = graph.starts.at(state); edge < end; edge++) {
        const target = graph.targets.at(edge);
        if (!this.liveness.isInside(target)) continue;
        const isWanted = wantsEntry
          ? target == this.liveness.entry
          : (this.paidBy(edge, target, isStrong) & this.owed) != 0;
        if (isWanted) {
          this.append(from, state, edge, isStrong);
          found = target;
          break;
        }
        if (wordAt(this.cameBy, target) != NO_EDGE || target == from) continue;
        putWord(this.cameBy, target, edge);
        putWord(this.cameFrom, target, state);
        putWord(this.queue, tail++, target);
      }
    }
    // The next search begins anew; most are over after a few states.
    for (let i: u32 = 0; i < tail; i++) putWord(this.cameBy, wordAt(this.queue, i), NO_EDGE);
    return found;
  }

  /**
   * What an edge settles: what it fulfils, and under weak fairness what is impossible behind it.
   */
  private paidBy(edge: u32, target: u32, isStrong: bool): u32 {
    const fulfils = this.graph.fulfils.at(edge);
    const fulfilled: u32 = fulfils == 0 ? 0 : 1 << (fulfils - 1);
    return isStrong ? fulfilled : fulfilled | ~this.graph.possible.at(target);
  }

  /** Appends the way from `from` to `state`, and the edge behind it. */
  private append(from: u32, state: u32, edge: u32, isStrong: bool): void {
    const start = this.states.length;
    let at = state;
    let last = edge;
    // Backwards first, then turned around in place.
    while (true) {
      const target = this.graph.targets.at(last);
      this.states.push(target);
      this.fulfils.push(this.graph.fulfils.at(last));
      this.owed &= ~this.paidBy(last, target, isStrong);
      if (at == from) break;
      last = wordAt(this.cameBy, at);
      at = wordAt(this.cameFrom, at);
    }
    turnAround(this.states, start);
    turnAround(this.fulfils, start);
  }
}

function turnAround(words: Words, start: u32): void {
  let left = start;
  let right = words.length;
  while (left + 1 < right) {
    const value = words.at(left);
    words.put(left++, words.at(--right));
    words.put(right, value);
  }
}
