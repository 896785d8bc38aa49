import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { InvalidScenario } from "../../src/scenario/errors.js";
import { loadScenario } from "../../src/scenario/load.js";
import type { ScenarioInput } from "../../src/scenario/schema.js";

const BASE = { name: "n", protocol: "none" } as const;

function errorsOf(scenario: ScenarioInput): string[] {
  try {
    loadScenario(scenario);
    return [];
  } catch (error) {
    if (!(error instanceof InvalidScenario)) throw error;
    return error.errors.map(({ path }) => path);
  }
}

describe("a resolved scenario", () => {
  test("leaves nothing out", () => {
    const { resolved } = loadScenario({ ...BASE, devices: [{ name: "g", kind: "gpu" }] });
    const missing: string[] = [];
    JSON.stringify(resolved, (key, value: unknown) => {
      if (value === undefined || value === null) missing.push(key);
      return typeof value === "bigint" ? value.toString() : value;
    });
    expect(missing).toEqual([]);
  });

  test("takes what the scenario says before the preset, and the preset before the default", () => {
    const devices = [
      { name: "a", kind: "gpu", lanes: 3 },
      { name: "b", kind: "gpu" },
      { name: "c", kind: "nic" },
    ] as const;
    const lanes = devices.map((device) => {
      const { resolved, settings } = loadScenario({ ...BASE, devices: [device] });
      const setting = settings.find(({ path }) => path === "devices[0].lanes");
      return [resolved.devices[0]?.lanes, setting?.from];
    });
    expect(lanes).toEqual([
      [3, "scenario"],
      [64, "preset gpu"],
      [8, "default"],
    ]);
  });

  test("names a source and a grade for every value", () => {
    const { settings } = loadScenario({ ...BASE, devices: [{ name: "g", kind: "accelerator" }] });
    expect(settings.filter(({ source, grade }) => !source || !grade)).toEqual([]);
  });

  test("reads times as nanoseconds and sizes as pages", () => {
    const { resolved } = loadScenario({
      ...BASE,
      machine: { frames: "64MiB", latency: { ipi: "1.5us", walkStep: { min: "1ns", max: "9ns" } } },
      until: "2ms",
    });
    expect(resolved.machine.frames).toBe(16384);
    expect(resolved.machine.latency.ipi).toEqual({ model: "fixed", ns: 1500 });
    expect(resolved.machine.latency.walkStep).toEqual({ model: "uniform", minNs: 1, maxNs: 9 });
    expect(resolved.until).toEqual({ kind: "time", ns: 2_000_000 });
  });

  test("takes what the command line says before the scenario, and says so", () => {
    const { resolved, settings } = loadScenario({ ...BASE, seed: 5 }, { seed: 7n, era: "3.17" });
    expect(resolved).toMatchObject({ seed: 7n, era: "3.17" });
    expect(settings.find(({ path }) => path === "seed")?.from).toBe("command line");
  });
});

