/** Short sequences whose last operation has to leave the mm sound, by the rule it turns on. */
import { describe, expect, test } from "vitest";
import { ReplayAction } from "../../src/abi/recording.generated.js";
import { BLOCK, PAGE, PRIVATE, Program, RW, SHARED, at } from "../support/program.js";

const HUGETLB = 0x40022;
const HUGE_PAGES = BLOCK / PAGE;
const COLLAPSE_RANGE = 8;

const sequences: [string, (program: Program) => unknown][] = [
  [
    "UFFDIO_MOVE ends at a target that is no hole",
    (p) => p.map(0, 8).write(0, 8).act(ReplayAction.UffdMove, at(0), at(2), at(4)),
  ],
  [
    "UFFDIO_MOVE ends at a page that another mm maps",
    (p) => {
      p.map(0, 4).write(0, 2);
      p.fork();
      p.act(ReplayAction.UffdMove, at(2), at(4), at(0));
    },
  ],
  [
    "UFFDIO_MOVE is refused for shared memory",
    (p) => p.map(0, 8, RW, SHARED).write(0, 2).act(ReplayAction.UffdMove, at(4), at(6), at(0)),
  ],
  [
    "UFFDIO_MOVE is refused for a target that leaves its VMA",
    (p) => p.map(0, 4).map(8, 4).write(8, 4).act(ReplayAction.UffdMove, at(2), at(6), at(8)),
  ],
  [
    "UFFDIO_MOVE splits the huge page that it moves pages of",
    (p) =>
      p
        .map(0, 2 * HUGE_PAGES)
        .advise(0, HUGE_PAGES, 14)
        .write(0, 1)
        .act(ReplayAction.UffdMove, at(HUGE_PAGES), at(HUGE_PAGES + 2), at(2)),
  ],
  [
    "UFFDIO_COPY fills huge pages of hugetlbfs whole",
    (p) =>
      p
        .map(HUGE_PAGES, HUGE_PAGES, RW, HUGETLB)
        .act(ReplayAction.UffdCopy, at(HUGE_PAGES), at(2 * HUGE_PAGES)),
  ],
  [
    "UFFDIO_REGISTER is refused for a part of a huge page",
    (p) =>
      p
        .map(HUGE_PAGES, HUGE_PAGES, RW, HUGETLB)
        .write(HUGE_PAGES, 1)
        .act(ReplayAction.UffdRegister, at(HUGE_PAGES), at(HUGE_PAGES + 1), 6),
  ],
  [
    "a segment is attached over no part of a huge page",
    (p) =>
      p
        .map(0, HUGE_PAGES, RW, HUGETLB)
        .write(0, 1)
        .call("shmat", { shmid: 1, addr: at(3), flags: 0 }, at(3)),
  ],
];

describe("the mm stays sound where", () => {
  test.each(sequences)("%s", async (_, act) => {
    const program = await Program.start({ swap: true });
    act(program);
    expect(program.audit()).toBe(0);
  });

  test("a memfd is not shifted, so that its next truncation ends", async () => {
    const program = await Program.start();
    program.file(10, "memfd", 4).map(0, 4, RW, 1, 10).read(0, 1);
    const shift = { fd: 10, mode: COLLAPSE_RANGE, off: 0, len: 8 * PAGE };
    expect(program.predict((p) => p.call("fallocate", shift))).toEqual([]);
    expect(program.predict((p) => p.call("ftruncate", { fd: 10, len: 2 * PAGE }))).toEqual([
      "[2, 4)",
      "flush 2",
      "[2, 4)",
    ]);
  });

  test("UFFDIO_MOVE takes exclusive pages to holes", async () => {
    const program = await Program.start();
    program.map(0, 8, RW, PRIVATE).write(0, 2);
    const move = [at(4), at(6), at(0)];
    expect(program.predict((p) => p.act(ReplayAction.UffdMove, ...move))).toContain("[0, 2)");
    expect(program.predict((p) => p.touch(4, 2))).toEqual([]);
    expect(program.audit()).toBe(0);
  });
});
