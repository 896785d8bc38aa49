/** Protocols that a user writes: explored as built-in ones are, explained where they are wrong. */
import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { explore } from "../../src/explore/explore.js";
import { ExploreMachine } from "../../src/explore/machine.js";
import { OPERATION_IDS } from "../../src/explore/operations.js";
import { BUILTIN_PROTOCOLS } from "../../src/protocols/catalogue.js";
import { ProtocolSchema, TRAITS, type ProtocolInput } from "../../src/protocols/schema.js";
import { PROTOCOL_STEP_NAMES, PROTOCOL_STEPS } from "../../src/protocols/steps.js";
import { formatScenarioError, InvalidScenario } from "../../src/scenario/errors.js";
import { loadScenario } from "../../src/scenario/load.js";

const machine = await ExploreMachine.create();

describe("a user's protocol", () => {
  test.each(BUILTIN_PROTOCOLS)(
    "is judged as the built-in $id of the same steps",
    async (builtin) => {
      const own = { ...builtin, id: "own" };
      const judged = async (protocol: ProtocolInput | string) => {
        const { properties } = await explore({ protocol, operation: "dontneed", machine });
        return Object.entries(properties).map(([id, { verdict, steps }]) => ({
          id,
          verdict,
          steps,
        }));
      };
      expect(await judged(own)).toEqual(await judged(builtin.id));
    },
  );

  test("is judged in less than a second, the reading of its file included", async () => {
    const text = [
      "name: a driver under test",
      "protocol:",
      "  id: lock-held-across-the-pair",
      "  reads: mirror",
      "  rangeStart: [lock-driver, zap-mirror]",
      "  rangeEnd: [unlock-driver]",
      "  fault: [lock-mmap, fault, lock-driver, install, unlock-driver, unlock-mmap, respond]",
      "explore: { operation: ksm }",
    ].join("\n");
    const startedAt = performance.now();
    const { resolved } = loadScenario({ text, file: "driver.yaml" });
    const { protocol } = resolved;
    const { complete } = await explore({ protocol, ...resolved.explore });
    expect(performance.now() - startedAt).toBeLessThan(1000);
    expect(complete).toBe(true);
  });

  test.each(OPERATION_IDS)("may have twenty steps in each list, in %s too", async (operation) => {
    const grace = Array.from({ length: 20 }, () => "grace" as const);
    const long = { rangeStart: grace, beforeChange: grace, secondaryFlush: grace, rangeEnd: grace };
    const protocol = { id: "long", ...long, traits: ["grace-before-free" as const] };
    const { properties } = await explore({ protocol, operation, maxStates: 100, machine });
    expect(properties["stale-read"]!.verdict).toBe("unknown");
  });

  const inCallbacks = PROTOCOL_STEP_NAMES.filter(
    (name) => PROTOCOL_STEPS[name].takenBy !== "handler",
  );
  const conditions = ["always", "first", "last", "sampled", "not-first"] as const;
  /** A list of steps, the last one joined with nothing. */
  const steps = fc
    .array(
      fc.record({
        do: fc.constantFrom(...inCallbacks),
        if: fc.oneof(
          { weight: 3, arbitrary: fc.constant("always") },
          fc.constantFrom(...conditions),
        ),
        joined: fc.boolean(),
      }),
      { maxLength: 4 },
    )
    .map((list) =>
      list.map((step, at) => ({ ...step, joined: step.joined && at < list.length - 1 })),
    );
  const handlers = fc.constantFrom<NonNullable<ProtocolInput["fault"]>[]>(
    ["lock-mmap", "fault", "unlock-mmap", "respond"],
    ["lock-mmap", "fault", "unlock-mmap", "install", "respond"],
    ["lock-mmap", "fault", "lock-driver", "install", "unlock-mmap", "unlock-driver", "respond"],
    [
      "sample-sequence",
      "lock-mmap",
      "fault",
      "unlock-mmap",
      "check-sequence",
      "install",
      "respond",
    ],
    ["lock-mmap", "fault", "unlock-mmap", "lock-driver", "unlock-driver", "respond-success"],
    ["lock-driver", "respond-success"],
    ["lock-mmap", "fault", "unlock-mmap", "install", "hang"],
    ["respond", "fault"],
  );
  const protocols = fc.record({
    id: fc.constant("any"),
    reads: fc.constantFrom("shared", "mirror"),
    levels: fc.oneof({ weight: 3, arbitrary: fc.constant("one") }, fc.constant("two")),
    rangeStart: steps,
    beforeChange: steps,
    secondaryFlush: steps,
    rangeEnd: steps,
    fault: handlers,
    traits: fc.subarray([...TRAITS], { maxLength: 2 }),
  });

  property.prop([protocols, fc.constantFrom(...OPERATION_IDS)], {
    numRuns: 300,
    seed: 4,
    maxSkipsPerRun: 200,
  })(
    "is refused, or explored without a broken invariant, whatever it says",
    async (input, operation) => {
      const checked = ProtocolSchema.safeParse(input);
      fc.pre(checked.success);
      const { states } = await explore({
        protocol: input,
        operation,
        devices: 2,
        maxStates: 2000,
        machine,
      });
      expect(states).toBeGreaterThan(0);
    },
    120_000,
  );
});

