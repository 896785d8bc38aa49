/** Calls whose arguments and results no kernel would have given leave the mm sound. */
import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { BLOCK, PAGE, Program, at } from "../support/program.js";

const place = fc.oneof(
  fc.nat(39).map(at),
  fc.nat(5).map((block) => at(block * 512)),
  fc.nat(40 * PAGE).map((byte) => at(0) + byte),
  fc.constantFrom(0, 4096, 2 ** 47 - 4096, 2 ** 47, 2 ** 63, 2 ** 64 - 2048),
);
const length = fc.oneof(
  fc.nat(40).map((pages) => pages * PAGE),
  fc.integer({ min: 1, max: 4 }).map((blocks) => blocks * BLOCK),
  fc.nat(9000),
  fc.constantFrom(2 ** 46, 2 ** 64 - 2048),
);
/** Of memory that comes into being, and may be populated. */
const size = fc.nat(4 * BLOCK);
const result = fc.constantFrom(0, 0, 0, -1, -12, -14, -13, -22);
const advice = fc.constantFrom(0, 3, 4, 8, 9, 10, 14, 15, 18, 20, 21, 22, 23, 24, 25, 102, 103);
const mapFlags = fc.constantFrom(0x32, 0x31, 0x132, 0x38, 0x2032, 0x8032, 0x40032, 0x40031);

const call = fc.oneof(
  fc.record({ addr: place, len: size, prot: fc.nat(7), flags: mapFlags }).map((a) => {
    return ["mmap", { ...a, fd: -1, off: 0 }, a.addr] as const;
  }),
  fc.tuple(
    fc.constantFrom("munmap", "mprotect", "mlock", "munlock", "mseal", "msync", "mbind"),
    fc.record({ addr: place, len: length, prot: fc.nat(7) }),
    result,
  ),
  fc.tuple(fc.constant("madvise"), fc.record({ addr: place, len: length, advice }), result),
  fc
    .record({ addr: place, old_len: length, new_len: size, flags: fc.nat(7), new_addr: place })
    .map((a) => ["mremap", a, a.new_addr] as const),
  place.map((addr) => ["brk", { addr }, addr] as const),
  fc.tuple(fc.constant("mlockall"), fc.record({ flags: fc.nat(7) }), result),
  fc
    .record({ addr: place, size: length, pgoff: fc.nat(60) })
    .map((a) => ["remap_file_pages", { ...a, prot: 0, flags: 0 }, 0] as const),
);

describe("the mm", () => {
  test.prop([fc.array(call, { minLength: 10, maxLength: 60 })], { numRuns: 40 })(
    "stays sound whatever a recording claims of calls",
    async (calls) => {
      const program = await Program.start({ thp: "always", swap: true });
      program
        .map(0, 24)
        .write(0, 24)
        .map(2 * 512, 1024, 3, 0x40022)
        .write(2 * 512, 1);
      for (const [name, args, ret] of calls) program.call(name, args, ret);
      program.exit(program.fork());
      expect(program.audit()).toBe(0);
    },
  );
});
