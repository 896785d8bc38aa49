/**
 * The invariants that hold between operations, checked over the whole state: for tests.
 *
 * Models:     VMAs are in order and do not overlap; every entry lies in a VMA; the counts of every
 *             frame agree with the entries that map it; no frame is in use that nothing refers to.
 * Source:     linux 6.18 mm/vma.c (validate_mm), mm/debug.c
 */
import { LongMap } from "../../base/long_map";
import { LEVEL_PMD, LEVEL_PUD, PMD_SIZE } from "../../base/page";
import { entryFrame, isHuge, mapsFrame } from "../../hardware/pgtable/pte";
import { Kernel } from "../kernel";
import { FRAME_FILE, FRAME_SWAPCACHE, FRAME_USED, isSpecial } from "./frames";
import { Mm, mmAt, vmaOf } from "./mm";
import { blockEnd } from "./page_tables";

export const enum Finding {
  Sound = 0,
  VmaOrder = 1,
  EntryOutsideVma = 2,
  WrongMapcount = 3,
  WrongHugeMapcount = 4,
  WrongTotal = 5,
  LeakedFrame = 6,
  EntryOfFreeFrame = 7,
}

/** The end of user addresses. */
const TASK_SIZE: u64 = 1 << 47;

export function audit(kernel: Kernel): Finding {
  const small = new LongMap(kernel.arena);
  const huge = new LongMap(kernel.arena);
  const visited = new LongMap(kernel.arena);
  for (let m: u32 = 0; m < kernel.mms.length; m++) {
    const mm = mmAt(kernel.mms.at(m));
    if (!areVmasInOrder(mm)) return Finding.VmaOrder;
    const finding = countEntries(kernel, mm, small, huge, visited);
    if (finding != Finding.Sound) return finding;
  }
  return checkFrames(kernel, small, huge);
}

function areVmasInOrder(mm: Mm): bool {
  let end: u64 = 0;
  for (let i: u32 = 0; i < mm.count; i++) {
    const vma = vmaOf(mm, i);
    if (vma.start < end || vma.end <= vma.start) return false;
    end = vma.end;
  }
  return true;
}

function countEntries(
  kernel: Kernel,
  mm: Mm,
  small: LongMap,
  huge: LongMap,
  visited: LongMap,
): Finding {
  const tables = kernel.tables;
  let va = tables.firstPmd(mm, 0, TASK_SIZE);
  while (va < TASK_SIZE) {
    const next = blockEnd(va, TASK_SIZE);
    const pmd = load<u64>(tables.pmdAddress);
    if (isHuge(pmd)) {
      if (!isCovered(mm, va, va + PMD_SIZE)) return Finding.EntryOutsideVma;
      if (isFirstVisit(kernel, mm, va, visited)) increment(huge, entryFrame(pmd));
    } else {
      for (let page = va; page < next; page += 4096) {
        const entry = load<u64>(tables.pteIn(pmd, page));
        if (entry == 0) continue;
        if (!isCovered(mm, page, page + 4096)) return Finding.EntryOutsideVma;
        if (mapsFrame(entry)) increment(small, entryFrame(entry));
      }
    }
    va = tables.firstPmd(mm, next, TASK_SIZE);
  }
  return Finding.Sound;
}

/** A table that is shared counts once: whether the entry of `va` is seen for the first time. */
function isFirstVisit(kernel: Kernel, mm: Mm, va: u64, visited: LongMap): bool {
  const tables = kernel.tables;
  if (!tables.isShared(entryFrame(load<u64>(tables.find(mm, va, LEVEL_PUD))))) return true;
  const key = <u64>tables.find(mm, va, LEVEL_PMD);
  const isFirst = visited.get(key) == 0;
  visited.set(key, 1);
  return isFirst;
}

function isCovered(mm: Mm, start: u64, end: u64): bool {
  for (let i: u32 = 0; i < mm.count; i++) {
    const vma = vmaOf(mm, i);
    if (vma.start <= start && end <= vma.end) return true;
  }
  return false;
}

function increment(counts: LongMap, pfn: u32): void {
  counts.set(<u64>pfn + 1, counts.get(<u64>pfn + 1) + 1);
}

function checkFrames(kernel: Kernel, small: LongMap, huge: LongMap): Finding {
  const frames = kernel.frames;
  for (let pfn: u32 = 0; pfn < frames.limit; pfn++) {
    if (isSpecial(pfn)) continue;
    const frame = frames.at(pfn);
    const mapped = small.get(<u64>pfn + 1);
    const mappedHuge = huge.get(<u64>pfn + 1);
    if ((frame.flags & FRAME_USED) == 0) {
      if (mapped + mappedHuge > 0) return Finding.EntryOfFreeFrame;
      continue;
    }
    if (frame.mapcount != mapped) return Finding.WrongMapcount;
    if (frame.head != pfn) continue;
    if (frame.hugeMapcount != mappedHuge) return Finding.WrongHugeMapcount;
    let total = mappedHuge;
    for (let i: u32 = 0; i < 1 << frame.order; i++) total += small.get(<u64>(pfn + i) + 1);
    if (frame.mappings != total) return Finding.WrongTotal;
    const isKept = (frame.flags & (FRAME_FILE | FRAME_SWAPCACHE)) != 0;
    if (total == 0 && frame.pins == 0 && !isKept) return Finding.LeakedFrame;
  }
  return Finding.Sound;
}
