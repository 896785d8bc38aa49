/** Counterexamples as people read them. */
import { describe, expect, test } from "vitest";
import { replayToken, type Counterexample } from "../../src/explore/counterexample.js";
import { explore } from "../../src/explore/explore.js";
import { ExploreMachine, type PathStep } from "../../src/explore/machine.js";
import type { OperationId } from "../../src/explore/operations.js";
import type { PropertyId } from "../../src/explore/properties.js";
import type { ProtocolInput } from "../../src/protocols/schema.js";
import { resolveSmallWorld } from "../../src/explore/small_world.js";
import { formatTimeline } from "../../src/explore/timeline.js";
import { writeToken } from "../../src/explore/token.js";
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

allowed: old translations of F0 from step 3 until step 5 (F0 is freed)
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
    expect(text).toMatch(
      /\nloop: {4}steps \d+ to \d+, for ever\nfair: {4}only where mm is starved/,
    );
    const ends = formatTimeline(await example("leaf-only", "collapse", "served"));
    expect(ends).toMatch(/\nfair: {4}whoever can act again and again does.*strong fairness/);
  });

  test("counts the refusals of a device that gives up, and of no other", async () => {
    const texts = async (property: PropertyId) =>
      (await example("leaf-only", "collapse", property)).steps.map(({ text }) => text).join();
    expect(await texts("device-failure")).toContain("page request again (1)");
    expect(await texts("served")).toMatch(/page request again(?! \()/);
    expect(await texts("served")).not.toContain("(0)");
  });
});

describe("the steps of a timeline", () => {
  const lines = (found: Counterexample) =>
    found.steps.map(({ actor, text }) => ({ actor, parts: text.split(", ") }));

  test.each(["empty-table", "empty-table-overlap-count"])(
    "tell of %s only what is done: the driver's lock is taken and released in turns",
    async (protocol) => {
      const found = await example(protocol, "dontneed", "device-failure");
      let holder: string | null = null;
      for (const { actor, parts } of lines(found)) {
        for (const part of parts) {
          if (part === "take driver lock") {
            expect(holder).toBeNull();
            holder = actor;
          } else if (part === "release driver lock") {
            expect(holder).toBe(actor);
            holder = null;
          }
        }
      }
      expect(lines(found).flatMap(({ parts }) => parts)).toContain("install empty table");
    },
  );

  test("say that a collapse copies a page", async () => {
    const { steps } = await example("flush-at-start", "collapse", "lost-write");
    expect(steps.map(({ text }) => text)).toContainEqual(expect.stringMatching(/copy page$/));
  });

  test("say that a collapse gives up on a pinned page, and copies nothing", async () => {
    const texts = await afterOneRequest("pinned", "collapse");
    expect(texts).toContainEqual(expect.stringMatching(/page is pinned: restore pmd entry$/));
    expect(texts.join()).not.toContain("copy");
  });
});

/** The operation from its first step to its last, behind a page request that was answered. */
async function afterOneRequest(id: string, operation: OperationId): Promise<string[]> {
  const world = resolveSmallWorld({ protocol: id, operation });
  const machine = await ExploreMachine.create();
  machine.boot(world);
  machine.rewind();
  const path: PathStep[] = [];
  const takeWhilePossible = (move: number, most = Infinity) => {
    for (let taken = 0; taken < most && machine.isEnabled(move); taken++) {
      const step = { move, choices: 0 };
      machine.take(step);
      path.push(step);
    }
  };
  const { walkForRead, retry, handler, mm } = MOVES;
  takeWhilePossible(walkForRead, 1);
  takeWhilePossible(handler);
  takeWhilePossible(retry, 1);
  takeWhilePossible(mm);
  const token = writeToken({ world, property: "stale-read", path, loop: null });
  const { steps } = await replayToken(token, machine);
  return steps.map(({ text }) => text);
}

/** The moves of a world with one device and one page, in the order of the explorer. */
const MOVES = { mm: 0, handler: 1, retry: 3, walkForRead: 7 };

describe("the window that the kernel allows", () => {
  test("of munmap ends where the frame is freed although nothing was flushed", async () => {
    const found = await example("flush-at-end", "munmap", "stale-read");
    const { opens, closes, end } = allowedWindow(found)!;
    expect(found.steps[opens - 1]!.text).toContain("clear pte");
    expect(found.steps[closes - 1]!.text).toBe("free pages (F0)");
    expect(end).toBe("F0 is freed");
  });

  test("ends with the flush where a mirror is filled anew behind it", async () => {
    const late: ProtocolInput = {
      id: "zapped-behind-the-change",
      reads: "mirror",
      secondaryFlush: ["zap-mirror"],
      fault: ["lock-mmap", "fault", "unlock-mmap", "install", "respond"],
    };
    const request = { protocol: late, operation: "dontneed" } as const;
    const { properties } = await explore({ ...request, properties: ["stale-read"] });
    const found = await replayToken(properties["stale-read"]!.token!);
    const { opens, closes, end } = allowedWindow(found)!;
    expect(found.steps[opens - 1]!.text).toContain("clear pte");
    expect(found.steps[closes - 1]!.text).toContain("zap mirror, invalidate");
    expect(end).toBe("flushed");
    expect(found.steps.findIndex(({ text }) => text.includes("free pages"))).toBeGreaterThan(
      closes - 1,
    );
  });

  test("of mprotect ends when it returns: only then the page is promised read-only", async () => {
    const found = await example("none", "mprotect", "readonly-write");
    const { opens, closes } = allowedWindow(found)!;
    expect(found.steps[opens - 1]!.text).toContain("clear pte");
    expect(found.steps[closes - 1]!.text).toContain("return: page is promised read-only");
  });

  test("of a walk ends when the table page is freed: a flush of leaves keeps the walk cache", async () => {
    const found = await example("leaf-only", "munmap", "stale-walk");
    const { opens, closes } = allowedWindow(found)!;
    expect(found.steps[opens - 1]!.text).toContain("clear pmd entry");
    expect(found.steps[closes - 1]!.text).toBe("free page table");
    expect(found.steps.slice(opens, closes).some(({ isFlush }) => isFlush)).toBe(true);
  });

  test("is none where a device gives up", async () => {
    expect(allowedWindow(await example("empty-table", "dontneed", "device-failure"))).toBeNull();
  });
});
