/**
 * The kernels of assembly/bench once more, plainly, on typed arrays: what a good JavaScript engine
 * does with the same work. They are the baseline of the ratios, and a check of the results.
 */
const SETS = 64;
const WAYS = 8;
const HOT_PAGES = 256;
const RANGE_PAGES = 16;
const WALKED_PAGES = 16384;
const ENTRIES = 512;
const FRAMES_FROM = 7;

export const next = (state: number): number => (Math.imul(state, 1664525) + 1013904223) >>> 0;

/** A set-associative TLB with true LRU by time stamps. */
export class PlainTlb {
  private readonly tags = new Uint32Array(SETS * WAYS);
  private readonly frames = new Uint32Array(SETS * WAYS);
  private readonly lastUse = new Uint32Array(SETS * WAYS);
  private clock = 0;

  constructor() {
    for (let page = 0; page < HOT_PAGES; page++) {
      const slot = (page % SETS) * WAYS + Math.floor(page / SETS);
      this.tags[slot] = page + 1;
      this.frames[slot] = page + FRAMES_FROM;
    }
  }

  lookUp(count: number): number {
    const { tags, frames, lastUse } = this;
    let state = 1;
    let sum = 0;
    for (let i = 0; i < count; i++) {
      state = next(state);
      const page = (state >>> 16) & (HOT_PAGES - 1);
      const first = (page & (SETS - 1)) * WAYS;
      for (let slot = first; slot < first + WAYS; slot++) {
        if (tags[slot] !== page + 1) continue;
        lastUse[slot] = ++this.clock;
        sum = (sum + frames[slot]!) >>> 0;
        break;
      }
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
      for (let page = start; page < start + RANGE_PAGES; page++) dropped += this.drop(page);
      for (let page = start; page < start + RANGE_PAGES; page++) this.fill(page);
    }
    return dropped;
  }

  private drop(page: number): number {
    const { tags } = this;
    const first = (page & (SETS - 1)) * WAYS;
    for (let slot = first; slot < first + WAYS; slot++) {
      if (tags[slot] !== page + 1) continue;
      tags[slot] = 0;
      return 1;
    }
    return 0;
  }

  /** Into a free way of the set, else in the place of the one used longest ago. */
  private fill(page: number): void {
    const { tags, frames, lastUse } = this;
    const first = (page & (SETS - 1)) * WAYS;
    let victim = first;
    for (let slot = first; slot < first + WAYS; slot++) {
      if (tags[slot] === 0) {
        victim = slot;
        break;
      }
      if (lastUse[slot]! < lastUse[victim]!) victim = slot;
    }
    tags[victim] = page + 1;
    frames[victim] = page + FRAMES_FROM;
    lastUse[victim] = ++this.clock;
  }
}

/** Four levels of tables; an entry is a present bit and a frame or table number above it. */
export class PlainTables {
  private readonly entries = new Uint32Array((3 + WALKED_PAGES / ENTRIES) * ENTRIES);

  constructor() {
    const { entries } = this;
    entries[0] = (1 << 1) | 1;
    entries[ENTRIES + 1] = (2 << 1) | 1;
    for (let page = 0; page < WALKED_PAGES; page++) {
      const leaf = 3 + (page >>> 9);
      entries[2 * ENTRIES + (page >>> 9)] = (leaf << 1) | 1;
      entries[leaf * ENTRIES + (page & 511)] = ((page + FRAMES_FROM) << 1) | 1;
    }
  }

  walk(count: number): number {
    const { entries } = this;
    let state = 1;
    let sum = 0;
    for (let i = 0; i < count; i++) {
      state = next(state);
      const page = (state >>> 12) & (WALKED_PAGES - 1);
      // The pages begin at 1 GiB: pgd entry 0, pud entry 1.
      const pgd = entries[0]!;
      if ((pgd & 1) === 0) continue;
      const pud = entries[(pgd >>> 1) * ENTRIES + 1]!;
      if ((pud & 1) === 0) continue;
      const pmd = entries[(pud >>> 1) * ENTRIES + (page >>> 9)]!;
      if ((pmd & 1) === 0) continue;
      const pte = entries[(pmd >>> 1) * ENTRIES + (page & 511)]!;
      if ((pte & 1) !== 0) sum = (sum + (pte >>> 1)) >>> 0;
    }
    return sum;
  }
}
