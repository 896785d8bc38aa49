/** What of a run host code implements: connects it with the core, and lets go of it at the end. */
import type { Core, HostFunctions } from "../abi/core.js";
import { recordSize, writeRecord } from "../abi/records.js";
import { LostFlush, NotifierMode, type Property } from "../abi/vocabulary.generated.js";
import type { DeviceModel } from "../devices/device_model.js";
import { ModelDevices } from "../devices/host_devices.js";
import { PROPERTIES, PROPERTY_IDS } from "../explore/properties.js";
import { RegistryNotifier } from "../notifier/host_notifier.js";
import type { NotifierRegistry } from "../notifier/registry.js";
import type { ResolvedDevice, ResolvedScenario } from "../scenario/resolved.js";

export interface HostParts {
  /**
   * Callbacks in the place of the protocol's; its page-request handler stays. Register for the mm
   * `sharedMm` of the program. An exception that a callback throws ends the run and is thrown on.
   */
  readonly notifiers?: NotifierRegistry;
  /**
   * Models of devices of the scenario, by their names; the scenario holds their `toScenario()`.
   * What their callbacks throw ends the run too.
   */
  readonly devices?: readonly DeviceModel[];
  /**
   * Flushes of CPU TLBs that the run goes on without, as if they had been done: what a kernel with
   * that defect would show.
   */
  readonly lostFlushes?: readonly LostFlushes[];
}

/** Of the CPU that works on the mm, or of the others, which answer all the same. */
export type LostFlushes = "own" | "remote";

const LOST: Record<LostFlushes, LostFlush> = { own: LostFlush.Own, remote: LostFlush.Remote };

/** A combination of host code and scenario that contradicts itself. */
export class HostMisfit extends Error {
  override readonly name = "HostMisfit";
}

export class RunHost {
  readonly functions: HostFunctions = {};
  private readonly models: ReadonlyMap<number, DeviceModel>;
  private readonly endings: (() => void)[] = [];

  /** Throws HostMisfit; a registry that another run uses throws RegistrationError. */
  constructor(
    private readonly scenario: ResolvedScenario,
    private readonly sharedMm: number,
    private readonly parts: HostParts,
  ) {
    this.models = modelsByDevice(scenario, parts.devices ?? []);
    if (parts.notifiers === undefined) return;
    refuseProtocolCallbacks(scenario);
    this.endings.push(parts.notifiers.beginRun());
  }

  /** What a token says of the host's part: a token alone does not repeat such a run. */
  get claim(): { isHosted?: true } {
    const chooses = [...this.models.values()].some((model) => model.capabilities.choosesAccesses);
    const isLosing = (this.parts.lostFlushes ?? []).length > 0;
    return this.hasNotifiers || chooses || isLosing ? { isHosted: true } : {};
  }

  get hasNotifiers(): boolean {
    return this.parts.notifiers !== undefined;
  }

  /** Between the encoding of the run and its boot. */
  connect(core: Core): void {
    this.connectNotifiers(core);
    this.connectDevices(core);
    this.loseFlushes(core);
  }

  /** The run is over, by whichever way. */
  end(): void {
    for (const ending of this.endings) ending();
  }

  private connectNotifiers(core: Core): void {
    const { notifiers } = this.parts;
    if (notifiers === undefined) return;
    writeRecord("RunSpec", specOf(core), { notifierMode: NotifierMode.Host });
    this.functions.notifier = new RegistryNotifier(notifiers, this.sharedMm, this.scenario.era, {
      nowNs: () => core.exports.runNow(),
      invalidate: (start, end) => {
        core.exports.runInvalidate(start, end);
      },
    });
  }

  private loseFlushes(core: Core): void {
    const { lostFlushes = [] } = this.parts;
    if (lostFlushes.length === 0) return;
    const bits = lostFlushes.reduce((sum, flush) => sum | LOST[flush], 0);
    writeRecord("RunSpec", specOf(core), { lostFlushes: bits });
  }

  private connectDevices(core: Core): void {
    if (this.models.size === 0) return;
    const { exports } = core;
    const machine = {
      nowNs: () => exports.runNow(),
      livePages: (device: number) => exports.runLivePages(device),
      livePage: (device: number, age: number) => exports.runLivePage(device, age),
      choose: (bound: number) => exports.runChoose(bound),
    };
    const devices = new ModelDevices(this.models, machine, propertyId);
    const { choosing, watching } = devices;
    writeRecord("RunSpec", specOf(core), { hostAccess: choosing, hostWatched: watching });
    this.functions.devices = devices;
  }
}

function specOf(core: Core): ReturnType<Core["view"]> {
  return core.view(core.exports.runSpecBlock(), recordSize("RunSpec"));
}

function propertyId(code: Property): string {
  const found = PROPERTY_IDS.find((id) => PROPERTIES[id].code === code);
  if (found === undefined) throw new Error("the core reports properties that are known");
  return found;
}

/** The models by the places of their devices in the scenario. */
function modelsByDevice(
  { devices }: ResolvedScenario,
  models: readonly DeviceModel[],
): Map<number, DeviceModel> {
  const found = new Map<number, DeviceModel>();
  for (const model of models) {
    const place = devices.findIndex(({ name }) => name === model.name);
    const device = devices[place];
    if (device === undefined) {
      throw new HostMisfit(`the scenario has no device ${model.name}: add its toScenario()`);
    }
    const differing = differingFields(device, model.toResolved());
    if (differing.length > 0) {
      throw new HostMisfit(
        `the model of ${model.name} states another ${differing.join(", ")} than the scenario`,
      );
    }
    found.set(place, model);
  }
  return found;
}

function differingFields(a: ResolvedDevice, b: ResolvedDevice): string[] {
  const fields = Object.keys(a) as (keyof ResolvedDevice)[];
  return fields.filter((field) => JSON.stringify(a[field]) !== JSON.stringify(b[field]));
}

function refuseProtocolCallbacks({ protocol, notifier }: ResolvedScenario): void {
  const hooks = ["rangeStart", "beforeChange", "secondaryFlush", "rangeEnd"] as const;
  const used = hooks.filter((hook) => protocol[hook].length > 0);
  if (used.length > 0) {
    throw new HostMisfit(
      `protocol ${protocol.id} has its own ${used.join(", ")}: host notifiers take their place, use protocol none`,
    );
  }
  if (notifier !== "implementing") {
    throw new HostMisfit(`the scenario says notifier: ${notifier}, but host notifiers are given`);
  }
}
