/**
 * A scenario -> what really runs: every value present, every origin known, and no contradiction
 * between the parts.
 */
import { builtinProtocol } from "../protocols/catalogue.js";
import type { Protocol } from "../protocols/schema.js";
import { checkConsistency, type Contradiction } from "./consistency.js";
import type { ScenarioError } from "./errors.js";
import { placed, type Locate } from "./locate.js";
import type {
  ResolvedAccess,
  ResolvedDevice,
  ResolvedExplore,
  ResolvedIommu,
  ResolvedMachine,
  ResolvedScenario,
  ResolvedFaults,
  ResolvedThreads,
  ResolvedUntil,
  ResolvedWorkload,
  RetryLimit,
} from "./resolved.js";
import type { Scenario, ScenarioAccess, ScenarioDevice } from "./schema.js";
import { Settings, type Setting } from "./settings.js";
import type { DeviceKind } from "./vocabulary.js";

export type ResolveResult =
  | { ok: true; resolved: ResolvedScenario; settings: Setting[]; warnings: ScenarioError[] }
  | { ok: false; errors: ScenarioError[]; warnings: ScenarioError[] };

export interface ResolveOptions {
  file?: string | null;
  locate?: Locate;
  /** Paths that the command line set. */
  overridden?: ReadonlySet<string>;
}

export function resolveScenario(scenario: Scenario, options: ResolveOptions = {}): ResolveResult {
  const settings = new Settings(options.overridden ?? new Set());
  const resolved = fillIn(scenario, settings);
  const { file = null, locate = () => null } = options;
  const place = (problem: Parameters<typeof placed>[0]) => placed(problem, file, locate);
  const findings = checkConsistency(resolved, scenario);
  const errors = findings.errors.map(place);
  const warnings = findings.warnings.map(place);
  if (errors.length > 0) return { ok: false, errors, warnings };
  return { ok: true, resolved, settings: settings.all, warnings };
}

/** What contradicts itself in a scenario. */
export function contradictionsOf(scenario: Scenario): Contradiction[] {
  return checkConsistency(fillIn(scenario, new Settings(new Set())), scenario).errors;
}

function fillIn(scenario: Scenario, settings: Settings): ResolvedScenario {
  settings.given("name", scenario.name);
  const general = {
    name: scenario.name,
    description: settings.pick<string>("description", scenario.description),
    seed: settings.pick("seed", scenario.seed),
    era: settings.pick("era", scenario.era),
    arch: settings.pick("arch", scenario.arch),
    protocol: resolveProtocol(scenario.protocol),
  };
  settings.given("protocol", general.protocol.id);
  return {
    ...general,
    notifier: settings.pick("notifier", scenario.notifier),
    explore: resolveExplore(scenario.explore, settings),
    machine: resolveMachine(scenario.machine, settings),
    iommu: resolveIommu(scenario.iommu, settings),
    devices: (scenario.devices ?? []).map((device, index) =>
      resolveDevice(device, index, settings),
    ),
    workload: resolveWorkload(scenario.workload, settings),
    threads: resolveThreads(scenario.threads, settings),
    faults: resolveFaults(scenario.faults, settings),
    until: resolveUntil(scenario.until, settings),
  };
}

function resolveProtocol(protocol: Scenario["protocol"]): Protocol {
  if (typeof protocol !== "string") return protocol;
  const found = builtinProtocol(protocol);
  if (found === undefined) throw new Error("the schema lets only known protocols through");
  return found;
}

function resolveExplore(explore: Scenario["explore"], settings: Settings): ResolvedExplore {
  return {
    operation: settings.pick("explore.operation", explore?.operation),
    devices: settings.pick("explore.devices", explore?.devices),
    pages: settings.pick("explore.pages", explore?.pages),
    retryLimit: settings.pick<RetryLimit>("explore.retryLimit", explore?.retryLimit),
  };
}

