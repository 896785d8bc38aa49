/**
 * The shape of a resolved scenario, for programs that change one or have it from elsewhere. Ranges
 * are those of the fields that people write.
 */
import { z } from "zod";
import { ProtocolSchema } from "../protocols/schema.js";
import { made, seed64 } from "./arguments.js";
import {
  DeviceSchema,
  ExploreSchema,
  FaultsSchema,
  IommuSchema,
  MachineSchema,
  ThreadsSchema,
  WorkloadOperationSchema,
} from "./schema.js";
import { ARCHES, ERAS, NOTIFIER_MODES, wordsOf, type AccessKind } from "./vocabulary.js";

/** Times of steps, in the core's 32 bits. */
const stepNs = z
  .int()
  .min(0)
  .max(2 ** 32 - 1);
const timeNs = z.int().min(0);

const LatencySchema = z.discriminatedUnion("model", [
  z.strictObject({ model: z.literal("fixed"), ns: stepNs }),
  z.strictObject({ model: z.literal("uniform"), minNs: stepNs, maxNs: stepNs }),
  z.strictObject({ model: z.literal("lognormal"), medianNs: stepNs, p99Ns: stepNs }),
]);

/** A latency for each that people may write. */
function latencies(block: z.ZodObject) {
  return z.strictObject(
    Object.fromEntries(Object.keys(block.shape).map((name) => [name, LatencySchema])),
  );
}

/** Pages and frames as numbers, where people may write sizes too. */
function pageCount(written: z.ZodOptional<z.ZodUnion<readonly [z.ZodInt, z.ZodType]>>): z.ZodInt {
  return written.unwrap().options[0];
}

const machine = MachineSchema.shape;
const iommu = IommuSchema.shape;
const device = DeviceSchema.shape;
const pri = device.pri.unwrap().shape;
const threads = ThreadsSchema.shape;

function access<const Kind extends AccessKind>(kind: Kind, more: z.core.$ZodLooseShape = {}) {
  return z.strictObject({
    kind: z.literal(kind),
    writeShare: z.number().min(0).max(1),
    think: LatencySchema,
    ...more,
  });
}

const AccessSchema = z.discriminatedUnion("kind", [
  access("live", { pages: pageCount(threads.pages) }),
  access("window", { pages: pageCount(threads.pages) }),
  access("sequential", {
    stride: z
      .int()
      .min(1)
      .max(1 << 20),
  }),
  access("uniform"),
]);

const DeviceShape = z.strictObject({
  name: device.name,
  kind: device.kind,
  pasid: device.pasid.unwrap(),
  lanes: device.lanes.unwrap(),
  atc: device.atc.unwrap().required(),
  outstandingRequests: device.outstandingRequests.unwrap(),
  priCapacity: pri.capacity.unwrap(),
  priAllocation: pri.allocation.unwrap(),
  priTimeoutNs: stepNs,
  retryLimit: device.retryLimit.unwrap(),
  onInvalid: device.onInvalid.unwrap(),
  backoffNs: stepNs,
  access: AccessSchema,
  latency: latencies(device.latency.unwrap()),
});

/** An operation of a workload; `repeat` and `pages` are those that people write. */
export const ResolvedOperationSchema = z.strictObject({
  kind: WorkloadOperationSchema.shape.kind,
  pages: pageCount(WorkloadOperationSchema.shape.pages),
  periodNs: timeNs,
  repeat: WorkloadOperationSchema.shape.repeat.unwrap(),
});

const ResolvedShape = z.strictObject({
  name: z.string().min(1),
  description: z.string(),
  seed: seed64,
  era: z.enum(wordsOf(ERAS)),
  arch: z.enum(wordsOf(ARCHES)),
  protocol: ProtocolSchema,
  notifier: z.enum(wordsOf(NOTIFIER_MODES)),
  explore: ExploreSchema.required(),
  machine: z.strictObject({
    cores: machine.cores.unwrap(),
    frames: pageCount(machine.frames),
    tlb: z.strictObject({
      l1: machine.tlb.unwrap().shape.l1.unwrap().required(),
      l2: machine.tlb.unwrap().shape.l2.unwrap().required(),
    }),
    walkCache: machine.walkCache.unwrap().required(),
    ipiDelivery: machine.ipiDelivery.unwrap(),
    flushCeilingPages: machine.flushCeiling.unwrap(),
    gatherBatchFrames: machine.gatherBatch.unwrap(),
    gatherBatches: machine.gatherBatches.unwrap(),
    latency: latencies(machine.latency.unwrap()),
  }),
  iommu: z.strictObject({
    preset: iommu.preset.unwrap(),
    pasidBits: iommu.pasidBits.unwrap(),
    iotlb: iommu.iotlb.unwrap().required(),
    walkCache: iommu.walkCache.unwrap().required(),
    commandQueueEntries: iommu.commandQueue.unwrap().shape.entries.unwrap(),
    pageRequestLogEntries: iommu.pageRequestLog.unwrap().shape.entries.unwrap(),
    workers: iommu.workers.unwrap(),
    waitPollNs: stepNs,
    waitGiveUpNs: stepNs,
    latency: latencies(iommu.latency.unwrap()),
  }),
  devices: z.array(DeviceShape).max(64),
  workload: z.discriminatedUnion("kind", [
    z.strictObject({
      kind: z.literal("recording"),
      recording: z.string().min(1),
      speed: z.int().min(1).max(1_000_000),
    }),
    z.strictObject({
      kind: z.literal("synthetic"),
      operations: z.array(ResolvedOperationSchema),
    }),
  ]),
  threads: z.strictObject({
    count: threads.count.unwrap(),
    pages: pageCount(threads.pages),
    writeShare: threads.writeShare.unwrap(),
    think: LatencySchema,
  }),
  faults: FaultsSchema.omit({ lateBy: true }).required().extend({ lateByNs: stepNs }),
  until: z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("workload") }),
    z.strictObject({ kind: z.literal("time"), ns: timeNs }),
    z.strictObject({ kind: z.literal("events"), events: z.int().min(1) }),
  ]),
});

/** A scenario that is not resolved lacks most of this: that is said once. */
export const ResolvedScenarioSchema = made(
  "a resolved scenario",
  Object.keys(ResolvedShape.shape),
  "loadScenario(scenario).resolved",
).pipe(ResolvedShape);
