/** Counterexamples as people read them. */
import { describe, expect, test } from "vitest";
import { replayToken } from "../../src/explore/counterexample.js";
import { explore } from "../../src/explore/explore.js";
import type { OperationId } from "../../src/explore/operations.js";
import type { PropertyId } from "../../src/explore/properties.js";
import { formatTimeline } from "../../src/explore/timeline.js";
import { allowedWindow } from "../../src/explore/window.js";

async function example(protocol: string, operation: OperationId, property: PropertyId) {
  const { properties } = await explore({ protocol, operation, properties: [property] });
  return replayToken(properties[property]!.token!);
}

describe("a timeline", () => {
  test("has rows of time, columns of actors, and the violated rule and the token last", async () => {
    const found = await example("none", "munmap", "stale-read");
    expect(formatTimeline(found)).toBe(
      `time  mm                                    elsewhere                    device 0
   1  take mmap_lock for write, detach vma
   2                                                                     walk page 0 for read -> F0 rw
   3  range_start, clear pte
   4  CPU TLB flush
   5  free pages (F0)
   6                                                                     issue read of page 0: ATC hit, F0
   7                                        F0 is used by somebody else
   8                                                                     read reaches F0 (somebody else)

allowed: old translations of F0 from step 3 until step 7
rule:    no read reaches a frame that somebody else uses by now   stale-read, violated at 8
token:   ${found.token}`,
    );
  });

  test("shows page table, caches and owners of frames beside each step on request", async () => {
    const found = await example("none", "munmap", "stale-read");
    const lines = formatTimeline(found, { states: true }).split("\n");
    expect(lines[0]).toMatch(/device 0 +page table +caches +frames$/);
    expect(lines[1]).toMatch(/^ {3}0 +pte F0 rw +- +F0 mm, F1 somebody else$/);
    expect(lines[9]).toMatch(
      /pte none +ATC F0 rw, walk cache +F0 somebody else, F1 somebody else$/,
    );
  });

  test("says where a run that never ends repeats itself", async () => {
    const text = formatTimeline(await example("secondary-flush", "mprotect", "served"));
    expect(text).toMatch(/\nloop: {4}steps \d+ to \d+, for ever\nrule: {4}every page request/);
  });
});

describe("the window that the kernel allows", () => {
  test("of munmap lies between the cleared entry and the next owner of the frame", async () => {
    const found = await example("flush-at-end", "munmap", "stale-read");
    const { opens, closes } = allowedWindow(found)!;
    expect(found.steps[opens - 1]!.text).toContain("clear pte");
    expect(found.steps[closes - 1]!.text).toBe("F0 is used by somebody else");
    expect(closes).toBeLessThan(found.steps.length);
  });

  test("of mprotect ends when it returns: only then the page is promised read-only", async () => {
    const found = await example("none", "mprotect", "readonly-write");
    const { opens, closes } = allowedWindow(found)!;
    expect(found.steps[opens - 1]!.text).toContain("clear pte");
    expect(found.steps[closes - 1]!.text).toContain("return: page is promised read-only");
  });

  test("of a walk ends when the table page is used by somebody else", async () => {
    const found = await example("leaf-only", "munmap", "stale-walk");
    const { opens, closes } = allowedWindow(found)!;
    expect(found.steps[opens - 1]!.text).toContain("clear pmd entry");
    expect(found.steps[closes - 1]!.text).toBe("page table page is used by somebody else");
  });

  test("is none where a device gives up", async () => {
    expect(allowedWindow(await example("empty-table", "dontneed", "device-failure"))).toBeNull();
  });
});