function resolveMachine(machine: Scenario["machine"], settings: Settings): ResolvedMachine {
  const { tlb, walkCache, latency } = machine ?? {};
  return {
    cores: settings.pick("machine.cores", machine?.cores),
    frames: settings.pick("machine.frames", machine?.frames),
    tlb: {
      l1: {
        entries: settings.pick("machine.tlb.l1.entries", tlb?.l1?.entries),
        ways: settings.pick("machine.tlb.l1.ways", tlb?.l1?.ways),
      },
      l2: {
        entries: settings.pick("machine.tlb.l2.entries", tlb?.l2?.entries),
        ways: settings.pick("machine.tlb.l2.ways", tlb?.l2?.ways),
      },
    },
    walkCache: {
      pgd: settings.pick("machine.walkCache.pgd", walkCache?.pgd),
      pud: settings.pick("machine.walkCache.pud", walkCache?.pud),
      pmd: settings.pick("machine.walkCache.pmd", walkCache?.pmd),
    },
    ipiDelivery: settings.pick("machine.ipiDelivery", machine?.ipiDelivery),
    flushCeilingPages: settings.pick("machine.flushCeiling", machine?.flushCeiling),
    gatherBatchFrames: settings.pick("machine.gatherBatch", machine?.gatherBatch),
    gatherBatches: settings.pick("machine.gatherBatches", machine?.gatherBatches),
    latency: {
      tlbHit: settings.pick("machine.latency.tlbHit", latency?.tlbHit),
      walkStep: settings.pick("machine.latency.walkStep", latency?.walkStep),
      minorFault: settings.pick("machine.latency.minorFault", latency?.minorFault),
      ipi: settings.pick("machine.latency.ipi", latency?.ipi),
      ipiPerCore: settings.pick("machine.latency.ipiPerCore", latency?.ipiPerCore),
      flushPage: settings.pick("machine.latency.flushPage", latency?.flushPage),
      flushAll: settings.pick("machine.latency.flushAll", latency?.flushAll),
      clearEntry: settings.pick("machine.latency.clearEntry", latency?.clearEntry),
      copyPage: settings.pick("machine.latency.copyPage", latency?.copyPage),
      lock: settings.pick("machine.latency.lock", latency?.lock),
      operation: settings.pick("machine.latency.operation", latency?.operation),
      notifierCallback: settings.pick(
        "machine.latency.notifierCallback",
        latency?.notifierCallback,
      ),
      notifierCall: settings.pick("machine.latency.notifierCall", latency?.notifierCall),
    },
  };
}

function resolveIommu(iommu: Scenario["iommu"], settings: Settings): ResolvedIommu {
  const { walkCache, latency } = iommu ?? {};
  return {
    preset: settings.pick("iommu.preset", iommu?.preset),
    pasidBits: settings.pick("iommu.pasidBits", iommu?.pasidBits),
    iotlb: {
      entries: settings.pick("iommu.iotlb.entries", iommu?.iotlb?.entries),
      ways: settings.pick("iommu.iotlb.ways", iommu?.iotlb?.ways),
    },
    walkCache: {
      pgd: settings.pick("iommu.walkCache.pgd", walkCache?.pgd),
      pud: settings.pick("iommu.walkCache.pud", walkCache?.pud),
      pmd: settings.pick("iommu.walkCache.pmd", walkCache?.pmd),
    },
    commandQueueEntries: settings.pick("iommu.commandQueue.entries", iommu?.commandQueue?.entries),
    pageRequestLogEntries: settings.pick(
      "iommu.pageRequestLog.entries",
      iommu?.pageRequestLog?.entries,
    ),
    workers: settings.pick("iommu.workers", iommu?.workers),
    waitPollNs: settings.pick("iommu.waitPoll", iommu?.waitPoll),
    waitGiveUpNs: settings.pick("iommu.waitGiveUp", iommu?.waitGiveUp),
    latency: {
      iotlbHit: settings.pick("iommu.latency.iotlbHit", latency?.iotlbHit),
      walkStep: settings.pick("iommu.latency.walkStep", latency?.walkStep),
      command: settings.pick("iommu.latency.command", latency?.command),
      interruptDelivery: settings.pick(
        "iommu.latency.interruptDelivery",
        latency?.interruptDelivery,
      ),
      interruptEntry: settings.pick("iommu.latency.interruptEntry", latency?.interruptEntry),
      threadWake: settings.pick("iommu.latency.threadWake", latency?.threadWake),
      workerWake: settings.pick("iommu.latency.workerWake", latency?.workerWake),
    },
  };
}

