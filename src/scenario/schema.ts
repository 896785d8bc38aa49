/**
 * What a person writes to say what shall run: the one definition behind the TypeScript types, the
 * checks, the JSON Schema and the reference in docs/scenario.md.
 *
 * Everything but the name and the protocol may be left out; defaults.ts says what holds then.
 */
import { z } from "zod";
import { BUILTIN_PROTOCOL_IDS } from "../protocols/catalogue.js";
import { ProtocolSchema } from "../protocols/schema.js";
import {
  complain,
  count,
  duration,
  latency,
  pages,
  record,
  share,
  unsigned64,
  word,
} from "./fields.js";
import {
  ACCESS_KINDS,
  ARCHES,
  DEVICE_KINDS,
  ERAS,
  IOMMU_PRESETS,
  NOTIFIER_MODES,
  ON_INVALID,
  OPERATIONS,
  WORKLOAD_OPERATIONS,
  wordsOf,
  type AccessKind,
  type Era,
} from "./vocabulary.js";

const eraNames = wordsOf(ERAS);

/** YAML reads an unquoted 6.19 as a number, so both spellings are the same era. */
const EraSchema = z
  .literal([...eraNames, ...eraNames.map(Number)])
  .transform((era) => String(era) as Era)
  .describe("the kernel whose order of notifier calls and flushes holds");

export const ExploreSchema = record({
  operation: word("the operation that is explored", wordsOf(OPERATIONS)).optional(),
  devices: count("devices that take part", 1, 2).optional(),
  pages: count("pages that the operation covers", 1, 2).optional(),
  retryLimit: z
    .union([z.int().min(1).max(6), z.literal("unlimited")])
    .describe("refusals of one request after which a device fails")
    .optional(),
}).describe("the small world in which every interleaving is tried");

const tlbGeometry = (what: string) => ({
  entries: count(`entries of the ${what}`, 1, 1 << 20).optional(),
  ways: count(`entries of the ${what} that one page number may be in`, 1, 4096).optional(),
});

export const MachineSchema = record({
  cores: count("CPU cores", 1, 64).optional(),
  frames: pages("physical memory", 64, 1 << 24).optional(),
  tlb: record({
    l1: record(tlbGeometry("first-level CPU TLB")).optional(),
    l2: record(tlbGeometry("second-level CPU TLB")).optional(),
  })
    .describe("the TLBs of each core")
    .optional(),
  walkCache: record({
    pgd: count("cached entries of the top table level", 0, 512).optional(),
    pud: count("cached entries of the level below", 0, 512).optional(),
    pmd: count("cached entries that point to the last table level", 0, 512).optional(),
  })
    .describe("the paging-structure caches of each core")
    .optional(),
  ipiDelivery: share(
    "of the time of an IPI and its acknowledgement, what passes before the other core flushes",
  ).optional(),
  flushCeiling: count(
    "pages above which a CPU flushes its whole TLB instead of single pages; arm64 has its own",
    1,
    512,
  ).optional(),
  gatherBatch: count("frames that mmu_gather holds back in one batch page", 1, 65536).optional(),
  gatherBatches: count(
    "batch pages after which mmu_gather must flush and free",
    1,
    1024,
  ).optional(),
  latency: record({
    tlbHit: latency("a hit in the second-level CPU TLB").optional(),
    walkStep: latency("one memory read of a CPU page walk").optional(),
    minorFault: latency("a page fault that needs no I/O").optional(),
    ipi: latency(
      "an IPI to one other core and its acknowledgement, less the flush between them",
    ).optional(),
    ipiPerCore: latency("what each further core adds to a shootdown").optional(),
    flushPage: latency("flushing one page from the own TLB").optional(),
    flushAll: latency("flushing the own TLB entirely").optional(),
    clearEntry: latency("clearing or changing one page-table entry").optional(),
    copyPage: latency("copying one page").optional(),
    lock: latency("taking or releasing a lock that nobody else wants").optional(),
    operation: latency("an operation of the mm, less the steps named here").optional(),
    notifierCallback: latency("what a callback costs the CPU, less waiting").optional(),
    notifierCall: latency("one notifier call, its SRCU section and list walk included").optional(),
  })
    .describe("how long the steps of a CPU take")
    .optional(),
}).describe("CPUs and memory");

