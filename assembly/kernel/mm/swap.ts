/**
 * Swap slots: how many entries name each, and the page of the swap cache that goes with it.
 *
 * Models:     a count of entries for each slot; a slot whose count is zero is free again.
 * Simplifies: slots are numbers without a device; a page in the swap cache stays there until its
 *             last use.
 * Source:     linux 6.18 mm/swapfile.c, mm/swap_state.c
 */
import { Arena } from "../../base/arena";
import { WordList } from "../../base/word_list";

export class Swap {
  private readonly counts: WordList;
  private readonly pages: WordList;
  private readonly free: WordList;

  constructor(arena: Arena) {
    const counts = new WordList(arena);
    const pages = new WordList(arena);
    counts.push(1);
    pages.push(0);
    this.counts = counts;
    this.pages = pages;
    this.free = new WordList(arena);
  }

  /** A new slot, named by nothing yet, whose page `pfn` is in the swap cache. */
  allocate(pfn: u32): u32 {
    let slot: u32;
    if (this.free.length > 0) {
      slot = this.free.at(this.free.length - 1);
      this.free.length--;
      this.counts.put(slot, 0);
    } else {
      slot = this.counts.length;
      this.counts.push(0);
      this.pages.push(0);
    }
    this.pages.put(slot, pfn);
    return slot;
  }

  pageOf(slot: u32): u32 {
    return this.pages.at(slot);
  }

  setPage(slot: u32, pfn: u32): void {
    this.pages.put(slot, pfn);
  }

  countOf(slot: u32): u32 {
    return this.counts.at(slot);
  }

  share(slot: u32): void {
    this.counts.put(slot, this.counts.at(slot) + 1);
  }

  /** One entry less names the slot; true when none is left. */
  drop(slot: u32): bool {
    const left = this.counts.at(slot) - 1;
    this.counts.put(slot, left);
    return left == 0;
  }

  release(slot: u32): void {
    this.pages.put(slot, 0);
    this.free.push(slot);
  }
}
