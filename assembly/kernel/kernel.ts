/**
 * The mm part of one kernel: every table, pool and list, constructed once.
 *
 * Executors (kernel/mm) and planners (kernel/operations) are functions that are handed this object.
 */
import { ThpPolicy } from "../abi/recording";
import { Arena } from "../base/arena";
import { WordList } from "../base/word_list";
import { PhysicalMemory } from "../hardware/memory/physical_memory";
import { Announcer } from "./announcer";
import { EraFacts } from "./era";
import { EventSink } from "./events";
import { CpuTlbs } from "./mm/cpu_tlbs";
import { Frames } from "./mm/frames";
import { Gather } from "./mm/gather";
import { CleanPages } from "./mm/clean_pages";
import { CountEntries } from "./mm/folio_entries";
import { FolioSplitter } from "./mm/folio_split";
import { SwapOutPage } from "./mm/reclaim";
import { Access } from "./mm/access";
import { LEVEL_PMD } from "../base/page";
import { PTE_ACCESSED, PTE_DIRTY, entryFrame, isHuge, isPresent } from "../hardware/pgtable/pte";
import { FRAME_ZEROED, isSpecial } from "./mm/frames";
import { Mm, addressOfMm, freeMm, newMm } from "./mm/mm";
import { PageTables } from "./mm/page_tables";
import { DeviceMigration } from "./mm/device_migration";
import { Files } from "./mm/files";
import { Protection } from "./mm/protect";
import { Swap } from "./mm/swap";
import { PendingPages } from "./mm/pending_pages";
import { Vma } from "./mm/vma";
import { AgeFolio } from "./mm/young";
import { VmaMerge } from "./mm/vma_merge";
import { Plan } from "./plan";

/** Zone of page tables: 8,192 tables reach 16 GiB of populated memory. */
const TABLE_FRAMES: u32 = 8192;

export class Kernel {
  readonly sink: Announcer;
  readonly arena: Arena;
  readonly frames: Frames;
  readonly tables: PageTables;
  readonly tlbs: CpuTlbs;
  readonly gather: Gather;
  readonly files: Files;
  readonly swap: Swap;
  readonly pending: PendingPages;
  readonly migration: DeviceMigration;
  readonly merge: VmaMerge = new VmaMerge();
  readonly splitter: FolioSplitter = new FolioSplitter();
  readonly swapOutPage: SwapOutPage = new SwapOutPage();
  readonly cleanPages: CleanPages = new CleanPages();
  readonly countEntries: CountEntries = new CountEntries();
  readonly ageFolio: AgeFolio = new AgeFolio();
  readonly protection: Protection = new Protection();
  /** Every live mm, in the order of creation. */
  readonly mms: WordList;
  /** First frame of a folio that a fault has replaced and still holds; 0: none. */
  private replaced: u32 = 0;
  /** mremap has moved present entries, and the flush of its range is due. */
  hasMoved: bool = false;
  /** First frames of folios that reclaim has unmapped and that wait for the batched flush. */
  readonly reclaimed: WordList;
  /** First frames of folios that were taken off the LRU to be reclaimed. */
  readonly isolated: WordList;
  private nextContextId: u32 = 1;
  /** VMAs that the reverse map is looking through, as a stack of lists. */
  readonly mappers: WordList;
  /** For each anon_vma the one that it was forked from, or 0. */
  private readonly anonParents: WordList;
  private nextVmaAge: u32 = 1;
  /**
   * Sizes of anonymous folios that may be used besides 2 MiB, one bit for each order; set by the
   * system.
   */
  anonOrdersAlways: u32 = 0;
  anonOrdersMadvise: u32 = 0;
  pmdThp: ThpPolicy = ThpPolicy.Madvise;
  shmemThp: ThpPolicy = ThpPolicy.Never;
  hasSwap: bool = false;
  /** CONFIG_MEM_SOFT_DIRTY; the recorded kernel was built without it. */
  tracksSoftDirty: bool = false;

  constructor(
    told: EventSink,
    readonly plan: Plan,
    /** What this kernel does as its version and architecture do it. */
    readonly facts: EraFacts,
    tableFrames: u32 = TABLE_FRAMES,
  ) {
    const arena = new Arena();
    const sink = new Announcer(told, facts);
    const swap = new Swap(arena);
    const frames = new Frames(arena, swap, sink);
    const tables = new PageTables(arena, new PhysicalMemory(0, tableFrames), sink);
    const tlbs = new CpuTlbs(sink, facts);
    this.sink = sink;
    this.arena = arena;
    this.swap = swap;
    this.frames = frames;
    this.tlbs = tlbs;
    this.tables = tables;
    this.gather = new Gather(arena, tlbs, facts, frames, tables);
    this.files = new Files(arena);
    this.pending = new PendingPages(frames, tlbs);
    this.migration = new DeviceMigration(arena);
    this.mms = new WordList(arena);
    this.reclaimed = new WordList(arena);
    this.isolated = new WordList(arena);
    this.mappers = new WordList(arena);
    const parents = new WordList(arena);
    parents.push(0);
    this.anonParents = parents;
  }

  makeMm(id: u32): Mm {
    const mm = newMm(this.arena, id, this.tables.newTable());
    mm.contextId = this.nextContextId++;
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

  /**
   * An access that needed no fault: the hardware sets the accessed and, for a write, the dirty bit.
   */
  markAccess(mm: Mm, va: u64, access: Access): void {
    let address = this.tables.find(mm, va, LEVEL_PMD);
    if (address == 0) return;
    let entry = load<u64>(address);
    if (entry == 0) return;
    let page: u32 = 0;
    if (isHuge(entry)) {
      page = (<u32>(va >> 12)) & 511;
    } else {
      address = this.tables.pteIn(entry, va);
      entry = load<u64>(address);
    }
    if (!isPresent(entry)) return;
    store<u64>(address, entry | PTE_ACCESSED | (access == Access.Write ? PTE_DIRTY : 0));
    if (access != Access.Write) return;
    const pfn = entryFrame(entry) + page;
    if (!isSpecial(pfn)) this.frames.at(pfn).flags &= ~FRAME_ZEROED;
  }

  /** A write of `byte`, as far as the recording tells: what equal pages are known by. */
  noteContent(mm: Mm, va: u64, byte: u32): void {
    const address = this.tables.findPte(mm, va);
    if (address == 0 || !isPresent(load<u64>(address))) return;
    const pfn = entryFrame(load<u64>(address));
    if (!isSpecial(pfn)) this.frames.at(pfn).content = byte + 1;
  }

  /** Holds the folio of `pfn`, whose entry was replaced, until the pair is over. */
  holdReplaced(pfn: u32): void {
    if (isSpecial(pfn)) return;
    const head = this.frames.head(pfn);
    head.pins++;
    this.replaced = head.head;
  }

  putReplaced(): void {
    if (this.replaced != 0) this.frames.putFlushed(this.replaced);
    this.replaced = 0;
  }

  newAnonVma(parent: u32): u32 {
    this.anonParents.push(parent);
    return this.anonParents.length - 1;
  }

  /** Whether the anon_vma is `ancestor`, or was forked from it. */
  isForkedFrom(anonVma: u32, ancestor: u32): bool {
    let at = anonVma;
    while (at != 0 && at != ancestor) at = this.anonParents.at(at);
    return at != 0;
  }
}