describe("a scenario that contradicts itself", () => {
  const gpu = { name: "g", kind: "gpu" } as const;

  test.each<{ because: string; path: string; scenario: Partial<ScenarioInput> }>([
    {
      because: "its own protocol is called like a built-in one",
      path: "protocol.id",
      scenario: { protocol: { id: "mirror-kvm" } },
    },
    {
      because: "a device has no PASID",
      path: "devices[0].pasid",
      scenario: { devices: [{ ...gpu, pasid: 0 }] },
    },
    {
      because: "its devices have different PASIDs",
      path: "devices[1].pasid",
      scenario: { devices: [gpu, { name: "n", kind: "nic", pasid: 2 }] },
    },
    {
      because: "a PASID is too wide for the IOMMU",
      path: "devices[0].pasid",
      scenario: { devices: [{ ...gpu, pasid: 65536 }] },
    },
    {
      because: "two devices have one name",
      path: "devices[1].name",
      scenario: { devices: [gpu, gpu] },
    },
    {
      because: "the sets of a cache are not of one size",
      path: "devices[0].atc.entries",
      scenario: { devices: [{ ...gpu, atc: { entries: 100, ways: 8 } }] },
    },
    {
      because: "the number of sets is not a power of two",
      path: "iommu.iotlb.entries",
      scenario: { iommu: { iotlb: { entries: 48, ways: 4 } } },
    },
    {
      because: "software allows more page requests than the device can have",
      path: "devices[0].pri.allocation",
      scenario: { devices: [{ ...gpu, pri: { capacity: 8, allocation: 9 } }] },
    },
    {
      because: "the workload needs more frames than there are",
      path: "machine.frames",
      scenario: {
        machine: { frames: 64 },
        workload: { operations: [{ kind: "munmap", pages: 64 }] },
      },
    },
    {
      because: "the bounds of a latency are exchanged",
      path: "machine.latency.ipi",
      scenario: { machine: { latency: { ipi: { min: "2us", max: "1us" } } } },
    },
    {
      because: "a lognormal latency has its p99 below the median",
      path: "devices[0].access.think",
      scenario: {
        devices: [{ ...gpu, access: { kind: "live", think: { median: "2us", p99: "1us" } } }],
      },
    },
  ])("is refused because $because", ({ path, scenario }) => {
    expect(errorsOf({ ...BASE, ...scenario })).toEqual([path]);
  });

  test("is refused for a value of the wrong kind and for what contradicts itself at once", () => {
    const latency = { ipi: { min: "2us", max: "1us" } };
    const devices = [{ ...gpu, pasid: 0 }];
    const machine = { cores: "many" as unknown as number, latency };
    expect(errorsOf({ ...BASE, machine, devices }).sort()).toEqual([
      "devices[0].pasid",
      "machine.cores",
      "machine.latency.ipi",
    ]);
  });

  test("is refused with the line of the value that is to blame", () => {
    const text = "name: n\nprotocol: none\ndevices:\n  - name: g\n    kind: gpu\n    pasid: 0\n";
    expect(() => loadScenario({ text, file: "s.yaml" })).toThrow("s.yaml:6:12: devices[0].pasid");
  });
});

describe("a scenario that is legal but odd", () => {
  test("is warned about when the page-request log can overflow", () => {
    const devices = Array.from({ length: 17 }, (_, n) => ({ name: `d${n}`, kind: "nic" as const }));
    const { warnings } = loadScenario({ ...BASE, devices, explore: {} });
    expect(warnings.map(({ path }) => path)).toEqual(["iommu.pageRequestLog.entries"]);
  });

  test.each([
    { protocol: "secondary-flush", era: "3.17", because: "no callback beside the CPU TLB flush" },
    {
      protocol: "invalidate-range",
      era: "6.19",
      because: "both a secondary flush and a range pair",
    },
    { protocol: "mirror-hmm", era: "4.15", because: "no interval notifiers" },
  ] as const)("is warned about when $protocol meets Linux $era", ({ protocol, era, because }) => {
    const { warnings } = loadScenario({ name: "n", protocol, era, explore: {} });
    expect(warnings).toMatchObject([{ path: "protocol" }]);
    expect(warnings[0]?.problem).toContain(because);
  });

  test("is judged by what a protocol of its own does, not by its name", () => {
    const protocol = { id: "mine", secondaryFlush: ["invalidate" as const] };
    const { warnings } = loadScenario({ name: "n", protocol, era: "3.17", explore: {} });
    expect(warnings).toMatchObject([{ path: "protocol", hint: "it fits 3.19, 4.15, 6.4, 6.19" }]);
  });

  test("is accepted in silence when the protocol is what that kernel's driver did", () => {
    const { warnings } = loadScenario({
      ...BASE,
      protocol: "empty-table",
      era: "3.17",
      explore: {},
    });
    expect(warnings).toEqual([]);
  });

  test("is warned about when there is nothing to run and nothing to explore", () => {
    expect(loadScenario(BASE).warnings).toHaveLength(1);
  });
});

describe("the examples", () => {
  const directory = new URL("../../examples/", import.meta.url);

  test.each(readdirSync(directory).filter((name) => /\.(yaml|json)$/.test(name)))(
    "%s resolves without a warning",
    (file) => {
      const text = readFileSync(new URL(file, directory), "utf8");
      expect(loadScenario({ text, file }).warnings).toEqual([]);
    },
  );
});
