/**
 * The four levels of x86-64 page tables of an mm: finding entries, making tables, walking ranges.
 *
 * Models:     real entries at real bit positions in table frames; a pmd entry either names a pte
 *             table or maps 2 MiB.
 * Simplifies: the table kept in reserve for the split of a 2 MiB entry is taken when it is needed.
 * Source:     linux 6.18 include/linux/pgtable.h, mm/memory.c (__pte_alloc and its siblings)
 */
import { Taker } from "../../abi/vocabulary";
import { Arena } from "../../base/arena";
import { allocate, byteAt, putByte, putWord, wordAt } from "../../base/bytes";
import {
  LEVEL_PGD,
  LEVEL_PMD,
  LEVEL_PTE,
  LEVEL_PUD,
  PGD_SIZE,
  PMD_SIZE,
  PUD_SIZE,
  TABLE_ENTRIES,
  tableIndex,
} from "../../base/page";
import { PhysicalMemory } from "../../hardware/memory/physical_memory";
import { entryFrame, isHuge, mapsFrame, tableEntry } from "../../hardware/pgtable/pte";
import { WordList } from "../../base/word_list";
import { EventSink } from "../events";
import { Mm } from "./mm";

export class PageTables {
  /** The entry that the last `firstPmd` stopped at. */
  pmdAddress: usize = 0;
  inUse: u32 = 0;
  /**
   * For each table frame, how many tables it has held: a walker that knows an older one is stale.
   */
  readonly lives: usize;
  /** For each table frame, how many links lead to it besides the first (pt_share_count). */
  private readonly sharers: usize;
  /** The Taker of each table that was freed. */
  private readonly takers: usize;
  /** What frees tables now. */
  taker: Taker = Taker.Unknown;
  private readonly free: WordList;
  private next: u32 = 1;

  constructor(
    arena: Arena,
    readonly memory: PhysicalMemory,
    private readonly sink: EventSink,
  ) {
    this.free = new WordList(arena);
    this.lives = allocate((<usize>memory.tableFrames) << 2);
    this.sharers = allocate((<usize>memory.tableFrames) << 2);
    this.takers = allocate(memory.tableFrames);
  }

  /** More tables were asked for than there are. */
  get isExhausted(): bool {
    return this.next > this.memory.tableFrames;
  }

  newTable(): u32 {
    let frame: u32;
    if (this.free.length > 0) {
      frame = this.free.at(this.free.length - 1);
      this.free.length--;
    } else {
      frame = this.next++;
      assert(!this.isExhausted, "there is a page table for everything that is mapped");
    }
    this.memory.clearTable(frame);
    putWord(this.lives, frame, wordAt(this.lives, frame) + 1);
    this.inUse++;
    return frame;
  }

  isShared(frame: u32): bool {
    return wordAt(this.sharers, frame) != 0;
  }

  share(frame: u32): void {
    putWord(this.sharers, frame, wordAt(this.sharers, frame) + 1);
  }

  unshare(frame: u32): void {
    putWord(this.sharers, frame, wordAt(this.sharers, frame) - 1);
  }

  /** What freed the table last. */
  takerOf(frame: u32): Taker {
    return <Taker>byteAt(this.takers, frame);
  }

  freeTable(frame: u32): void {
    putByte(this.takers, frame, <u8>this.taker);
    this.free.push(frame);
    this.inUse--;
    this.sink.freedTable();
  }

  /** Where the entry of `level` for `va` lies, or 0 when a table above it is missing. */
  find(mm: Mm, va: u64, level: u32): usize {
    let address = this.memory.entryAddress(mm.pgd, tableIndex(va, LEVEL_PGD));
    for (let at = LEVEL_PGD; at > level; at--) {
      const entry = load<u64>(address);
      if (entry == 0 || isHuge(entry) || !mapsFrame(entry)) return 0;
      address = this.memory.entryAddress(entryFrame(entry), tableIndex(va, at - 1));
    }
    return address;
  }

  // @ts-ignore: decorator
  @inline
  findPte(mm: Mm, va: u64): usize {
    return this.find(mm, va, LEVEL_PTE);
  }

  /** As `find`, but makes the tables that are missing. */
  make(mm: Mm, va: u64, level: u32): usize {
    let address = this.memory.entryAddress(mm.pgd, tableIndex(va, LEVEL_PGD));
    for (let at = LEVEL_PGD; at > level; at--) {
      let entry = load<u64>(address);
      if (entry == 0) {
        entry = tableEntry(this.newTable());
        store<u64>(address, entry);
      }
      assert(!isHuge(entry), "a table is made only where nothing huge is mapped");
      address = this.memory.entryAddress(entryFrame(entry), tableIndex(va, at - 1));
    }
    return address;
  }

  /** The entry of the table that a pmd entry names. */
  // @ts-ignore: decorator
  @inline
  pteIn(pmdEntry: u64, va: u64): usize {
    return this.memory.entryAddress(entryFrame(pmdEntry), tableIndex(va, LEVEL_PTE));
  }

  /**
   * The first address in `[start, end)` whose pmd entry is not empty: `start` itself or the start
   * of a later block; `end` when there is none. Leaves the entry's place in `pmdAddress`.
   */
  firstPmd(mm: Mm, start: u64, end: u64): u64 {
    let va = start;
    while (va < end) {
      const pgd = load<u64>(this.memory.entryAddress(mm.pgd, tableIndex(va, LEVEL_PGD)));
      if (pgd == 0) {
        va = (va | (PGD_SIZE - 1)) + 1;
        continue;
      }
      const pud = load<u64>(this.memory.entryAddress(entryFrame(pgd), tableIndex(va, LEVEL_PUD)));
      if (pud == 0) {
        va = (va | (PUD_SIZE - 1)) + 1;
        continue;
      }
      const stop = min((va | (PUD_SIZE - 1)) + 1, end);
      const table = entryFrame(pud);
      while (va < stop) {
        const address = this.memory.entryAddress(table, tableIndex(va, LEVEL_PMD));
        if (load<u64>(address) != 0) {
          this.pmdAddress = address;
          return va;
        }
        va = (va | (PMD_SIZE - 1)) + 1;
      }
    }
    return end;
  }

  isEmpty(table: u32): bool {
    const base = this.memory.entryAddress(table, 0);
    for (let i: u32 = 0; i < TABLE_ENTRIES; i++) {
      if (load<u64>(base + ((<usize>i) << 3)) != 0) return false;
    }
    return true;
  }
}

/** The end of the block of `va`, or `end` when that comes first. */
// @ts-ignore: decorator
@inline
export function blockEnd(va: u64, end: u64): u64 {
  const next = (va | (PMD_SIZE - 1)) + 1;
  return next < end ? next : end;
}
