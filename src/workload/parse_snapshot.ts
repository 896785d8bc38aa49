/**
 * A snapshot of a recording, with every vma and page run checked.
 *
 * Models:     what /proc/PID/maps and pagemap can say: vmas in ascending order that do not overlap,
 *             pages in ascending order that lie in vmas.
 * Source:     linux 6.18 fs/proc/task_mmu.c (show_map_vma, pte_to_pagemap_entry,
 *             pagemap_hugetlb_range).
 */
import {
  type Address,
  type Context,
  PAGE_FLAGS,
  type SnapEvent,
  type SnapPages,
  type SnapVma,
} from "./events.js";
import { Fields } from "./fields.js";

const PAGE = 4096;
const U32 = 2 ** 32;
const PERMISSIONS = /^[r-][w-][x-][ps]$/;
const PAGE_RUN_FLAGS = new RegExp(`^[${PAGE_FLAGS}]+$`);
/** A pte is present or a swap entry; a marker of hugetlb shows its write-protection alone. */
const PRESENCE = /[PSw]/;
const CONTRADICTION = /P.*S|S.*P/;
const REPEATED_FLAG = /(.).*\1/;

export function parseSnapshot(fields: Fields, context: Context): SnapEvent {
  const vmas = fields.nestedArray("vmas", "a vma of the snapshot").map(parseVma);
  const pages = fields.array("pages").map((run) => parsePageRun(fields, run));
  checkVmas(fields, vmas);
  checkPages(fields, pages, vmas);
  return { ev: "snap", ...context, vmas, pages };
}

function parseVma(vma: Fields): SnapVma {
  const { start, end } = vma.range();
  const perm = vma.text("perm");
  if (!PERMISSIONS.test(perm)) vma.fail(`the permissions "${perm}" are not like "rw-p"`);
  const hasFile = vma.has("file");
  return {
    start,
    end,
    perm,
    file: hasFile ? vma.integer("file", 1, U32) : null,
    off: hasFile || vma.has("off") ? parseOffset(vma) : 0,
    name: vma.has("name") ? vma.text("name") : null,
  };
}

function parsePageRun(snap: Fields, run: unknown): SnapPages {
  if (!Array.isArray(run) || run.length < 3 || run.length > 4) {
    return snap.fail("a page run of the snapshot is not [start, count, flags] or with a frame");
  }
  const [start, count, flags, frame] = run as unknown[];
  const { file, line } = snap;
  const fields = new Fields({ start, count, flags, frame }, "a page run", file, line);
  const letters = fields.text("flags");
  if (!PAGE_RUN_FLAGS.test(letters)) {
    fields.fail(`the page flags "${letters}" are not letters of ${PAGE_FLAGS}`);
  }
  if (!PRESENCE.test(letters) || CONTRADICTION.test(letters) || REPEATED_FLAG.test(letters)) {
    fields.fail(`the page flags "${letters}" are of no page that is either present or swapped`);
  }
  return {
    start: fields.pageAddress("start"),
    count: fields.integer("count", 1),
    flags: letters,
    frame: run.length === 4 ? fields.integer("frame", 0) : null,
  };
}

function parseOffset(vma: Fields): number {
  const off = vma.integer("off", 0);
  if (off % PAGE !== 0) vma.fail(`the offset ${off} of a vma is no multiple of ${PAGE}`);
  return off;
}

function checkVmas(fields: Fields, vmas: readonly SnapVma[]): void {
  let end: Address = 0;
  for (const vma of vmas) {
    if (vma.start < end) {
      fields.fail(`the vma at ${hexadecimal(vma.start)} begins before the one before it ends`);
    }
    ({ end } = vma);
  }
}

/** Every page lies behind those before it, and in a vma. */
function checkPages(fields: Fields, pages: readonly SnapPages[], vmas: readonly SnapVma[]): void {
  let last: Address = 0;
  let at = 0;
  for (const { start, count } of pages) {
    const end = start + count * PAGE;
    if (start < last) {
      fields.fail(`the pages at ${hexadecimal(start)} begin before those before them end`);
    }
    let mapped = start;
    while (mapped < end) {
      const vma = vmas[at];
      if (vma === undefined || mapped < vma.start) {
        return fields.fail(`the snapshot has a page at ${hexadecimal(mapped)}, but no vma there`);
      }
      mapped = Math.max(mapped, Math.min(end, vma.end));
      if (mapped >= vma.end) at++;
    }
    last = end;
  }
}

function hexadecimal(address: Address): string {
  return `0x${address.toString(16)}`;
}
