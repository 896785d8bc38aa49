import { beforeAll, describe, expect, test } from "vitest";
import { Core } from "../../src/abi/core.js";
import { encodeRecord } from "../../src/abi/records.js";
import { OPERATION_IDS, OPERATIONS } from "../../src/explore/operations.js";
import { BUILTIN_PROTOCOL_IDS, builtinProtocol } from "../../src/protocols/catalogue.js";
import { encodeProtocol } from "../../src/protocols/encode.js";
import { syntheticProgram, type Program } from "../../src/run/program.js";
import { Simulation } from "../../src/run/simulation.js";
import { loadScenario } from "../../src/scenario/index.js";

/** States that the store has room for from its boot on. */
const FIRST_STATES = 480;
const KINDS = ["touch", "munmap", "dontneed", "mprotect", "fork", "migrate", "ksm"] as const;

describe("the heap of the core", () => {
  test.each(BUILTIN_PROTOCOL_IDS)(
    "stays as it was booted while the states of %s have room",
    async (id) => {
      const core = await Core.create();
      for (const operation of OPERATION_IDS) {
        bootExplorer(core, id, OPERATIONS[operation].code);
        const booted = core.exports.heapEnd();
        core.exports.exploreRun(FIRST_STATES, FIRST_STATES, 2 ** 30, 1000);
        expect(core.exports.exploreTransitions()).toBeGreaterThan(100);
        expect(core.exports.heapEnd()).toBe(booted);
      }
    },
  );

  test("grows with the states that are stored, and so is seen to grow", async () => {
    const core = await Core.create();
    bootExplorer(core, "none", OPERATIONS.dontneed.code, 2);
    const booted = core.exports.heapEnd();
    core.exports.exploreRun(10 * FIRST_STATES, 10 * FIRST_STATES, 2 ** 30, 1000);
    expect(core.exports.heapEnd()).toBeGreaterThan(booted);
  });

  describe("in a timed run", () => {
    let program: Program;
    const operations = KINDS.map((kind) => ({ kind, pages: 8, period: "50us", repeat: 100 }));
    const scenarioFor = (protocol: string) =>
      loadScenario({ name: "steady", protocol, workload: { operations } }).resolved;

    beforeAll(() => {
      const { workload } = scenarioFor("none");
      if (workload.kind === "synthetic") program = syntheticProgram(workload.operations);
    });

    test.each(["none", "empty-table", "secondary-flush", "mirror-kvm", "pinned"])(
      "does not grow under %s once every operation has been seen",
      async (protocol) => {
        const simulation = await Simulation.create(scenarioFor(protocol), program);
        const heapEnd = () => simulation.snapshot().memory.length;
        const quarter = Math.floor(program.events / 4);
        simulation.advance(quarter);
        simulation.advance(quarter);
        const warm = heapEnd();
        simulation.advance(quarter);
        simulation.advance(quarter);
        expect(heapEnd()).toBe(warm);
      },
    );
  });
});

function bootExplorer(core: Core, protocol: string, operation: number, devices = 1): void {
  const encoded = encodeProtocol(builtinProtocol(protocol)!);
  core.bytes(core.exports.protocolBlock(), encoded.length).set(encoded);
  const spec = encodeRecord("ExploreSpec", { operation, devices, pages: 1, retryLimit: 3 });
  core.bytes(core.exports.reportBlock(), spec.length).set(spec);
  core.exports.exploreBoot();
}
