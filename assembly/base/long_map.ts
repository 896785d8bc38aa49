/**
 * A flat hash table from 64-bit keys to 32-bit words, with linear probing and backward-shift
 * deletion.
 *
 * Keys are never zero; word zero means "not there".
 */
import { Arena } from "./arena";

export class LongMap {
  size: u32 = 0;
  private capacity: u32 = 64;
  private keys: usize;
  private words: usize;

  constructor(private readonly arena: Arena) {
    this.keys = arena.take(64 * 8);
    this.words = arena.take(64 * 4);
  }

  get(key: u64): u32 {
    let slot = this.home(key);
    while (this.keyAt(slot) != 0) {
      if (this.keyAt(slot) == key) return load<u32>(this.words + ((<usize>slot) << 2));
      slot = (slot + 1) & (this.capacity - 1);
    }
    return 0;
  }

  set(key: u64, word: u32): void {
    if (this.size * 4 >= this.capacity * 3) this.grow();
    let slot = this.home(key);
    for (;;) {
      const found = this.keyAt(slot);
      if (found == 0) {
        store<u64>(this.keys + ((<usize>slot) << 3), key);
        this.size++;
      }
      if (found == 0 || found == key) {
        store<u32>(this.words + ((<usize>slot) << 2), word);
        return;
      }
      slot = (slot + 1) & (this.capacity - 1);
    }
  }

  remove(key: u64): void {
    let slot = this.home(key);
    for (;;) {
      const found = this.keyAt(slot);
      if (found == 0) return;
      if (found == key) break;
      slot = (slot + 1) & (this.capacity - 1);
    }
    this.size--;
    let hole = slot;
    for (;;) {
      slot = (slot + 1) & (this.capacity - 1);
      const next = this.keyAt(slot);
      if (next == 0) break;
      const distance = (slot - this.home(next)) & (this.capacity - 1);
      if (distance >= ((slot - hole) & (this.capacity - 1))) {
        store<u64>(this.keys + ((<usize>hole) << 3), next);
        store<u32>(this.words + ((<usize>hole) << 2), load<u32>(this.words + ((<usize>slot) << 2)));
        hole = slot;
      }
    }
    store<u64>(this.keys + ((<usize>hole) << 3), 0);
  }

  clear(): void {
    memory.fill(this.keys, 0, (<usize>this.capacity) << 3);
    this.size = 0;
  }

  // @ts-ignore: decorator
  @inline
  private keyAt(slot: u32): u64 {
    return load<u64>(this.keys + ((<usize>slot) << 3));
  }

  // @ts-ignore: decorator
  @inline
  private home(key: u64): u32 {
    return (<u32>((key * 0x9e3779b97f4a7c15) >> 32)) & (this.capacity - 1);
  }

  private grow(): void {
    const keys = this.keys;
    const words = this.words;
    const capacity = this.capacity;
    this.capacity = capacity * 2;
    this.keys = this.arena.take(capacity * 16);
    this.words = this.arena.take(capacity * 8);
    this.size = 0;
    for (let slot: u32 = 0; slot < capacity; slot++) {
      const key = load<u64>(keys + ((<usize>slot) << 3));
      if (key != 0) this.set(key, load<u32>(words + ((<usize>slot) << 2)));
    }
    this.arena.give(keys, capacity * 8);
    this.arena.give(words, capacity * 4);
  }
}
