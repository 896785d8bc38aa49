import { describe, expect, test } from "vitest";
import { Core } from "../../src/abi/core.js";
import { PlainTables, PlainTlb } from "../../src/bench/twins.js";

describe("the hot rooms of the core and their plain twins", () => {
  test("find the same frames in a TLB that holds every page", async () => {
    const { exports } = await Core.create();
    exports.benchBoot();
    expect(exports.benchLookUp(10_000) >>> 0).toBe(new PlainTlb().lookUp(10_000));
  });

  test("drop the same entries of ranges that are filled again", async () => {
    const { exports } = await Core.create();
    exports.benchBoot();
    const plain = new PlainTlb();
    expect(exports.benchInvalidate(1000) >>> 0).toBe(plain.invalidate(1000));
    expect(exports.benchLookUp(10_000) >>> 0).toBe(plain.lookUp(10_000));
  });

  test("walk to the same frames through four levels of tables", async () => {
    const { exports } = await Core.create();
    exports.benchBoot();
    expect(exports.benchWalk(10_000) >>> 0).toBe(new PlainTables().walk(10_000));
  });
});
