/** A resolved scenario as the records that the core boots a timed run from. */
import type { Core } from "../abi/core.js";
import { recordSize, writeRecord } from "../abi/records.js";
import {
  Arch,
  DeviceLatency as DeviceLatencyId,
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

/** Pages remembered for callbacks of the host where the pattern needs none. */
const LIVE_PAGES = 512;

const INVALID_POLICIES: Record<OnInvalid, InvalidPolicy> = {
  "fail-operation": InvalidPolicy.FailOperation,
  retry: InvalidPolicy.Retry,
  stop: InvalidPolicy.Stop,
};

/**
 * Writes protocol, sizes and latencies where the core boots from; devices share the mm of that
 * number.
 */
export function encodeRun(core: Core, scenario: ResolvedScenario, sharedMm: number): void {
  const { exports } = core;
  const bytes = encodeProtocol(scenario.protocol);
  core.bytes(exports.protocolBlock(), bytes.length).set(bytes);
  const { iommu } = scenario;
  writeRecord("RunSpec", core.view(exports.runSpecBlock(), recordSize("RunSpec")), {
    seed: scenario.seed,
    era: ERAS[scenario.era],
    arch: ARCHES[scenario.arch],
    workers: iommu.workers,
    commandEntries: iommu.commandQueueEntries,
    logEntries: iommu.pageRequestLogEntries,
    iotlbEntries: iommu.iotlb.entries,
    iotlbWays: iommu.iotlb.ways,
    walkPmdEntries: iommu.walkCache.pmd,
    walkPudEntries: iommu.walkCache.pud,
    walkPgdEntries: iommu.walkCache.pgd,
    pollNs: iommu.waitPollNs,
    giveUpNs: BigInt(iommu.waitGiveUpNs),
    timeDivisor: scenario.workload.kind === "recording" ? scenario.workload.speed : 1,
    notifierMode: MODES[scenario.notifier],
    devices: scenario.devices.length,
    pasid: scenario.devices[0]?.pasid ?? 1,
    sharedMm,
    mirrorEntries: 65_536,
    ...encodeCores(scenario),
    ...encodeFaults(scenario.faults),
    hostAccess: 0n,
    hostWatched: 0n,
  });
  encodeDevices(core, scenario.devices);
  encodeLatencies(core, scenario);
}

function encodeCores({ machine, threads }: ResolvedScenario) {
  return {
    frames: machine.frames,
    cores: machine.cores,
    firstTlbEntries: machine.tlb.l1.entries,
    firstTlbWays: machine.tlb.l1.ways,
    secondTlbEntries: machine.tlb.l2.entries,
    secondTlbWays: machine.tlb.l2.ways,
    cpuWalkPmdEntries: machine.walkCache.pmd,
    cpuWalkPudEntries: machine.walkCache.pud,
    cpuWalkPgdEntries: machine.walkCache.pgd,
    flushCeiling: machine.flushCeilingPages,
    gatherPlaces: machine.gatherBatchFrames,
    gatherBatches: machine.gatherBatches,
    ipiDeliveryPermille: permille(machine.ipiDelivery),
    threads: threads.count,
    threadPages: threads.pages,
    threadWritePermille: permille(threads.writeShare),
    lostFlushes: 0,
  };
}

function encodeFaults(faults: ResolvedScenario["faults"]) {
  return {
    lostInvalidations: permille(faults.lostInvalidations),
    lostCompletions: permille(faults.lostCompletions),
    lateCompletions: permille(faults.lateCompletions),
    lateNs: faults.lateByNs,
    overflows: permille(faults.overflows),
    lostResponses: permille(faults.lostResponses),
  };
}

const permille = (share: number): number => Math.round(share * 1000);

function encodeDevices(core: Core, devices: readonly ResolvedDevice[]): void {
  const size = recordSize("DeviceSpec");
  const view = core.view(core.exports.deviceSpecBlock(), devices.length * size);
  const rows = DeviceLatencyId.COUNT * LATENCY_DRAWS;
  const words = core.words(core.exports.deviceLatencyBlock(), devices.length * rows);
  devices.forEach((device, index) => {
    writeRecord("DeviceSpec", view, encodeDevice(device), index * size);
    for (const [name, latency] of Object.entries(latenciesOf(device))) {
      const row = DeviceLatencyId[name as keyof ReturnType<typeof latenciesOf>];
      words.set(tableOf(latency), index * rows + row * LATENCY_DRAWS);
    }
  });
}

function latenciesOf({ latency, access }: ResolvedDevice) {
  const { link, dma, invalidation } = latency;
  return { Link: link, Dma: dma, Invalidation: invalidation, Think: access.think };
}

function encodeDevice(device: ResolvedDevice) {
  const { access } = device;
  return {
    lanes: device.lanes,
    atcEntries: device.atc.entries,
    atcWays: device.atc.ways,
    outstandingRequests: device.outstandingRequests,
    credits: Math.min(device.priCapacity, device.priAllocation),
    requestTimeoutNs: device.priTimeoutNs,
    retryLimit: device.retryLimit === "unlimited" ? 0 : device.retryLimit,
    onInvalid: INVALID_POLICIES[device.onInvalid],
    backoffNs: device.backoffNs,
    pattern: PATTERNS[access.kind],
    livePages: "pages" in access ? access.pages : LIVE_PAGES,
    stride: "stride" in access ? access.stride : 1,
    writePermille: permille(access.writeShare),
  };
}

function encodeLatencies(core: Core, { machine, iommu, threads }: ResolvedScenario): void {
  const cpu = machine.latency;
  const table: Record<Exclude<keyof typeof LatencyId, number | "COUNT">, Latency[]> = {
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
    IpiPerCore: [cpu.ipiPerCore],
    CpuTlbHit: [cpu.tlbHit],
    CpuWalkStep: [cpu.walkStep],
    ThreadThink: [threads.think],
    ClearEntry: [cpu.clearEntry],
    Operation: [cpu.operation],
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
