/**
 * Every default of a scenario, with where it comes from. Nothing else in tlbstorm supplies one.
 *
 * A path names a field of the scenario; `[]` stands for any element of a list. Times are in
 * nanoseconds. DEVICE_PRESETS wins over DEFAULTS for a device of that kind.
 */
import type { Latency } from "./schema.js";
import type { DeviceKind } from "./vocabulary.js";

/** How far a figure can be trusted. */
export const GRADES = {
  source: "read in a specification or in shipping source code",
  published: "measured by others and published in a paper or a commit message",
  measured: "measured by this project in a virtual machine; take the shape, not the microseconds",
  derived: "computed from figures of the other grades",
  simulator: "the default of another simulator",
  secondary: "from a secondary publication",
  assumption: "assumed; sweep it before relying on it",
  choice: "not a figure but a choice of what to run",
  given: "written in the scenario or on the command line",
} as const;

export type Grade = keyof typeof GRADES;

export interface Default {
  readonly value: number | bigint | string | Latency;
  readonly unit: string;
  readonly source: string;
  readonly grade: Grade;
}

const fixed = (ns: number): Latency => ({ model: "fixed", ns });
const lognormal = (medianNs: number, p99Ns: number): Latency => ({
  model: "lognormal",
  medianNs,
  p99Ns,
});

const zen2 = { source: "AMD Zen 2, WikiChip", grade: "secondary" } as const;
const gem5Gpu = { source: "gem5, AMD GPU TLB hierarchy", grade: "simulator" } as const;
const scheduling = {
  source: "no published figure; scheduling dominates the time of an I/O page fault",
  grade: "assumption",
} as const;
/** Fitted by src/costs; a test compares. */
const calibrated = (what: string) =>
  ({
    source: `${what}, fitted to operations measured on Linux 6.18 in a virtual machine`,
    grade: "measured",
  }) as const;

