/** What holds of every device model; a capability that a device lacks is refused. */
import { describe, expect, test } from "vitest";
import {
  DeviceRefusal,
  type AccessContext,
  type DeviceCapabilities,
  type DeviceModel,
  type DeviceStatement,
} from "../../src/devices/device_model.js";
import { syntheticProgram } from "../../src/run/program.js";
import type { RunResult } from "../../src/run/result.js";
import { runScenario } from "../../src/run/run.js";
import { loadScenario } from "../../src/scenario/load.js";
import type { ScenarioInput } from "../../src/scenario/schema.js";

/** Makes a model anew, with these statements in the place of its own. */
export type Build = (statement?: DeviceStatement) => DeviceModel;

const READ = { page: 0x1000, isWrite: false };
const WRITE = { page: 0x1000, isWrite: true };

/** A context in which nothing has happened yet. */
const context: AccessContext = {
  nowNs: 0,
  lane: 0,
  livePages: 0,
  livePage: () => null,
  choose: () => 0,
};

/** The device beside a program that unmaps what it works on. */
const BUSY: Partial<ScenarioInput> = {
  workload: { operations: [{ kind: "munmap", pages: 32, period: "50us", repeat: 20 }] },
};

/**
 * Range pairs that stay open for long, with an empty table in the place of the program's; workers
 * serve page requests meanwhile, since MADV_DONTNEED holds mmap_lock for read.
 */
const STORM: Partial<ScenarioInput> = {
  era: "3.17",
  protocol: "empty-table",
  machine: { latency: { clearEntry: "2us" } },
  workload: {
    operations: [
      { kind: "touch", pages: 64 },
      { kind: "dontneed", pages: 512, period: "3ms", repeat: 3 },
    ],
  },
};

export function beside(model: DeviceModel, scenario: Partial<ScenarioInput> = BUSY) {
  const { resolved } = loadScenario({
    name: "one device",
    protocol: "secondary-flush",
    ...scenario,
    devices: [model.toScenario()],
  });
  if (resolved.workload.kind !== "synthetic") throw new Error("the workload is synthetic");
  return { resolved, program: syntheticProgram(resolved.workload.operations) };
}

export async function runDevice(
  model: DeviceModel,
  scenario: Partial<ScenarioInput> = BUSY,
): Promise<RunResult> {
  const { resolved, program } = beside(model, scenario);
  return runScenario(resolved, program, { devices: [model] });
}

export function deviceContract(
  name: string,
  build: Build,
  capabilities: Omit<DeviceCapabilities, "choosesAccesses">,
): void {
  describe(name, () => {
    test("is in a scenario what it states", () => {
      const model = build();
      const { resolved } = beside(model);
      expect(resolved.devices).toEqual([model.toResolved()]);
      expect(model.capabilities).toMatchObject(capabilities);
    });

    test("runs alike twice", async () => {
      const [first, second] = [await runDevice(build()), await runDevice(build())];
      expect(second.digest).toBe(first.digest);
      expect(first.counts.accesses).toBeGreaterThan(0);
    });

    test("never has more translation requests in flight than it may have", async () => {
      const { counts } = await runDevice(build({ outstandingRequests: 2 }));
      expect(counts.translationHighWater).toBe(2);
      expect(counts.translationWaits).toBeGreaterThan(0);
    });

    test("never has more page requests outstanding than it has credits", async () => {
      const { counts } = await runDevice(build({ pri: { capacity: 3, allocation: 2 } }), STORM);
      expect(counts.creditHighWater).toBe(2);
      expect(counts.creditWaits).toBeGreaterThan(0);
    });

    test("never breaks a rule where the notifier invalidates what the CPU flushes", async () => {
      const { violations } = await runDevice(build());
      expect(violations).toEqual([]);
    });

    test("refuses to share an address space without a PASID", () => {
      expect(() => build({ pasid: 0 })).toThrow(/without PASID/);
    });

    test("refuses an ATC whose entries do not fill its sets", () => {
      expect(() => build({ atc: { entries: 100, ways: 8 } })).toThrow(/do not divide/);
    });

    test("refuses more credits than it has room for page requests", () => {
      expect(() => build({ pri: { capacity: 4, allocation: 8 } })).toThrow(/can have 4/);
    });

    test("refuses a choice of accesses that it does not have", () => {
      const model = build();
      expect(model.capabilities.choosesAccesses).toBe(false);
      expect(() => model.chooseAccess(context)).toThrow(DeviceRefusal);
    });

    if (capabilities.writes) writesContract(build);
    else readsOnlyContract(build);
    if (capabilities.givesUp) givesUpContract(build);
    else neverGivesUpContract(build);
    callbacksContract(build);
  });
}

function writesContract(build: Build): void {
  test("writes as often as it states", async () => {
    const model = build();
    const { counts } = await runDevice(model);
    expect(counts.writes / counts.accesses).toBeCloseTo(model.access.writeShare, 1);
  });

  test("may choose an access that writes", () => {
    expect(choosing(build, WRITE).chooseAccess(context)).toEqual(WRITE);
  });
}

function readsOnlyContract(build: Build): void {
  test("never writes", async () => {
    const { counts } = await runDevice(build());
    expect(counts.writes).toBe(0);
  });

  test("refuses to choose an access that writes, and may choose one that reads", () => {
    expect(() => choosing(build, WRITE).chooseAccess(context)).toThrow(/writeShare is 0/);
    expect(choosing(build, READ).chooseAccess(context)).toEqual(READ);
  });
}

function givesUpContract(build: Build): void {
  test("gives up at its own limit of refusals, and not before", async () => {
    const model = build();
    const { counts, devices } = await runDevice(model, STORM);
    expect(counts.refusalsHighWater).toBe(model.limits.retryLimit);
    expect(devices).toMatchObject([{ state: "failed" }]);
  });
}

function neverGivesUpContract(build: Build): void {
  test("never gives up, however often it is refused", async () => {
    const { counts, devices } = await runDevice(build(), STORM);
    expect(counts.refusals).toBeGreaterThan(100);
    expect(devices).toMatchObject([{ state: "running", failedAtNs: null }]);
  });
}

function callbacksContract(build: Build): void {
  test("hears of every violation, and of its failure once", async () => {
    const model = build({ retryLimit: 2 });
    const rules: string[] = [];
    const failures: number[] = [];
    model.onViolation = ({ rule }) => rules.push(rule);
    model.onFailure = ({ nowNs }) => failures.push(nowNs);
    const stale = await runDevice(model, { ...BUSY, protocol: "none" });
    const counted = stale.violations.filter(({ rule }) => rule !== "device-failure");
    expect(rules.length).toBe(counted.reduce((sum, { count }) => sum + count, 0));
    expect(new Set(rules)).toEqual(new Set(counted.map(({ rule }) => rule)));
    failures.length = 0;
    const { devices } = await runDevice(model, STORM);
    expect(failures).toEqual([devices[0]?.failedAtNs]);
  });

  test("touches what its own choice says, in the place of the pattern", async () => {
    const model = choosing(build, null);
    let asked = 0;
    model.nextAccess = () => {
      asked++;
      return null;
    };
    const { counts } = await runDevice(model);
    expect(asked).toBeGreaterThan(0);
    expect(counts.accesses).toBe(0);
  });

  test("refuses a page that no mm has", () => {
    expect(() => choosing(build, { page: -1, isWrite: false }).chooseAccess(context)).toThrow(
      /which no mm has/,
    );
  });
}

function choosing(build: Build, access: ReturnType<DeviceModel["chooseAccess"]>): DeviceModel {
  const model = build();
  model.nextAccess = () => access;
  return model;
}
