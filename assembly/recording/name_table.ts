/**
 * Names that the host has written down, found by the bytes of a text.
 *
 * A hot room: an open table of addresses, hashed by the name. An entry begins with the length of
 * its name in one byte, and the name; what follows is the owner's.
 */
import { allocate, putWord, wordAt } from "../base/bytes";

const SLOTS: u32 = 512;
const QUOTE: u32 = 34;

export class NameTable {
  private readonly slots: usize = allocate((<usize>SLOTS) << 2);
  private entries: u32 = 0;

  add(entry: usize): void {
    assert(this.entries < SLOTS / 2, "a table of names has room");
    this.entries++;
    const name = entry + 1;
    const end = name + load<u8>(entry);
    let hash: u32 = 0;
    for (let at = name; at < end; at++) hash = mixed(hash, load<u8>(at));
    let slot = hash & (SLOTS - 1);
    while (wordAt(this.slots, slot) != 0) slot = (slot + 1) & (SLOTS - 1);
    putWord(this.slots, slot, <u32>entry);
  }

  /** The entry of the name that stands at `text` and ends with a quote, or 0. */
  find(text: usize): usize {
    let hash: u32 = 0;
    let end = text;
    while (true) {
      const byte: u32 = load<u8>(end);
      if (byte == QUOTE) break;
      // Nothing but letters, digits and underscores is in a name.
      if (byte < 48 || byte > 122) return 0;
      hash = mixed(hash, byte);
      end++;
    }
    const length = <u32>(end - text);
    let slot = hash & (SLOTS - 1);
    while (true) {
      const entry = <usize>wordAt(this.slots, slot);
      if (entry == 0) return 0;
      if (load<u8>(entry) == length && memory.compare(entry + 1, text, length) == 0) return entry;
      slot = (slot + 1) & (SLOTS - 1);
    }
  }
}

// @ts-ignore: decorator
@inline
function mixed(hash: u32, byte: u32): u32 {
  return hash * 31 + byte;
}