export const DEFAULTS = {
  description: { value: "", unit: "", source: "nothing is said", grade: "choice" },
  seed: { value: 1n, unit: "", source: "any seed will do", grade: "choice" },
  era: { value: "6.19", unit: "", source: "the newest kernel in the era table", grade: "choice" },
  arch: { value: "x86", unit: "", source: "the architecture of the recordings", grade: "choice" },
  notifier: {
    value: "implementing",
    unit: "",
    source: "the protocol is what is looked at",
    grade: "choice",
  },

  "explore.operation": {
    value: "munmap",
    unit: "",
    source: "the operation that frees both data and page-table pages",
    grade: "choice",
  },
  "explore.devices": { value: 1, unit: "", source: "the smallest world", grade: "choice" },
  "explore.pages": { value: 1, unit: "", source: "the smallest world", grade: "choice" },
  "explore.retryLimit": {
    value: 3,
    unit: "refusals",
    source: "small enough to reach, large enough to need a repetition",
    grade: "choice",
  },

  "machine.cores": { value: 16, unit: "cores", source: "a mid-size server", grade: "assumption" },
  "machine.frames": {
    value: 65536,
    unit: "frames of 4 KiB",
    source: "256 MiB, enough for the recorded programs",
    grade: "assumption",
  },
  "machine.tlb.l1.entries": { value: 64, unit: "entries", ...zen2 },
  "machine.tlb.l1.ways": { value: 64, unit: "ways", ...zen2 },
  "machine.tlb.l2.entries": { value: 2048, unit: "entries", ...zen2 },
  "machine.tlb.l2.ways": { value: 8, unit: "ways", ...zen2 },
  "machine.walkCache.pgd": {
    value: 2,
    unit: "entries",
    source: "the order of magnitude that ChampSim uses for x86",
    grade: "assumption",
  },
  "machine.walkCache.pud": {
    value: 4,
    unit: "entries",
    source: "the order of magnitude that ChampSim uses for x86",
    grade: "assumption",
  },
  "machine.walkCache.pmd": {
    value: 32,
    unit: "entries",
    source: "ChampSim, PSCL2",
    grade: "simulator",
  },
  "machine.ipiDelivery": {
    value: 0.5,
    unit: "of the time",
    source: "no published figure splits a shootdown: as long there as back",
    grade: "assumption",
  },
  "machine.flushCeiling": {
    value: 33,
    unit: "pages",
    source: "linux arch/x86/mm/tlb.c, tlb_single_page_flush_ceiling",
    grade: "source",
  },
  "machine.gatherBatch": {
    value: 510,
    unit: "frames",
    source: "linux include/asm-generic/tlb.h, MAX_GATHER_BATCH",
    grade: "source",
  },
  "machine.gatherBatches": {
    value: 19,
    unit: "batch pages",
    source: "linux include/asm-generic/tlb.h, MAX_GATHER_BATCH_COUNT",
    grade: "source",
  },
  "machine.latency.tlbHit": {
    value: fixed(3),
    unit: "ns",
    source: "8 cycles in ChampSim, at 3 GHz",
    grade: "derived",
  },
  "machine.latency.walkStep": {
    value: fixed(15),
    unit: "ns",
    source: "one read that hits the last-level cache",
    grade: "derived",
  },
  "machine.latency.minorFault": {
    value: fixed(1347),
    unit: "ns",
    ...calibrated("a fault that maps a cleared page"),
  },
  "machine.latency.ipi": {
    value: fixed(12578),
    unit: "ns",
    ...calibrated("a flush sent to one other CPU"),
  },
  "machine.latency.ipiPerCore": {
    value: fixed(300),
    unit: "ns",
    source: "two published figures differ by a factor of 7; sweep it",
    grade: "secondary",
  },
  "machine.latency.flushPage": {
    value: fixed(46),
    unit: "ns",
    ...calibrated("flushes of 1 to 33 pages"),
  },
  "machine.latency.flushAll": {
    value: fixed(84),
    unit: "ns",
    ...calibrated("flushes of more than 33 pages"),
  },
  "machine.latency.clearEntry": {
    value: fixed(85),
    unit: "ns",
    ...calibrated("mprotect by number of pages"),
  },
  "machine.latency.copyPage": {
    value: fixed(400),
    unit: "ns",
    source: "4 KiB at 10 GB/s",
    grade: "assumption",
  },
  "machine.latency.lock": {
    value: fixed(20),
    unit: "ns",
    source: "one atomic operation on a cache line of the own core",
    grade: "assumption",
  },
  "machine.latency.operation": {
    value: fixed(1111),
    unit: "ns",
    ...calibrated("mprotect less its entries, flushes and calls"),
  },
  "machine.latency.notifierCallback": {
    value: fixed(351),
    unit: "ns",
    ...calibrated("what KVM adds with a memory slot over KVM without"),
  },
  "machine.latency.notifierCall": {
    value: fixed(206),
    unit: "ns",
    ...calibrated("half of a start/end pair that finds nothing to do"),
  },

  "iommu.preset": {
    value: "amd",
    unit: "",
    source: "the IOMMU of the 2014 thread",
    grade: "choice",
  },
  "iommu.pasidBits": {
    value: 16,
    unit: "bits",
    source: "linux drivers/iommu/amd: commands and logs carry 16 bits",
    grade: "source",
  },
  "iommu.iotlb.entries": {
    value: 64,
    unit: "entries",
    source: "Virtuoso, TLB of the IOMMU",
    grade: "simulator",
  },
  "iommu.iotlb.ways": {
    value: 4,
    unit: "ways",
    source: "Virtuoso, TLB of the IOMMU",
    grade: "simulator",
  },
  "iommu.walkCache.pgd": {
    value: 8,
    unit: "entries",
    source: "sizes are unpublished; a quarter of the next level",
    grade: "assumption",
  },
  "iommu.walkCache.pud": {
    value: 32,
    unit: "entries",
    source: "sizes are unpublished; a quarter of the next level",
    grade: "assumption",
  },
  "iommu.walkCache.pmd": {
    value: 128,
    unit: "entries",
    source: "Fast & Safe IO Memory Protection (SOSP 2024): behaves like 64 to 128 entries",
    grade: "published",
  },
  "iommu.commandQueue.entries": {
    value: 512,
    unit: "commands",
    source: "linux drivers/iommu/amd: CMD_BUFFER_SIZE of 8 KiB, 16 bytes a command",
    grade: "source",
  },
  "iommu.pageRequestLog.entries": {
    value: 512,
    unit: "page requests",
    source: "linux drivers/iommu/amd: PPR_LOG_ENTRIES",
    grade: "source",
  },
  "iommu.workers": {
    value: 8,
    unit: "workers",
    source: "half of the cores; linux uses an unbound workqueue",
    grade: "assumption",
  },
  "iommu.waitPoll": {
    value: 1000,
    unit: "ns",
    source: "linux drivers/iommu/amd/iommu.c, wait_on_sem",
    grade: "source",
  },
  "iommu.waitGiveUp": {
    value: 100_000_000,
    unit: "ns",
    source: "linux drivers/iommu/amd/iommu.c: LOOP_TIMEOUT polls, an error in the log, and on",
    grade: "source",
  },
  "iommu.latency.iotlbHit": {
    value: fixed(5),
    unit: "ns",
    source: "HyperSIO uses 2 ns, 65 ns is the published upper end",
    grade: "simulator",
  },
  "iommu.latency.walkStep": {
    value: fixed(100),
    unit: "ns",
    source: "Fast & Safe IO Memory Protection (SOSP 2024); their fit gives 197 ns",
    grade: "published",
  },
  "iommu.latency.command": {
    value: fixed(100),
    unit: "ns",
    source: "about one memory read",
    grade: "assumption",
  },
  "iommu.latency.interruptDelivery": {
    value: fixed(500),
    unit: "ns",
    source: "about one way over the link",
    grade: "assumption",
  },
  "iommu.latency.interruptEntry": {
    value: fixed(1000),
    unit: "ns",
    source: "no published figure",
    grade: "assumption",
  },
  "iommu.latency.threadWake": { value: lognormal(3000, 30_000), unit: "ns", ...scheduling },
  "iommu.latency.workerWake": { value: lognormal(5000, 80_000), unit: "ns", ...scheduling },

  "devices[].pasid": {
    value: 1,
    unit: "",
    source: "linux include/linux/iommu.h, IOMMU_FIRST_GLOBAL_PASID; one mm has one PASID",
    grade: "source",
  },
  "devices[].lanes": { value: 8, unit: "lanes", source: "a few queues", grade: "assumption" },
  "devices[].atc.entries": {
    value: 128,
    unit: "entries",
    source: "no vendor publishes the size",
    grade: "assumption",
  },
  "devices[].atc.ways": {
    value: 8,
    unit: "ways",
    source: "no vendor publishes the organisation",
    grade: "assumption",
  },
  "devices[].outstandingRequests": {
    value: 16,
    unit: "requests",
    source: "gem5 SMMUv3, slots of one interface",
    grade: "simulator",
  },
  "devices[].pri.capacity": {
    value: 512,
    unit: "page requests",
    source: "a device property that PCIe only limits to 32 bits",
    grade: "assumption",
  },
  "devices[].pri.allocation": {
    value: 32,
    unit: "page requests",
    source: "linux drivers/iommu/amd: what the driver asks for",
    grade: "source",
  },
  "devices[].pri.timeout": {
    value: 1_000_000,
    unit: "ns",
    source: "Intel IAX has such a time-out; its length is not published",
    grade: "assumption",
  },
  "devices[].retryLimit": {
    value: 8,
    unit: "refusals",
    source: "not standardised, and the 2014 thread names no figure",
    grade: "assumption",
  },
  "devices[].onInvalid": {
    value: "fail-operation",
    unit: "",
    source: "PCIe leaves it to the device",
    grade: "assumption",
  },
  "devices[].backoff": {
    value: 0,
    unit: "ns",
    source: "PCIe does not ask for a pause",
    grade: "assumption",
  },
  "devices[].access.kind": {
    value: "live",
    unit: "",
    source: "the device works on the data of the program",
    grade: "choice",
  },
  "devices[].access.writeShare": {
    value: 0.5,
    unit: "of the accesses",
    source: "reads and writes alike",
    grade: "assumption",
  },
  "devices[].access.think": {
    value: fixed(200),
    unit: "ns",
    source: "five million accesses a second and lane",
    grade: "assumption",
  },
  "devices[].access.pages": {
    value: 512,
    unit: "pages",
    source: "as many as one page-table page maps",
    grade: "choice",
  },
  "devices[].access.stride": {
    value: 1,
    unit: "pages",
    source: "each page in turn",
    grade: "choice",
  },
  "devices[].latency.link": {
    value: fixed(450),
    unit: "ns",
    source: "HyperSIO (HyperTRIO, ISCA 2020)",
    grade: "simulator",
  },
  "devices[].latency.dma": {
    value: fixed(550),
    unit: "ns",
    source: "one way over the link and one memory access",
    grade: "derived",
  },
  "devices[].latency.invalidation": {
    value: fixed(500),
    unit: "ns",
    source: "a typical invalidation less the link; waiting for accesses in flight comes on top",
    grade: "derived",
  },

  "threads.count": {
    value: 0,
    unit: "threads",
    source: "the program is what the workload says, and no more",
    grade: "choice",
  },
  "threads.pages": {
    value: 512,
    unit: "pages",
    source: "as many as one page-table page maps",
    grade: "choice",
  },
  "threads.writeShare": {
    value: 0.5,
    unit: "of the accesses",
    source: "reads and writes alike",
    grade: "assumption",
  },
  "threads.think": {
    value: fixed(100),
    unit: "ns",
    source: "ten million accesses a second that the TLB sees: caches hide the rest",
    grade: "assumption",
  },

  "faults.lostInvalidations": {
    value: 0,
    unit: "of them",
    source: "faults are injected only where they are asked for",
    grade: "choice",
  },
  "faults.lostCompletions": {
    value: 0,
    unit: "of them",
    source: "faults are injected only where they are asked for",
    grade: "choice",
  },
  "faults.lateCompletions": {
    value: 0,
    unit: "of them",
    source: "faults are injected only where they are asked for",
    grade: "choice",
  },
  "faults.lateBy": {
    value: 100_000,
    unit: "ns",
    source: "long against the wait for a completion, short against the time until it is given up",
    grade: "assumption",
  },
  "faults.overflows": {
    value: 0,
    unit: "of them",
    source: "faults are injected only where they are asked for",
    grade: "choice",
  },
  "faults.lostResponses": {
    value: 0,
    unit: "of them",
    source: "faults are injected only where they are asked for",
    grade: "choice",
  },

  until: { value: "workload", unit: "", source: "the end of the workload", grade: "choice" },

  "workload.speed": { value: 1, unit: "", source: "as recorded", grade: "choice" },
  "workload.operations[].pages": { value: 1, unit: "pages", source: "one page", grade: "choice" },
  "workload.operations[].period": {
    value: 100_000,
    unit: "ns",
    source: "10 000 operations a second",
    grade: "choice",
  },
  "workload.operations[].repeat": { value: 1, unit: "times", source: "once", grade: "choice" },
} as const satisfies Record<string, Default>;