export const IommuSchema = record({
  preset: word("whose queues, caches and drivers", wordsOf(IOMMU_PRESETS)).optional(),
  pasidBits: count("width of a PASID", 1, 20).optional(),
  iotlb: record(tlbGeometry("IOTLB")).optional(),
  walkCache: record({
    pgd: count("cached entries of the top table level", 0, 4096).optional(),
    pud: count("cached entries of the level below", 0, 4096).optional(),
    pmd: count("cached entries that point to the last table level", 0, 4096).optional(),
  })
    .describe("the paging-structure caches of the IOMMU")
    .optional(),
  commandQueue: record({
    entries: count("commands the queue holds", 4, 65536).optional(),
  }).optional(),
  pageRequestLog: record({
    entries: count("page requests the log holds", 4, 65536).optional(),
  }).optional(),
  workers: count("kernel workers that serve page requests at the same time", 1, 256).optional(),
  waitPoll: duration("how often a CPU looks whether its commands have completed").optional(),
  waitGiveUp: duration("when a CPU stops waiting for completion and goes on").optional(),
  latency: record({
    iotlbHit: latency("a hit in the IOTLB").optional(),
    walkStep: latency("one memory read of an IOMMU page walk").optional(),
    command: latency("executing one command").optional(),
    interruptDelivery: latency("an interrupt message from the IOMMU to a core").optional(),
    interruptEntry: latency("from the message to the first instruction of the handler").optional(),
    threadWake: latency("waking the handler's thread").optional(),
    workerWake: latency("waking a worker that serves page requests").optional(),
  })
    .describe("how long the steps of the IOMMU and its driver take")
    .optional(),
}).describe("the translation agent between devices and memory");

const accessCommon = {
  writeShare: share("share of accesses that write").optional(),
  think: latency("pause of a lane between two accesses").optional(),
};

const accessPages = pages("pages that the device works on", 1, 1 << 24).optional();

const pattern = <const Kind extends AccessKind>(kind: Kind) =>
  z.literal(kind).describe("which pages the lanes touch");

const AccessSchema = z
  .discriminatedUnion("kind", [
    record({ kind: pattern("live"), pages: accessPages, ...accessCommon }).describe(
      ACCESS_KINDS.live,
    ),
    record({
      kind: pattern("window"),
      pages: accessPages,
      ...accessCommon,
    }).describe(ACCESS_KINDS.window),
    record({
      kind: pattern("sequential"),
      stride: count("pages from one access to the next", 1, 1 << 20).optional(),
      ...accessCommon,
    }).describe(ACCESS_KINDS.sequential),
    record({ kind: pattern("uniform"), ...accessCommon }).describe(ACCESS_KINDS.uniform),
  ])
  .describe("which pages the lanes touch, and how often");

export const DeviceSchema = record({
  name: z.string().min(1).max(64).describe("the name in results"),
  kind: word("the preset that supplies the defaults of the rest", wordsOf(DEVICE_KINDS)),
  pasid: count("the address space the device uses; 0 would mean none", 0, (1 << 20) - 1)
    .superRefine((pasid, context) => {
      if (pasid !== 0) return;
      const hint = "PASID 0 means a request without PASID; use 1 or more";
      complain(context, [], "a device without PASID cannot share an address space", hint);
    })
    .optional(),
  lanes: count("independent streams of accesses", 1, 65536).optional(),
  atc: record(tlbGeometry("ATC")).describe("the translation cache in the device").optional(),
  outstandingRequests: count("translation requests in flight at most", 1, 256).optional(),
  pri: record({
    capacity: count("page requests the device can have outstanding", 1, 65536).optional(),
    allocation: count("page requests that software allows it", 1, 65536).optional(),
    timeout: duration("after which a page request without response is repeated").optional(),
  })
    .describe("the page request interface")
    .optional(),
  retryLimit: z
    .union([z.int().min(1).max(1_000_000), z.literal("unlimited")])
    .describe("refusals of one request after which the device fails")
    .optional(),
  onInvalid: word("what an INVALID response does", wordsOf(ON_INVALID)).optional(),
  backoff: duration("pause before a refused request is repeated").optional(),
  access: AccessSchema.optional(),
  latency: record({
    link: latency("one way over the PCIe link").optional(),
    dma: latency("from a translated access to memory having it").optional(),
    invalidation: latency(
      "from receiving an ATC invalidation to being ready to complete it",
    ).optional(),
  })
    .describe("how long the steps of the device take")
    .optional(),
}).describe("a device that shares the address space");

