/** Whatever a program does, the state of the mm stays sound. */
import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { ReplayAction } from "../../src/abi/recording.generated.js";
import { BLOCK, PAGE, Program, PRIVATE, SHARED, at } from "../support/program.js";

const PAGES = 40;
const BLOCK_PAGES = BLOCK / PAGE;
const ADVICE = [3, 4, 8, 9, 10, 11, 12, 13, 14, 15, 18, 19, 20, 21, 22, 23, 24, 25, 102, 103];
const HUGETLB = 0x40000;
const POPULATE = 0x8000;
const MREMAP_FLAGS = [1, 3, 5, 7];

const ACTIONS = [
  ReplayAction.ClearSoftDirty,
  ReplayAction.WriteForced,
  ReplayAction.WriteDirect,
  ReplayAction.UffdRegister,
  ReplayAction.UffdUnregister,
  ReplayAction.UffdProtect,
  ReplayAction.UffdCopy,
  ReplayAction.UffdZero,
  ReplayAction.UffdMove,
  ReplayAction.ScanWritten,
  ReplayAction.ReclaimPages,
  ReplayAction.CheckReferenced,
  ReplayAction.TrackIdle,
];

const span = fc
  .tuple(fc.nat(PAGES - 1), fc.integer({ min: 1, max: PAGES }))
  .map(([start, length]) => [start, Math.min(length, PAGES - start)] as const);
const prot = fc.constantFrom(0, 1, 3, 5, 7);

const operation = fc.oneof(
  fc.tuple(fc.constant("map" as const), span, prot, fc.constantFrom(PRIVATE, SHARED)),
  fc.tuple(fc.constant("mapFile" as const), span, prot, fc.constantFrom(1, 2), fc.nat(9)),
  fc.tuple(fc.constant("mapHuge" as const), fc.nat(3), fc.constantFrom(PRIVATE, SHARED)),
  fc.tuple(fc.constant("mapFilled" as const), span, prot, fc.constantFrom(PRIVATE, SHARED)),
  fc.tuple(fc.constant("resize" as const), span, span, fc.constantFrom(...MREMAP_FLAGS)),
  fc.tuple(fc.constant("attach" as const), fc.nat(PAGES)),
  fc.tuple(fc.constant("lockAll" as const), fc.integer({ min: 0, max: 7 })),
  fc.tuple(fc.constant("merge" as const), fc.nat(PAGES - 1), fc.boolean()),
  fc.tuple(fc.constant("migrate" as const), fc.nat(PAGES - 1), fc.constantFrom(0, 4, 9)),
  fc.tuple(fc.constant("reclaim" as const), fc.nat(PAGES - 1)),
  fc.tuple(fc.constant("move" as const), span, fc.nat(PAGES - 1)),
  fc.tuple(fc.constant("unmap" as const), span),
  fc.tuple(fc.constant("protect" as const), span, prot),
  fc.tuple(fc.constant("advise" as const), span, fc.constantFrom(...ADVICE)),
  fc.tuple(fc.constant("remap" as const), span, fc.nat(PAGES - 1), fc.constantFrom(3, 7)),
  fc.tuple(fc.constant("write" as const), span),
  fc.tuple(fc.constant("read" as const), span),
  fc.tuple(fc.constant("fork" as const), span, fc.boolean()),
  fc.tuple(fc.constant("truncate" as const), fc.nat(PAGES)),
  fc.tuple(fc.constant("lock" as const), span),
  fc.tuple(fc.constant("allocate" as const), span, fc.constantFrom(0, 1, 3, 8, 16, 17, 32)),
  fc.tuple(fc.constant("sync" as const), fc.boolean()),
  fc.tuple(fc.constant("act" as const), span, fc.constantFrom(...ACTIONS)),
);

const settings = fc.constantFrom(
  { swap: true },
  { swap: false, thp: "always" },
  { swap: true, thp: "always", shmem_thp: "advise" },
  { swap: true, thp_sizes: { "64kB": "always", "2048kB": "inherit" } },
);

type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;