function resolveDevice(device: ScenarioDevice, index: number, settings: Settings): ResolvedDevice {
  const { kind } = device;
  const place = { index, kind };
  settings.given(`devices[${index}].name`, device.name);
  settings.given(`devices[${index}].kind`, kind);
  return {
    name: device.name,
    kind,
    pasid: settings.pick("devices[].pasid", device.pasid, place),
    lanes: settings.pick("devices[].lanes", device.lanes, place),
    atc: {
      entries: settings.pick("devices[].atc.entries", device.atc?.entries, place),
      ways: settings.pick("devices[].atc.ways", device.atc?.ways, place),
    },
    outstandingRequests: settings.pick(
      "devices[].outstandingRequests",
      device.outstandingRequests,
      place,
    ),
    priCapacity: settings.pick("devices[].pri.capacity", device.pri?.capacity, place),
    priAllocation: settings.pick("devices[].pri.allocation", device.pri?.allocation, place),
    priTimeoutNs: settings.pick("devices[].pri.timeout", device.pri?.timeout, place),
    retryLimit: settings.pick<RetryLimit>("devices[].retryLimit", device.retryLimit, place),
    onInvalid: settings.pick("devices[].onInvalid", device.onInvalid, place),
    backoffNs: settings.pick("devices[].backoff", device.backoff, place),
    access: resolveAccess(device.access, place, settings),
    latency: {
      link: settings.pick("devices[].latency.link", device.latency?.link, place),
      dma: settings.pick("devices[].latency.dma", device.latency?.dma, place),
      invalidation: settings.pick(
        "devices[].latency.invalidation",
        device.latency?.invalidation,
        place,
      ),
    },
  };
}

function resolveAccess(
  access: ScenarioAccess | undefined,
  place: { index: number; kind: DeviceKind },
  settings: Settings,
): ResolvedAccess {
  const kind = settings.pick("devices[].access.kind", access?.kind, place);
  const common = {
    writeShare: settings.pick("devices[].access.writeShare", access?.writeShare, place),
    think: settings.pick("devices[].access.think", access?.think, place),
  };
  switch (kind) {
    case "uniform":
      return { kind, ...common };
    case "live":
    case "window": {
      const pages = access?.kind === kind ? access.pages : undefined;
      return { kind, pages: settings.pick("devices[].access.pages", pages, place), ...common };
    }
    case "sequential": {
      const stride = access?.kind === "sequential" ? access.stride : undefined;
      return { kind, stride: settings.pick("devices[].access.stride", stride, place), ...common };
    }
  }
}

function resolveWorkload(workload: Scenario["workload"], settings: Settings): ResolvedWorkload {
  if (workload !== undefined && "recording" in workload) {
    settings.given("workload.recording", workload.recording);
    const speed = settings.pick("workload.speed", workload.speed);
    return { kind: "recording", recording: workload.recording, speed };
  }
  const operations = (workload?.operations ?? []).map((operation, index) => {
    settings.given(`workload.operations[${index}].kind`, operation.kind);
    return {
      kind: operation.kind,
      pages: settings.pick("workload.operations[].pages", operation.pages, { index }),
      periodNs: settings.pick("workload.operations[].period", operation.period, { index }),
      repeat: settings.pick("workload.operations[].repeat", operation.repeat, { index }),
    };
  });
  return { kind: "synthetic", operations };
}

function resolveThreads(threads: Scenario["threads"], settings: Settings): ResolvedThreads {
  return {
    count: settings.pick("threads.count", threads?.count),
    pages: settings.pick("threads.pages", threads?.pages),
    writeShare: settings.pick("threads.writeShare", threads?.writeShare),
    think: settings.pick("threads.think", threads?.think),
  };
}

function resolveFaults(faults: Scenario["faults"], settings: Settings): ResolvedFaults {
  return {
    lostInvalidations: settings.pick("faults.lostInvalidations", faults?.lostInvalidations),
    lostCompletions: settings.pick("faults.lostCompletions", faults?.lostCompletions),
    lateCompletions: settings.pick("faults.lateCompletions", faults?.lateCompletions),
    lateByNs: settings.pick("faults.lateBy", faults?.lateBy),
    overflows: settings.pick("faults.overflows", faults?.overflows),
    lostResponses: settings.pick("faults.lostResponses", faults?.lostResponses),
  };
}

function resolveUntil(until: Scenario["until"], settings: Settings): ResolvedUntil {
  if (until === undefined || until === "workload") {
    settings.pick("until", until);
    return { kind: "workload" };
  }
  if (typeof until === "number") {
    settings.given("until", until, "ns");
    return { kind: "time", ns: until };
  }
  settings.given("until.events", until.events, "events");
  return { kind: "events", events: until.events };
}
