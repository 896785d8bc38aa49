/** A resolved scenario as the records that the core boots a timed run from. */
import type { Core } from "../abi/core.js";
import { recordSize, writeRecord } from "../abi/records.js";
import {
  Arch,
  DevicePattern,
  Era,
  InvalidPolicy,
  Latency as LatencyId,
  NotifierMode,
} from "../abi/vocabulary.generated.js";
import { encodeProtocol } from "../protocols/encode.js";
import type { ResolvedDevice, ResolvedScenario } from "../scenario/resolved.js";
import type { Latency } from "../scenario/schema.js";
import type { AccessKind, OnInvalid } from "../scenario/vocabulary.js";
import { LATENCY_DRAWS, tableOf } from "./latency.js";

const ERAS = {
  "3.17": Era.Linux3_17,
  "3.19": Era.Linux3_19,
  "4.15": Era.Linux4_15,
  "6.4": Era.Linux6_4,
  "6.19": Era.Linux6_19,
} as const;

const ARCHES = { x86: Arch.X86, arm64: Arch.Arm64 } as const;

const MODES: Record<ResolvedScenario["notifier"], NotifierMode> = {
  implementing: NotifierMode.Implementing,
  none: NotifierMode.None,
  "not-implementing": NotifierMode.NotImplementing,
  "short-circuit": NotifierMode.ShortCircuit,
};

const PATTERNS: Record<AccessKind, DevicePattern> = {
  live: DevicePattern.Live,
  window: DevicePattern.Window,
  sequential: DevicePattern.Sequential,
  uniform: DevicePattern.Uniform,
};

const INVALID_POLICIES: Record<OnInvalid, InvalidPolicy> = {
  "fail-operation": InvalidPolicy.FailOperation,
  retry: InvalidPolicy.Retry,
  stop: InvalidPolicy.Stop,
};

/** Pages remembered for callbacks of the host where the pattern needs none. */
const LIVE_PAGES = 512;

/** The least that the core lays out. */
const NO_DEVICE = {
  lanes: 1,
  atcEntries: 1,
  atcWays: 1,
  credits: 1,
  livePages: 1,
  requestTimeoutNs: 0,
  outstanding: 1,
};

const NO_TIME: Latency = { model: "fixed", ns: 0 };

/**
 * Writes protocol, sizes and latencies where the core boots from; devices share the mm of that
 * number.
 */
export function encodeRun(core: Core, scenario: ResolvedScenario, sharedMm: number): void {
  const { exports } = core;
  const bytes = encodeProtocol(scenario.protocol);
  core.bytes(exports.protocolBlock(), bytes.length).set(bytes);
  const { iommu } = scenario;
  const device = scenario.devices[0];
  const view = core.view(exports.runSpecBlock(), recordSize("RunSpec"));
  writeRecord("RunSpec", view, {
    seed: scenario.seed,
    era: ERAS[scenario.era],
    arch: ARCHES[scenario.arch],
    workers: iommu.workers,
    logEntries: iommu.pageRequestLogEntries,
    iotlbEntries: iommu.iotlb.entries,
    iotlbWays: iommu.iotlb.ways,
    walkPmdEntries: iommu.walkCache.pmd,
    walkPudEntries: iommu.walkCache.pud,
    walkPgdEntries: iommu.walkCache.pgd,
    pollNs: iommu.waitPollNs,
    timeDivisor: scenario.workload.kind === "recording" ? scenario.workload.speed : 1,
    notifierMode: MODES[scenario.notifier],
    devices: scenario.devices.length,
    sharedMm,
    mirrorEntries: 65_536,
    ...encodeDevice(device),
  });
  encodeLatencies(core, scenario, device);
}

function encodeDevice(device: ResolvedDevice | undefined) {
  if (device === undefined) {
    return { ...NO_DEVICE };
  }
  return {
    lanes: device.lanes,
    atcEntries: device.atc.entries,
    atcWays: device.atc.ways,
    credits: Math.min(device.priCapacity, device.priAllocation),
    retryLimit: device.retryLimit === "unlimited" ? 0 : device.retryLimit,
    backoffNs: device.backoffNs,
    writePermille: Math.round(device.access.writeShare * 1000),
    requestTimeoutNs: device.priTimeoutNs,
    livePages: "pages" in device.access ? device.access.pages : LIVE_PAGES,
    pattern: PATTERNS[device.access.kind],
    stride: device.access.kind === "sequential" ? device.access.stride : 1,
    outstanding: device.outstandingRequests,
    onInvalid: INVALID_POLICIES[device.onInvalid],
    hostAccess: 0n,
    hostWatched: 0n,
  };
}

function encodeLatencies(
  core: Core,
  { machine, iommu }: ResolvedScenario,
  device: ResolvedDevice | undefined,
): void {
  const cpu = machine.latency;
  const table: Record<Exclude<keyof typeof LatencyId, number | "COUNT">, Latency[]> = {
    Link: [device?.latency.link ?? NO_TIME],
    Dma: [device?.latency.dma ?? NO_TIME],
    Invalidation: [device?.latency.invalidation ?? NO_TIME],
    IotlbHit: [iommu.latency.iotlbHit],
    WalkStep: [iommu.latency.walkStep],
    Command: [iommu.latency.command],
    Interrupt: [
      iommu.latency.interruptDelivery,
      iommu.latency.interruptEntry,
      iommu.latency.threadWake,
    ],
    WorkerWake: [iommu.latency.workerWake],
    Fault: [cpu.minorFault],
    Lock: [cpu.lock],
    NotifierCall: [cpu.notifierCall],
    Callback: [cpu.notifierCallback],
    FlushPage: [cpu.flushPage],
    FlushAll: [cpu.flushAll],
    Ipi: [cpu.ipi],
    ClearEntry: [cpu.clearEntry],
    Operation: [cpu.operation],
    Think: [device?.access.think ?? NO_TIME],
  };
  const words = core.words(core.exports.latencyBlock(), LatencyId.COUNT * LATENCY_DRAWS);
  for (const [name, parts] of Object.entries(table)) {
    words.set(sumOf(parts), LatencyId[name as keyof typeof table] * LATENCY_DRAWS);
  }
}

/** Latencies in sequence, draw by draw: the parts of one sum are slow and fast together. */
function sumOf(parts: readonly Latency[]): number[] {
  const tables = parts.map(tableOf);
  return Array.from({ length: LATENCY_DRAWS }, (_, draw) =>
    tables.reduce((sum, values) => sum + (values[draw] ?? 0), 0),
  );
}