export type DefaultPath = keyof typeof DEFAULTS;

type DevicePath = Extract<DefaultPath, `devices[]${string}`>;

export const DEVICE_PRESETS: Record<DeviceKind, Partial<Record<DevicePath, Default>>> = {
  gpu: {
    "devices[].lanes": { value: 64, unit: "lanes", ...gem5Gpu },
    "devices[].atc.entries": { value: 4096, unit: "entries", ...gem5Gpu },
    "devices[].atc.ways": { value: 32, unit: "ways", ...gem5Gpu },
    "devices[].outstandingRequests": { value: 64, unit: "requests", ...gem5Gpu },
  },
  nic: {
    "devices[].access.kind": {
      value: "sequential",
      unit: "",
      source: "a ring of buffers",
      grade: "choice",
    },
  },
  accelerator: {
    "devices[].lanes": {
      value: 4,
      unit: "lanes",
      source: "the engines of one DSA group",
      grade: "assumption",
    },
    "devices[].access.kind": {
      value: "window",
      unit: "",
      source: "a copy engine works on what was prepared last",
      grade: "choice",
    },
  },
};

/** The default of a path, for a device of `kind` if the path is one of a device. */
export function defaultOf(path: DefaultPath, kind?: DeviceKind): Default {
  const preset = kind === undefined ? undefined : DEVICE_PRESETS[kind][path as DevicePath];
  return preset ?? DEFAULTS[path];
}
