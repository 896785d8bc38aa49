/** Calls that cannot have had the result that a recording claims leave the mm as it is. */
import { describe, expect, test } from "vitest";
import { BLOCK, PAGE, Program, at } from "../support/program.js";

const HUGETLB = 0x40022;
const PAGES_OF_BLOCK = BLOCK / PAGE;

async function predicted(name: string, args: Record<string, number>, ret = 0) {
  const program = await Program.start();
  program.map(0, 8).write(0, 8).map(PAGES_OF_BLOCK, PAGES_OF_BLOCK, 3, HUGETLB);
  program.write(PAGES_OF_BLOCK, 1);
  program.call("brk", { addr: 0 }, at(-8));
  const events = program.predict((p) => p.call(name, args, ret));
  expect(program.audit()).toBe(0);
  return events;
}

describe("the mm", () => {
  test.each([
    ["munmap of half a page", "munmap", { addr: at(0) + 1, len: PAGE }, 0],
    ["munmap beyond user memory", "munmap", { addr: at(0), len: 2 ** 47 }, 0],
    ["munmap of a part of a huge page", "munmap", { addr: at(PAGES_OF_BLOCK), len: PAGE }, 0],
    ["mprotect that wraps around", "mprotect", { addr: at(0), len: 2 ** 64 - BLOCK, prot: 1 }, 0],
    ["brk over other memory", "brk", { addr: at(4) }, at(4)],
    ["mremap onto itself", "mremap", move(at(0), 8, at(4)), at(4)],
    [
      "mremap of a huge page to a small place",
      "mremap",
      move(at(PAGES_OF_BLOCK), 512, at(99)),
      at(99),
    ],
    ["mremap that grows more than one VMA", "mremap", grow(6, 400), at(6)],
    [
      "mremap that copies private memory",
      "mremap",
      { ...move(at(0), 8, at(99)), old_len: 0 },
      at(99),
    ],
    ["remap_file_pages of private memory", "remap_file_pages", { addr: at(0), size: PAGE }, 0],
  ] as const)("carries out no %s", async (_, name, args, ret) => {
    expect(await predicted(name, args, ret)).toEqual([]);
  });
});

/** From `page` to page 9, of which 8 is behind the VMA. */
function grow(page: number, pages: number) {
  return { addr: at(page), old_len: (9 - page) * PAGE, new_len: pages * PAGE, flags: 1 };
}

function move(addr: number, pages: number, target: number) {
  const length = pages * PAGE;
  return { addr, old_len: length, new_len: length, flags: 3, new_addr: target };
}