describe("a mistake in a protocol", () => {
  /** What is said about a scenario whose protocol has these lines, from line 3 on. */
  function complaints(...lines: string[]): string[] {
    const head = ["name: wrong", "protocol:", "  id: own"];
    const text = [...head, ...lines.map((line) => `  ${line}`)].join("\n");
    try {
      loadScenario({ text, file: "own.yaml" });
      return [];
    } catch (error) {
      return (error as InvalidScenario).errors.map(formatScenarioError);
    }
  }

  test.each([
    {
      because: "a step is misspelled",
      lines: ["rangeStart:", "  - invalidat"],
      says: [
        `own.yaml:5:7: protocol.rangeStart[0]: "invalidat" is not known here\n  did you mean invalidate?`,
      ],
    },
    {
      because: "a condition is misspelled",
      lines: ["rangeStart: [count-up, { do: invalidate, if: frist }]"],
      says: [
        `own.yaml:4:48: protocol.rangeStart[1].if: "frist" is not known here\n  did you mean first?`,
      ],
    },
    {
      because: "a handler's step stands in a callback",
      lines: ["rangeEnd: [respond]"],
      says: [
        "own.yaml:4:14: protocol.rangeEnd[0]: respond is a step of the page-request handler\n  move it to fault",
      ],
    },
    {
      because: "a mirror is filled by nobody",
      lines: ["reads: mirror"],
      says: [
        "own.yaml:3:3: protocol.fault: a mirror needs a page-request handler that fills it\n  such as fault: [lock-mmap, fault, unlock-mmap, install, respond]",
      ],
    },
    {
      because: "nothing decides a condition",
      lines: ["rangeEnd: [restore-table]"],
      says: [
        "own.yaml:4:14: protocol.rangeEnd[0]: restore-table is never taken: nothing decides its condition\n  it needs count-down or flag-clear in a callback before it",
      ],
    },
    {
      because: "a callback takes the driver's lock twice",
      lines: ["secondaryFlush: [lock-driver, invalidate, lock-driver, unlock-driver]"],
      says: [
        "own.yaml:4:45: protocol.secondaryFlush[2]: the driver's lock is held already\n  put unlock-driver in front of it",
      ],
    },
    {
      because: "a callback releases a lock that it cannot hold",
      lines: ["rangeEnd: [invalidate, unlock-driver]"],
      says: [
        "own.yaml:4:26: protocol.rangeEnd[1]: the driver's lock is not held here\n  put lock-driver in front of it",
      ],
    },
    {
      because: "a handler answers with the driver's lock held",
      lines: ["fault: [lock-mmap, fault, unlock-mmap, lock-driver, respond]"],
      says: [
        "own.yaml:4:55: protocol.fault[4]: the handler ends with the driver's lock held\n  put unlock-driver in front of it",
      ],
    },
    {
      because: "open pairs are counted down and never up",
      lines: ["rangeEnd: [count-down, { do: restore-table, if: last }]"],
      says: [
        "own.yaml:4:14: protocol.rangeEnd[0]: nothing has counted what count-down ends\n  put count-up in rangeStart",
      ],
    },
    {
      because: "a handler starts over with mmap_lock held",
      lines: ["fault: [sample-sequence, lock-mmap, fault, check-sequence, unlock-mmap, respond]"],
      says: [
        "own.yaml:4:46: protocol.fault[3]: starting over would keep mmap_lock for ever\n  put unlock-mmap in front of it",
      ],
    },
  ])("is located and explained when $because", ({ lines, says }) => {
    expect(complaints(...lines)).toEqual(says);
  });
});