/** `unit` is 1 for pages, or larger so that blocks are crossed and whole. */
function perform(program: Program, operation: Operation, unit: number): void {
  const place = (page: number) => page * unit;
  switch (operation[0]) {
    case "map": {
      const [, [start, length], protection, flags] = operation;
      program.map(place(start), place(length), protection, flags);
      return;
    }
    case "mapFile": {
      const [, [start, length], protection, flags, offset] = operation;
      program.map(place(start), place(length), protection, flags, 10, offset);
      return;
    }
    case "unmap":
      program.unmap(place(operation[1][0]), place(operation[1][1]));
      return;
    case "protect":
      program.protect(place(operation[1][0]), place(operation[1][1]), operation[2]);
      return;
    case "advise":
      program.advise(place(operation[1][0]), place(operation[1][1]), operation[2]);
      return;
    case "remap": {
      const [, [start, length], target, flags] = operation;
      const isApart = target + length <= start || start + length <= target;
      if (isApart) program.remap(place(start), place(length), place(target), place(length), flags);
      return;
    }
    case "resize": {
      const [, [start, length], [target, fresh], flags] = operation;
      // with MREMAP_MAYMOVE alone, the mapping grows or shrinks where it is
      const there = flags === 1 ? start : target;
      program.remap(place(start), place(length), place(there), place(fresh), flags);
      return;
    }
    case "mapHuge":
      program.map(operation[1] * BLOCK_PAGES, BLOCK_PAGES, 3, operation[2] | HUGETLB);
      return;
    case "mapFilled": {
      const [, [start, length], protection, flags] = operation;
      program.map(place(start), Math.min(place(length), 600), protection, flags | POPULATE);
      return;
    }
    case "attach": {
      const addr = at(place(operation[1]));
      program.call("shmat", { shmid: 1, addr, flags: 0 }, addr);
      return;
    }
    case "lockAll":
      // 0 stands for munlockall
      if (operation[1] === 0) program.call("munlockall", {});
      else if (unit < BLOCK_PAGES) program.call("mlockall", { flags: operation[1] });
      return;
    case "merge":
      merge(program, at(place(operation[1])), operation[2]);
      return;
    case "migrate": {
      const addr = at(place(operation[1]));
      program.kernelThread("kcompactd0", { ev: "mig_set", addr, order: operation[2] });
      program.kernelThread("kcompactd0", { ev: "mig_clear", addr, order: operation[2] });
      return;
    }
    case "reclaim":
      program.kernelThread("kswapd0", page(at(place(operation[1]))));
      return;
    case "move": {
      const [, [start, length], source] = operation;
      const end = at(place(start + length));
      program.act(ReplayAction.UffdMove, at(place(start)), end, at(place(source)));
      return;
    }
    case "write":
      program.write(place(operation[1][0]), Math.min(operation[1][1], 12));
      return;
    case "read":
      program.read(place(operation[1][0]), Math.min(operation[1][1], 12));
      return;
    case "fork": {
      const child = program.fork();
      program.write(place(operation[1][0]), 3, child);
      if (operation[2]) program.write(place(operation[1][0]), 5);
      program.exit(child);
      return;
    }
    case "truncate":
      program.call("ftruncate", { fd: 10, len: operation[1] * PAGE });
      return;
    case "allocate": {
      const [, [start, length], mode] = operation;
      program.call("fallocate", { fd: 10, mode, off: start * PAGE, len: length * PAGE });
      return;
    }
    case "sync":
      if (operation[1]) program.call("fsync", { fd: 10 });
      else program.call("msync", { addr: at(0), len: place(PAGES) * PAGE, flags: 4 });
      return;
    case "act":
      act(program, operation[2], operation[1], unit);
      return;
    case "lock":
      program.call("mlock", {
        addr: 2 ** 40 + place(operation[1][0]) * PAGE,
        len: place(operation[1][1]) * PAGE,
      });
  }
}

function page(start: number) {
  return { ev: "inval", start, end: start + PAGE } as const;
}

/** ksmd merges a page that it looks at once, or a second time into one of equal content. */
function merge(program: Program, start: number, isAgain: boolean): void {
  program.kernelThread("ksmd", page(start));
  if (isAgain) program.kernelThread("ksmd", page(start));
  program.kernelThread("ksmd", { ev: "ksm", what: "merge_one", err: 0 });
}

/** What a text announces; numbers of an action that has fewer are not looked at. */
function act(program: Program, action: ReplayAction, span: readonly number[], unit: number): void {
  const [start, length] = span as [number, number];
  if (action === ReplayAction.WriteDirect) {
    program.act(action, 10, start, start + length);
    return;
  }
  const registered = ReplayAction.UffdRegister === action ? (start % 3) * 2 + 2 : at(PAGES * unit);
  program.act(action, at(start * unit), at((start + length) * unit), registered);
}

describe("the state of the mm", () => {
  test.prop(
    [
      fc.array(operation, { maxLength: 40 }),
      fc.constantFrom(1, 60, 512),
      settings,
      fc.constantFrom("ext4", "tmpfs", "memfd"),
    ],
    { numRuns: 25 },
  )(
    "agrees with itself after any sequence of operations",
    async (operations, unit, setting, kind) => {
      const program = await Program.start(setting);
      program.file(10, kind, PAGES);
      for (const operation of operations) {
        perform(program, operation, unit);
        expect(program.audit()).toBe(0);
      }
    },
  );

  test("counts a mapping of 2 MiB once", async () => {
    const program = await Program.start();
    program
      .map(0, BLOCK / PAGE)
      .advise(0, BLOCK / PAGE, 14)
      .write(5, 1);
    expect(program.audit()).toBe(0);
  });
});
