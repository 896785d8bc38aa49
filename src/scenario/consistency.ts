/** What the schema cannot see: contradictions between the parts of a scenario. */
import { builtinProtocol } from "../protocols/catalogue.js";
import type { Problem } from "./explain.js";
import type { CacheGeometry, ResolvedDevice, ResolvedScenario } from "./resolved.js";
import { misfitsOf } from "./protocol_eras.js";
import type { Latency, Scenario } from "./schema.js";
import type { WorkloadOperationKind } from "./vocabulary.js";

/** A contradiction, and the paths of all values that it is between. */
export interface Contradiction extends Problem {
  reads: PropertyKey[][];
}

export interface Findings {
  errors: Contradiction[];
  /** Legal, but most likely not what was meant. */
  warnings: Problem[];
}

export function checkConsistency(resolved: ResolvedScenario, scenario: Scenario): Findings {
  const check = new Check();
  checkCaches(resolved, check);
  checkDevices(resolved, check);
  checkOnePasid(resolved, check);
  checkLanes(resolved, check);
  checkThreads(resolved, check);
  checkPageRequests(resolved, check);
  checkMemory(resolved, check);
  checkProtocol(resolved, scenario, check);
  checkPurpose(resolved, scenario, check);
  return { errors: check.errors, warnings: check.warnings };
}

class Check {
  readonly errors: Contradiction[] = [];
  readonly warnings: Problem[] = [];

  /** `others`: the values beside the one at `path` that it is about. */
  error(path: PropertyKey[], problem: string, hint: string, others: PropertyKey[][] = []): void {
    this.errors.push({ path, isKey: false, problem, hint, reads: [path, ...others] });
  }

  warn(path: PropertyKey[], problem: string, hint: string): void {
    this.warnings.push({ path, isKey: false, problem, hint });
  }
}

/** Entries of all TLBs together that a run has memory for. */
const TLB_ENTRIES_MAX = 2 ** 23;

function checkCaches({ machine, iommu, devices }: ResolvedScenario, check: Check): void {
  checkGeometry(machine.tlb.l1, ["machine", "tlb", "l1"], check);
  checkGeometry(machine.tlb.l2, ["machine", "tlb", "l2"], check);
  checkGeometry(iommu.iotlb, ["iommu", "iotlb"], check);
  const perCore = machine.tlb.l1.entries + machine.tlb.l2.entries;
  if (perCore * machine.cores > TLB_ENTRIES_MAX) {
    check.error(
      ["machine", "tlb"],
      `${machine.cores} cores with ${perCore} entries each are more than ${TLB_ENTRIES_MAX}`,
      "lower machine.cores or the entries of its TLBs",
      [["machine", "cores"]],
    );
  }
  devices.forEach((device, index) => {
    checkGeometry(device.atc, ["devices", index, "atc"], check);
  });
}

/** A set is chosen by the low bits of the page number, so the number of sets is a power of two. */
function checkGeometry({ entries, ways }: CacheGeometry, path: PropertyKey[], check: Check): void {
  if (entries % ways !== 0) {
    const fitting = Math.max(1, Math.round(entries / ways)) * ways;
    check.error(
      [...path, "entries"],
      `${entries} entries do not divide into sets of ${ways}`,
      `make entries a multiple of ways, for example ${fitting}`,
      [[...path, "ways"]],
    );
  } else if (!isPowerOfTwo(entries / ways)) {
    const fitting = 2 ** Math.round(Math.log2(entries / ways)) * ways;
    check.error(
      [...path, "entries"],
      `${entries} entries in sets of ${ways} make ${entries / ways} sets, not a power of two`,
      `for example ${fitting} entries`,
      [[...path, "ways"]],
    );
  }
}

function isPowerOfTwo(value: number): boolean {
  return Number.isInteger(Math.log2(value));
}

function checkDevices({ devices, iommu }: ResolvedScenario, check: Check): void {
  const firstByName = new Map<string, number>();
  devices.forEach((device, index) => {
    checkPasid(device, index, iommu.pasidBits, check);
    const first = firstByName.get(device.name);
    if (first === undefined) firstByName.set(device.name, index);
    else {
      check.error(
        ["devices", index, "name"],
        `devices[${first}] is called ${device.name} too`,
        "give each device a name of its own",
        [["devices", first, "name"]],
      );
    }
  });
}

/** One mm has one PASID, whoever uses it. */
function checkOnePasid({ devices }: ResolvedScenario, check: Check): void {
  const [first, ...others] = devices;
  others.forEach((device, index) => {
    if (device.pasid === first!.pasid) return;
    check.error(
      ["devices", index + 1, "pasid"],
      `${device.name} uses PASID ${device.pasid}, ${first!.name} uses ${first!.pasid}`,
      "devices share one mm, which has one PASID: give them the same",
      [["devices", 0, "pasid"]],
    );
  });
}

