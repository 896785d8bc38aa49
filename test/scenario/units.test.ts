import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { editDistance, mostSimilar } from "../../src/base/similar.js";
import { formatDuration, parseDurationNs, parseSizeInPages } from "../../src/scenario/units.js";

describe("a time", () => {
  test.each([
    ["3ns", 3],
    ["1.5us", 1500],
    ["1 µs", 1000],
    ["2m", 120_000_000_000],
    ["1h", 3_600_000_000_000],
    ["10", null],
    ["-5us", null],
    ["10us or so", null],
    ["0.1ns", null],
  ])("written %s is %s ns", (text, ns) => {
    expect(parseDurationNs(text)).toBe(ns);
  });

  test("survives being written and read again", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e12 }), (ns) => {
        expect(parseDurationNs(formatDuration(ns))).toBe(ns);
      }),
    );
  });
});

describe("a size", () => {
  test.each([
    ["4KiB", 1],
    ["64MiB", 16384],
    ["4096B", 1],
    ["4KB", null],
    ["lots", null],
  ])("written %s is %s pages", (text, pages) => {
    expect(parseSizeInPages(text)).toBe(pages);
  });
});

describe("the word that was probably meant", () => {
  test.each([
    ["mnumap", ["munmap", "mremap"], "munmap"],
    ["arm", ["x86", "arm64"], "arm64"],
    ["mirror", ["mirror-kvm", "mirror-hmm"], null],
    ["elephant", ["gpu", "nic"], null],
  ])("for %s among %j is %s", (word, candidates, meant) => {
    expect(mostSimilar(word, candidates)).toBe(meant);
  });

  test("is judged by a distance that counts a swap of neighbours once", () => {
    expect(editDistance("munmap", "mnumap")).toBe(1);
    expect(editDistance("kitten", "sitting")).toBe(3);
  });
});
