/** A list of 32-bit words in arena blocks, kept in the order in which its owner inserts. */
import { Arena } from "./arena";

export class WordList {
  length: u32 = 0;
  private capacity: u32 = 16;
  private block: usize;

  constructor(private readonly arena: Arena) {
    this.block = arena.take(16 * 4);
  }

  // @ts-ignore: decorator
  @inline
  at(index: u32): u32 {
    return load<u32>(this.block + ((<usize>index) << 2));
  }

  put(index: u32, word: u32): void {
    store<u32>(this.block + ((<usize>index) << 2), word);
  }

  push(word: u32): void {
    this.insert(this.length, word);
  }

  insert(index: u32, word: u32): void {
    if (this.length == this.capacity) this.grow();
    const at = this.block + ((<usize>index) << 2);
    memory.copy(at + 4, at, (<usize>(this.length - index)) << 2);
    store<u32>(at, word);
    this.length++;
  }

  removeAt(index: u32): void {
    const at = this.block + ((<usize>index) << 2);
    memory.copy(at, at + 4, (<usize>(this.length - index - 1)) << 2);
    this.length--;
  }

  clear(): void {
    this.length = 0;
  }

  private grow(): void {
    const larger = this.arena.take(this.capacity * 8);
    memory.copy(larger, this.block, (<usize>this.capacity) << 2);
    this.arena.give(this.block, this.capacity * 4);
    this.block = larger;
    this.capacity *= 2;
  }
}
