/** A resolved scenario in words: who is connected to whom, and with what sizes. */
import type { Protocol, ProtocolStep } from "../protocols/schema.js";
import type {
  CacheGeometry,
  ResolvedDevice,
  ResolvedScenario,
  ResolvedUntil,
  ResolvedWorkload,
  WalkCacheGeometry,
} from "./resolved.js";
import type { Latency } from "./schema.js";
import type { Setting } from "./settings.js";
import { formatDuration } from "./units.js";

export interface Wiring {
  label: string;
  children?: readonly Wiring[];
}

/** From the mm through the notifier and the IOMMU to the devices. */
export function describeWiring(scenario: ResolvedScenario): Wiring {
  const { name, seed, era, arch, machine, iommu, devices } = scenario;
  return {
    label: `${name} (Linux ${era} on ${arch}, seed ${seed}, until ${formatUntil(scenario.until)})`,
    children: [
      {
        label: `memory: ${machine.frames} frames of 4 KiB`,
      },
      {
        label: `${machine.cores} cores`,
        children: [
          { label: `TLB: ${geometry(machine.tlb.l1)}, then ${geometry(machine.tlb.l2)}` },
          { label: `paging-structure caches: ${walkCache(machine.walkCache)}` },
        ],
      },
      {
        label: `mm: ${formatWorkload(scenario.workload)}`,
        children: [
          ...describeThreads(scenario.threads),
          {
            label: `mmu_notifier: protocol ${scenario.protocol.id}`,
            children: [
              ...describeCallbacks(scenario.protocol),
              {
                label: `iommu ${iommu.preset}: ${iommu.workers} workers serve page requests`,
                children: [
                  { label: `IOTLB: ${geometry(iommu.iotlb)}` },
                  { label: `paging-structure caches: ${walkCache(iommu.walkCache)}` },
                  { label: `command queue: ${iommu.commandQueueEntries} entries` },
                  { label: `page-request log: ${iommu.pageRequestLogEntries} entries` },
                  ...devices.map(describeDevice),
                ],
              },
            ],
          },
        ],
      },
      { label: formatExplore(scenario) },
    ],
  };
}

function describeThreads({ count, pages }: ResolvedScenario["threads"]): Wiring[] {
  if (count === 0) return [];
  return [{ label: `${count} threads more, which access the ${pages} pages touched last` }];
}

/** The callbacks in which the driver does something, with their steps. */
function describeCallbacks(protocol: Protocol): Wiring[] {
  const { rangeStart, beforeChange, secondaryFlush, rangeEnd, fault } = protocol;
  const callbacks = { rangeStart, beforeChange, secondaryFlush, rangeEnd, fault };
  return Object.entries(callbacks)
    .filter(([, steps]) => steps.length > 0)
    .map(([name, steps]) => ({ label: `${name}: ${steps.map(describeStep).join(", ")}` }));
}

function describeStep(step: ProtocolStep): string {
  if (typeof step === "string") return step;
  const condition = step.if === undefined ? "" : ` if ${step.if}`;
  const sites = step.at === undefined ? "" : ` at ${step.at.join("/")}`;
  return `${step.do}${condition}${sites}${step.joined === true ? " +" : ""}`;
}

function describeDevice(device: ResolvedDevice): Wiring {
  const { access } = device;
  const detail =
    access.kind === "window" || access.kind === "live"
      ? ` of ${access.pages} pages`
      : access.kind === "sequential"
        ? ` with stride ${access.stride}`
        : "";
  return {
    label: `device ${device.name}: ${device.kind}, PASID ${device.pasid}`,
    children: [
      { label: `ATC: ${geometry(device.atc)}` },
      { label: `translation requests: ${device.outstandingRequests} outstanding` },
      {
        label: `page requests: ${device.priAllocation} of ${device.priCapacity} allowed, fails after ${retries(device.retryLimit)}`,
      },
      {
        label: `${device.lanes} lanes: ${access.kind}${detail}, ${access.writeShare * 100}% writes`,
      },
    ],
  };
}

function formatExplore({ explore }: ResolvedScenario): string {
  const { operation, devices, pages, retryLimit } = explore;
  return `exploration: ${operation}, devices ${devices}, pages ${pages}, retry limit ${retryLimit}`;
}

function formatWorkload(workload: ResolvedWorkload): string {
  if (workload.kind === "recording")
    return `recording ${workload.recording}, speed ${workload.speed}`;
  if (workload.operations.length === 0) return "no workload";
  return workload.operations
    .map(
      ({ kind, pages, repeat, periodNs }) =>
        `${repeat} x ${kind} of ${pages} pages every ${formatDuration(periodNs)}`,
    )
    .join("; ");
}

function formatUntil(until: ResolvedUntil): string {
  switch (until.kind) {
    case "workload":
      return "the workload ends";
    case "time":
      return formatDuration(until.ns);
    case "events":
      return `${until.events} events`;
  }
}

function geometry({ entries, ways }: CacheGeometry): string {
  return `${entries} entries, ${ways} ways`;
}

function walkCache({ pgd, pud, pmd }: WalkCacheGeometry): string {
  return `pgd ${pgd}, pud ${pud}, pmd ${pmd}`;
}

function retries(limit: ResolvedDevice["retryLimit"]): string {
  return limit === "unlimited" ? "no number of refusals" : `${limit} refusals`;
}

/** The value of a setting with its unit. */
export function formatSetting({ value, unit }: Pick<Setting, "value" | "unit">): string {
  if (typeof value === "object") return formatLatency(value);
  if (unit === "ns" && typeof value === "number") return formatDuration(value);
  return unit === "" ? String(value) : `${String(value)} ${unit}`;
}

function formatLatency(latency: Latency): string {
  switch (latency.model) {
    case "fixed":
      return formatDuration(latency.ns);
    case "uniform":
      return `${formatDuration(latency.minNs)} to ${formatDuration(latency.maxNs)}`;
    case "lognormal":
      return `median ${formatDuration(latency.medianNs)}, p99 ${formatDuration(latency.p99Ns)}`;
  }
}
