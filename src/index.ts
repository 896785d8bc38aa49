/**
 * The library: what `import { … } from "tlbstorm"` gives, in Node and in browsers.
 *
 * ```ts
 * import { explore, formatTimeline, replayToken } from "tlbstorm";
 *
 * const { properties } = await explore({ protocol: "flush-at-end", operation: "munmap" });
 * const example = await replayToken(properties["stale-read"].token);
 * console.log(formatTimeline(example));
 * ```
 *
 * - **Explore** every interleaving of one operation: `explore`, `exploreAll`, and for what they
 *   find `replayToken` and `formatTimeline`.
 * - **Run** a recorded program against devices: `readRecording`, `programOf`, `runScenario`,
 *   or step by step with snapshots: `Simulation`.
 * - **Check** the mm against a recorded kernel: `checkRecording`.
 * - **Study** protocols side by side on a recorded program: `runStudy`, `studyAnswers`,
 *   `studyResult`, `studySummary`.
 * - **Price** operations of the mm: `countsOf`, `modelledCost`, `calibration`; `calibrate` for
 *   measurements of one's own.
 * - **Describe** machines, devices and protocols: `loadScenario`, `ProtocolSchema`,
 *   `BUILTIN_PROTOCOLS`.
 * - **Register** notifiers under the kernel's callback names: `NotifierRegistry`, handed to a run
 *   as `notifiers`.
 * - **Model** devices: `GpuDevice`, `NicDevice`, `AcceleratorDevice`, or a `DeviceModel` of one's
 *   own; its `toScenario()` goes into the scenario, it itself to a run as `devices`.
 *
 * Whoever calls a function with what it does not take is told every wrong field at once, and what
 * to try: `InvalidArgument`, an `InvalidScenario` as those that scenarios end in.
 *
 * ```ts
 * const notifiers = new NotifierRegistry();
 * notifiers.register(program.sharedMm, {
 *   archInvalidateSecondaryTlbs: (mm, start, end, context) => context.invalidate(start, end),
 * });
 * const { violations } = await runScenario(resolved, program, { notifiers });
 * ```
 */
export { Core, CoreAbort } from "./abi/core.js";
export * from "./costs/index.js";
export {
  DeviceModel,
  DeviceRefusal,
  type AccessContext,
  type DeviceAccess,
  type DeviceCapabilities,
  type DeviceEntry,
  type DeviceFailure,
  type DeviceLimits,
  type DeviceStatement,
  type DeviceViolation,
} from "./devices/device_model.js";
export { AcceleratorDevice, GpuDevice, NicDevice } from "./devices/presets.js";
export * from "./explore/index.js";
export { NotifierRegistry, RegistrationError, type Subscription } from "./notifier/registry.js";
export type {
  MmuNotifierOps,
  NotifierContext,
  NotifierEvent,
  NotifierRange,
} from "./notifier/subscription.js";
export { BUILTIN_PROTOCOL_IDS, BUILTIN_PROTOCOLS, builtinProtocol } from "./protocols/catalogue.js";
export { ProtocolSchema, type Protocol, type ProtocolInput } from "./protocols/schema.js";
export { checkRecording, type CheckOptions, type RecordingCheck } from "./replay/check.js";
export { HostMisfit, type HostParts, type LostFlushes } from "./run/host.js";
export { programOf, syntheticProgram, type Program } from "./run/program.js";
export type {
  Counts,
  RunDevice,
  RunResult,
  RunViolation,
  Times,
  TimingSummary,
} from "./run/result.js";
export { runScenario, type RunOptions } from "./run/run.js";
export { Simulation, type Snapshot } from "./run/simulation.js";
export { InvalidArgument } from "./scenario/arguments.js";
export {
  formatScenarioError,
  InvalidScenario,
  loadScenario,
  scenarioJsonSchema,
  type LoadedScenario,
  type ResolvedScenario,
  type Scenario,
  type ScenarioError,
  type ScenarioInput,
} from "./scenario/index.js";
export {
  answers as studyAnswers,
  agreement as studyAgreement,
  runStudy,
  studyResult,
  summary as studySummary,
  type Answer,
  type Agreement,
  type Finding,
  type Exhibit,
  type StudyData,
  type StudyOptions,
  type StudyResult,
  type SummaryRow,
} from "./study/index.js";
export { importPerfScript } from "./workload/perf_script.js";
export {
  readRecording,
  RecordingError,
  type ByteSource,
  type RecordingHeader,
  type RecordingReader,
} from "./workload/recording.js";
export { importStrace } from "./workload/strace.js";
export { writeRecording } from "./workload/write_recording.js";