function checkLanes({ devices }: ResolvedScenario, check: Check): void {
  devices.forEach(({ access, latency }, index) => {
    if (!isAlwaysZero(access.think) || !isAlwaysZero(latency.dma)) return;
    check.error(
      ["devices", index, "access", "think"],
      "an access that takes no time, after no pause, is repeated for ever",
      "give access.think or latency.dma a time, such as 100ns",
      [["devices", index, "latency", "dma"]],
    );
  });
}

/** The program itself runs on the first core. */
function checkThreads({ threads, machine }: ResolvedScenario, check: Check): void {
  if (threads.count > 0 && isAlwaysZero(threads.think)) {
    check.error(
      ["threads", "think"],
      "an access after no pause is repeated for ever",
      "give threads.think a time, such as 100ns",
      [["threads", "count"]],
    );
  }
  if (threads.count < machine.cores) return;
  check.error(
    ["threads", "count"],
    `${threads.count} threads and the program need ${threads.count + 1} cores, the machine has ${machine.cores}`,
    "raise machine.cores or lower threads.count",
    [["machine", "cores"]],
  );
}

/** A latency whose shortest draw is no time can still make progress: its longest counts. */
function isAlwaysZero(latency: Latency): boolean {
  switch (latency.model) {
    case "fixed":
      return latency.ns === 0;
    case "uniform":
      return latency.maxNs === 0;
    case "lognormal":
      return latency.p99Ns === 0;
  }
}

function checkPasid(device: ResolvedDevice, index: number, bits: number, check: Check): void {
  const path = ["devices", index, "pasid"];
  if (device.pasid >= 2 ** bits) {
    check.error(
      path,
      `PASID ${device.pasid} does not fit into ${bits} bits`,
      `use less than ${2 ** bits}, or raise iommu.pasidBits`,
      [["iommu", "pasidBits"]],
    );
  }
}

function checkPageRequests({ devices, iommu }: ResolvedScenario, check: Check): void {
  devices.forEach((device, index) => {
    if (device.priAllocation > device.priCapacity) {
      check.error(
        ["devices", index, "pri", "allocation"],
        `allows ${device.priAllocation} page requests to a device that can have ${device.priCapacity}`,
        "lower the allocation or raise pri.capacity",
        [["devices", index, "pri", "capacity"]],
      );
    }
  });
  const credits = devices.reduce((sum, device) => sum + device.priAllocation, 0);
  if (credits > iommu.pageRequestLogEntries) {
    check.warn(
      ["iommu", "pageRequestLog", "entries"],
      `the devices may have ${credits} page requests outstanding, the log holds ${iommu.pageRequestLogEntries}`,
      "the log can overflow, which stops it until the driver restarts it",
    );
  }
}

/** Frames in use at once while an operation runs, for each page of its vma. */
const FRAMES_PER_PAGE: Record<WorkloadOperationKind, number> = {
  touch: 1,
  munmap: 2,
  dontneed: 2,
  mprotect: 1,
  fork: 2,
  migrate: 2,
  ksm: 2,
  collapse: 2,
};

const PAGES_PER_TABLE = 512;
const UPPER_LEVELS = 3;

function checkMemory({ workload, machine }: ResolvedScenario, check: Check): void {
  if (workload.kind !== "synthetic") return;
  let needed = 0;
  for (const { kind, pages } of workload.operations) {
    const tables = Math.ceil(pages / PAGES_PER_TABLE) + UPPER_LEVELS;
    needed += pages * FRAMES_PER_PAGE[kind] + tables;
  }
  if (needed > machine.frames) {
    check.error(
      ["machine", "frames"],
      `the workload needs up to ${needed} frames, the machine has ${machine.frames}`,
      `raise machine.frames to ${needed} or lower the pages of the workload`,
      [["workload"]],
    );
  }
}

function checkProtocol(
  { protocol, era }: ResolvedScenario,
  scenario: Scenario,
  check: Check,
): void {
  if (typeof scenario.protocol !== "string" && builtinProtocol(protocol.id) !== undefined) {
    check.error(
      ["protocol", "id"],
      `${protocol.id} is a built-in protocol already`,
      "give the definition another id, or name the built-in one alone",
      [["protocol"]],
    );
  }
  for (const { problem, hint } of misfitsOf(protocol, era)) check.warn(["protocol"], problem, hint);
}

function checkPurpose(resolved: ResolvedScenario, scenario: Scenario, check: Check): void {
  if (scenario.workload === undefined && scenario.explore === undefined) {
    check.warn(
      [],
      "neither a workload nor an exploration is given",
      "a run ends at once; add workload: or explore:",
    );
  }
  if (resolved.workload.kind === "synthetic") {
    resolved.workload.operations.forEach(({ periodNs, repeat }, index) => {
      if (periodNs > 0 || repeat === 1) return;
      check.warn(
        ["workload", "operations", index, "period"],
        "the repetitions follow each other without a pause",
        "give a period such as 100us",
      );
    });
  }
}
