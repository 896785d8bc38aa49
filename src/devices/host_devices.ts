/** Gives what the core asks of devices to their models. */
import type { HostDevices } from "../abi/core.js";
import type { Property } from "../abi/vocabulary.generated.js";
import type { AccessContext, DeviceModel } from "./device_model.js";

/** What callbacks of a device can ask of the run that they are called in. */
export interface RunningDevices {
  nowNs(): number;
  livePages(device: number): number;
  livePage(device: number, age: number): number;
  choose(bound: number): number;
}

/** The lane looks again after a pause. */
const NO_ACCESS = -1;

export class ModelDevices implements HostDevices {
  /** `models` by the places of their devices in the scenario; `ruleOf` names a property. */
  constructor(
    private readonly models: ReadonlyMap<number, DeviceModel>,
    private readonly machine: RunningDevices,
    private readonly ruleOf: (property: Property) => string,
  ) {}

  /** Bit n: the model of device n chooses its accesses. */
  get choosing(): bigint {
    return this.bits((model) => model.capabilities.choosesAccesses);
  }

  /** Bit n: the model of device n wants to hear of its failure or its violations. */
  get watching(): bigint {
    return this.bits((model) => "onFailure" in model || "onViolation" in model);
  }

  nextAccess(device: number, lane: number): number {
    const access = this.model(device).chooseAccess(this.contextOf(device, lane));
    return access === null ? NO_ACCESS : access.page * 2 + (access.isWrite ? 1 : 0);
  }

  failed(device: number): void {
    this.model(device).onFailure?.({ nowNs: this.machine.nowNs() });
  }

  violated(device: number, property: Property, page: number, isWrite: boolean): void {
    const nowNs = this.machine.nowNs();
    this.model(device).onViolation?.({ nowNs, rule: this.ruleOf(property), page, isWrite });
  }

  private contextOf(device: number, lane: number): AccessContext {
    const { machine } = this;
    return {
      lane,
      get nowNs() {
        return machine.nowNs();
      },
      get livePages() {
        return machine.livePages(device);
      },
      livePage: (age) =>
        Number.isInteger(age) && age >= 0 && age < machine.livePages(device)
          ? machine.livePage(device, age)
          : null,
      choose: (bound) => {
        if (Number.isInteger(bound) && bound >= 1 && bound < 2 ** 32) return machine.choose(bound);
        throw new RangeError(`choose takes a whole number from 1 to 2^32 - 1, not ${bound}`);
      },
    };
  }

  private model(device: number): DeviceModel {
    const model = this.models.get(device);
    if (model === undefined) throw new Error("only devices with a model are asked");
    return model;
  }

  private bits(holds: (model: DeviceModel) => boolean): bigint {
    let bits = 0n;
    for (const [device, model] of this.models) if (holds(model)) bits |= 1n << BigInt(device);
    return bits;
  }
}
