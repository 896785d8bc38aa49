/**
 * The mm part of one kernel: every table, pool and list, constructed once.
 *
 * Executors (kernel/mm) and planners (kernel/operations) are functions that are handed this object.
 */
import { Arena } from "../base/arena";
import { LongMap } from "../base/long_map";
import { WordList } from "../base/word_list";
import { PhysicalMemory } from "../hardware/memory/physical_memory";
import { EventSink } from "./events";
import { CpuTlbs } from "./mm/cpu_tlbs";
import { Frames } from "./mm/frames";
import { Gather } from "./mm/gather";
import { Mm, addressOfMm, freeMm, newMm } from "./mm/mm";
import { PageTables } from "./mm/page_tables";
import { Files } from "./mm/files";
import { Swap } from "./mm/swap";
import { PendingPages } from "./mm/pending_pages";
import { Vma } from "./mm/vma";
import { VmaMerge } from "./mm/vma_merge";
import { Plan } from "./plan";

/** Zone of page tables: 32,768 tables reach 64 GiB of populated memory. */
const TABLE_FRAMES: u32 = 32768;

export class Kernel {
  readonly arena: Arena = new Arena();
  readonly frames: Frames;
  readonly tables: PageTables;
  readonly tlbs: CpuTlbs;
  readonly gather: Gather;
  readonly files: Files;
  readonly swap: Swap;
  readonly pending: PendingPages;
  readonly merge: VmaMerge = new VmaMerge();
  /** Every live mm, in the order of creation. */
  readonly mms: WordList;
  private nextAnonVma: u32 = 1;
  private nextVmaAge: u32 = 1;
  /** Sizes of anonymous folios that may be used besides 2 MiB, one bit for each order; set by the system. */
  anonOrdersAlways: u32 = 0;
  anonOrdersMadvise: u32 = 0;
  pmdThp: ThpPolicy = ThpPolicy.Madvise;
  shmemThp: ThpPolicy = ThpPolicy.Never;
  hasSwap: bool = false;

  constructor(
    readonly sink: EventSink,
    readonly plan: Plan,
  ) {
    this.frames = new Frames(this.arena);
    this.tables = new PageTables(this.arena, new PhysicalMemory(0, TABLE_FRAMES));
    this.tlbs = new CpuTlbs(sink);
    this.gather = new Gather(this.tlbs);
    this.files = new Files(this.arena);
    this.swap = new Swap(this.arena);
    this.pending = new PendingPages(this.frames);
    this.mms = new WordList(this.arena);
  }

  makeMm(id: u32): Mm {
    const mm = newMm(this.arena, id, this.tables.newTable());
    this.mms.push(addressOfMm(mm));
    return mm;
  }

  /** Forgets an mm whose VMAs and tables are gone. */
  dropMm(mm: Mm): void {
    for (let i: u32 = 0; i < this.mms.length; i++) {
      if (this.mms.at(i) == addressOfMm(mm)) {
        this.mms.removeAt(i);
        break;
      }
    }
    this.tlbs.forget(mm);
    this.tables.freeTable(mm.pgd);
    freeMm(this.arena, mm);
  }

  newVma(start: u64, end: u64, flags: u64): Vma {
    const vma = changetype<Vma>(this.arena.take(offsetof<Vma>()));
    vma.start = start;
    vma.end = end;
    vma.flags = flags;
    vma.age = this.nextVmaAge++;
    return vma;
  }

  copyOfVma(vma: Vma): Vma {
    const copy = changetype<Vma>(this.arena.take(offsetof<Vma>()));
    memory.copy(changetype<usize>(copy), changetype<usize>(vma), offsetof<Vma>());
    copy.age = this.nextVmaAge++;
    return copy;
  }

  freeVma(vma: Vma): void {
    this.arena.give(changetype<usize>(vma), offsetof<Vma>());
  }

  newAnonVma(): u32 {
    return this.nextAnonVma++;
  }
}

export const enum ThpPolicy {
  Never = 0,
  Madvise = 1,
  Always = 2,
  Within = 3,
}
