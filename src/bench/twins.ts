/**
 * The kernels of assembly/bench once more, plainly, on typed arrays: what a good JavaScript engine
 * does with the same work. They are the baseline of the ratios, and a check of the results.
 */
import { FrameOwner } from "../abi/vocabulary.generated.js";

const SETS = 64;
const WAYS = 8;
const HOT_PAGES = 256;
const RANGE_PAGES = 16;
const WALKED_PAGES = 16384;
const ENTRIES = 512;
const FRAMES_FROM = 7;

export const next = (state: number): number => (Math.imul(state, 1664525) + 1013904223) >>> 0;

/** Tags in halves of 32 bits, because JavaScript has no fast numbers of 64. */
const ASID = 1;
const VALID = 1;
const PRESENT = 1;
const WRITE = 2;
const PAGE_SIZE = 1 << 7;
const NO_FRAME = 0xffffffff;
const TABLES = 3 + WALKED_PAGES / ENTRIES;
const START = 0x40000000;
/** An index into a table, counted in halves. */
const INDEX = 511 << 1;

/** A set-associative TLB with true LRU by time stamps; tags of address space and page. */
export class PlainTlb {
  private readonly pages = new Uint32Array(SETS * WAYS);
  private readonly spaces = new Uint32Array(SETS * WAYS);
  private readonly frames = new Uint32Array(SETS * WAYS);
  private readonly lastUse = new Uint32Array(SETS * WAYS);
  private clock = 0;

  constructor() {
    for (let page = 0; page < HOT_PAGES; page++) this.fill(page);
  }

  lookUp(count: number): number {
    const { frames, lastUse } = this;
    let state = 1;
    let sum = 0;
    for (let i = 0; i < count; i++) {
      state = next(state);
      const slot = this.probe((state >>> 16) & (HOT_PAGES - 1));
      if (slot < 0) continue;
      lastUse[slot] = ++this.clock;
      sum = (sum + frames[slot]!) >>> 0;
    }
    return sum;
  }

  /** Invalidates ranges page by page and fills them again. */
  invalidate(count: number): number {
    let state = 1;
    let dropped = 0;
    for (let i = 0; i < count; i++) {
      state = next(state);
      const start = (state >>> 16) & (HOT_PAGES - RANGE_PAGES);
      for (let page = start; page < start + RANGE_PAGES; page++) {
        const slot = this.probe(page);
        if (slot < 0) continue;
        this.pages[slot] = 0;
        dropped++;
      }
      for (let page = start; page < start + RANGE_PAGES; page++) this.fill(page);
    }
    return dropped;
  }

  /** The slot that holds the page, or -1. */
  private probe(page: number): number {
    const { pages, spaces } = this;
    const tag = ((page << 1) | VALID) >>> 0;
    const first = (page & (SETS - 1)) * WAYS;
    for (let slot = first; slot < first + WAYS; slot++) {
      if (pages[slot] === tag && spaces[slot] === ASID) return slot;
    }
    return -1;
  }

  /** In the place of the same page, else into a free way, else in that of the one used last. */
  private fill(page: number): void {
    const known = this.probe(page);
    const slot = known < 0 ? this.victim(page) : known;
    this.pages[slot] = (page << 1) | VALID;
    this.spaces[slot] = ASID;
    this.frames[slot] = page + FRAMES_FROM;
    this.lastUse[slot] = ++this.clock;
  }

  private victim(page: number): number {
    const { pages, lastUse } = this;
    const first = (page & (SETS - 1)) * WAYS;
    let victim = first;
    for (let slot = first; slot < first + WAYS; slot++) {
      if ((pages[slot]! & VALID) === 0) return slot;
      if (lastUse[slot]! < lastUse[victim]!) victim = slot;
    }
    return victim;
  }
}

/** Four levels of tables with entries of x86-64, each as two halves: the lower one comes first. */
export class PlainTables {
  frame = NO_FRAME;
  isWritable = false;
  isHuge = false;
  reads = 0;
  staleWalks = 0;
  private readonly halves = new Uint32Array(TABLES * ENTRIES * 2);
  private readonly owners = new Uint8Array(TABLES);
  private readonly generations = new Uint32Array(TABLES);

  constructor() {
    // The pages begin at 1 GiB: pgd entry 0, pud entry 1.
    this.write(0, 0, 1);
    this.write(1, 1, 2);
    for (let page = 0; page < WALKED_PAGES; page++) {
      const leaf = 3 + (page >>> 9);
      this.write(2, page >>> 9, leaf);
      this.write(leaf, page & 511, page + FRAMES_FROM);
    }
  }

  walk(count: number): number {
    let state = 1;
    let sum = 0;
    for (let i = 0; i < count; i++) {
      state = next(state);
      const page = (state >>> 12) & (WALKED_PAGES - 1);
      this.translate(0, 0, (START + (page << 12)) >>> 0);
      sum = (sum + this.frame) >>> 0;
    }
    return sum;
  }

  /** Walks from the table at `root` to what is behind an address, which is given in halves. */
  private translate(root: number, high: number, low: number): void {
    const { halves } = this;
    if (this.owners[root] === FrameOwner.Reused || this.generations[root] !== 0) this.staleWalks++;
    this.frame = NO_FRAME;
    let at = root * ENTRIES * 2 + ((high >>> 6) & INDEX);
    if ((halves[at]! & (PRESENT | PAGE_SIZE)) !== PRESENT) {
      this.end(at, low, 1);
      return;
    }
    at = below(halves[at]!) + (((high << 3) | (low >>> 29)) & INDEX);
    if ((halves[at]! & (PRESENT | PAGE_SIZE)) !== PRESENT) {
      this.end(at, low, 2);
      return;
    }
    at = below(halves[at]!) + ((low >>> 20) & INDEX);
    if ((halves[at]! & (PRESENT | PAGE_SIZE)) !== PRESENT) {
      this.end(at, low, 3);
      return;
    }
    at = below(halves[at]!) + ((low >>> 11) & INDEX);
    const leaf = halves[at]!;
    this.reads += 4;
    if ((leaf & PRESENT) === 0) return;
    this.isHuge = false;
    this.frame = frameOf(leaf, halves[at + 1]!);
    this.isWritable = (leaf & WRITE) !== 0;
  }

  /** The walk ends above the leaves: at a huge page, or at nothing. */
  private end(at: number, low: number, reads: number): void {
    const entry = this.halves[at]!;
    this.reads += reads;
    if ((entry & PRESENT) === 0) return;
    this.isHuge = true;
    this.frame = frameOf(entry, this.halves[at + 1]!) + ((low >>> 12) & 511);
    this.isWritable = (entry & WRITE) !== 0;
  }

  private write(table: number, index: number, frame: number): void {
    this.halves[(table * ENTRIES + index) * 2] = (frame << 12) | PRESENT;
  }
}

/** Bits 12 to 51 of an entry; frames have numbers of 32 bits. */
function frameOf(lower: number, upper: number): number {
  return ((lower >>> 12) | (upper << 20)) >>> 0;
}

/** Where the table that an entry names begins, counted in halves. */
function below(entry: number): number {
  return (entry >>> 12) * ENTRIES * 2;
}
