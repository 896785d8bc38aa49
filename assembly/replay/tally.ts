/** Counts of things that a number names, in the order in which they first appeared. */
import { Arena } from "../base/arena";
import { LongMap } from "../base/long_map";
import { WordList } from "../base/word_list";

export class Tally {
  readonly counts: LongMap;
  readonly order: WordList;

  constructor(arena: Arena) {
    this.counts = new LongMap(arena);
    this.order = new WordList(arena);
  }

  add(what: u32): void {
    this.addSome(what, 1);
  }

  addSome(what: u32, more: u32): void {
    const count = this.counts.get(what + 1);
    if (count == 0) this.order.push(what);
    this.counts.set(what + 1, count + more);
  }
}