export const WorkloadOperationSchema = record({
  kind: word("what is done to a vma of its own", wordsOf(WORKLOAD_OPERATIONS)),
  pages: pages("size of the vma", 1, 1 << 24).optional(),
  period: duration(
    "from the start of one repetition to the start of the next",
    Number.MAX_SAFE_INTEGER,
  ).optional(),
  repeat: count("how many times", 1, 1_000_000_000).optional(),
});

const WorkloadSchema = z
  .union([
    record({
      recording: z.string().min(1).describe("a recording of a kernel, by name or path"),
      speed: count("how many times faster than recorded", 1, 1_000_000).optional(),
    }),
    record({
      operations: z.array(WorkloadOperationSchema).min(1).max(256),
    }),
  ])
  .describe("what the program does with its memory");

export const ThreadsSchema = record({
  count: count("threads, each on a core of its own", 0, 63).optional(),
  pages: pages("pages that they work on, of those touched last", 1, 1 << 24).optional(),
  writeShare: share("share of accesses that write").optional(),
  think: latency("pause of a thread between two accesses").optional(),
}).describe("threads of the program that access its memory all the time");

export const FaultsSchema = record({
  lostInvalidations: share(
    "share of invalidation requests that do not reach their ATC; who waits gives up in the end",
  ).optional(),
  lostCompletions: share(
    "share of invalidations that are complete, but nobody is told; who waits gives up in the end",
  ).optional(),
  lateCompletions: share("share of invalidations whose completion is seen late").optional(),
  lateBy: duration("how late that is").optional(),
  overflows: share("share of page requests that find the log full, and are dropped").optional(),
  lostResponses: share("share of responses that do not reach their device").optional(),
}).describe("what goes wrong although nobody's code is wrong; nothing, unless it is asked for");

const UntilSchema = z
  .union([
    duration("simulated time", Number.MAX_SAFE_INTEGER).refine((ns) => ns > 0, {
      error: "nothing happens in no time\nwrite a time from 1ns, such as 10ms",
    }),
    z.literal("workload"),
    record({ events: count("events", 1, Number.MAX_SAFE_INTEGER) }),
  ])
  .describe(
    "when the run ends, after the operation on its way then, unless the workload has ended before",
  );

export const ScenarioSchema = record({
  $schema: z.string().describe("where an editor finds the JSON Schema; not used").optional(),
  name: z.string().min(1).max(200).describe("one line that says what this is"),
  description: z.string().describe("what it is meant to show").optional(),
  seed: unsigned64("the seed of everything that is drawn").optional(),
  era: EraSchema.optional(),
  arch: word(
    "where the secondary flush sits in the architecture's TLB flush",
    wordsOf(ARCHES),
  ).optional(),
  protocol: z
    .union([z.enum(BUILTIN_PROTOCOL_IDS), ProtocolSchema])
    .describe("what the driver does in its notifier callbacks: an id, or a definition in full"),
  notifier: word("how the notifier list of the mm looks", wordsOf(NOTIFIER_MODES)).optional(),
  explore: ExploreSchema.optional(),
  machine: MachineSchema.optional(),
  iommu: IommuSchema.optional(),
  devices: z.array(DeviceSchema).max(64).optional(),
  workload: WorkloadSchema.optional(),
  threads: ThreadsSchema.optional(),
  faults: FaultsSchema.optional(),
  until: UntilSchema.optional(),
}).describe("a tlbstorm scenario");

/** A scenario as a person or a program writes it. */
export type ScenarioInput = z.input<typeof ScenarioSchema>;

/**
 * A scenario that fits the schema: times in nanoseconds, sizes in pages, what was left out missing.
 */
export type Scenario = z.output<typeof ScenarioSchema>;
export type ScenarioDevice = NonNullable<Scenario["devices"]>[number];
export type ScenarioAccess = NonNullable<ScenarioDevice["access"]>;
export type Latency = NonNullable<
  NonNullable<NonNullable<Scenario["machine"]>["latency"]>["walkStep"]
>;
