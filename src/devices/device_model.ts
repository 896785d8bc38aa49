/**
 * A device as a TypeScript class: what it is made of, how it faults, and its callbacks.
 *
 * What a model leaves out, the preset of its kind supplies, as for scenario files, with its source
 * (scenario/defaults.ts). A model that is stated wrongly throws InvalidScenario.
 */
import { argumentsOf } from "../scenario/arguments.js";
import { loadScenario } from "../scenario/load.js";
import type { ResolvedAccess, ResolvedDevice, RetryLimit } from "../scenario/resolved.js";
import { DeviceSchema, type ScenarioInput } from "../scenario/schema.js";
import type { DeviceKind } from "../scenario/vocabulary.js";

/** A device as scenario files write it. */
export type DeviceEntry = NonNullable<ScenarioInput["devices"]>[number];
/** What a model says of itself besides its name and its kind. */
export type DeviceStatement = Omit<DeviceEntry, "name" | "kind">;

/** A page of the shared address space: its number, not its address. */
export interface DeviceAccess {
  readonly page: number;
  readonly isWrite: boolean;
}

/** What a device knows when a lane of it is about to access memory. */
export interface AccessContext {
  /** Simulated nanoseconds since the run began. */
  readonly nowNs: number;
  readonly lane: number;
  /** How many pages of the program's data were touched and are still known. */
  readonly livePages: number;
  /** The page that the program touched `age` touches ago, from 0; null beyond `livePages`. */
  readonly livePage: (age: number) => number | null;
  /** A whole number in [0, bound), from the run's seed: randomness that can be repeated. */
  readonly choose: (bound: number) => number;
}

/** The device has given up. */
export interface DeviceFailure {
  readonly nowNs: number;
}

/** An access of the device, or a walk on its behalf, broke a rule. */
export interface DeviceViolation extends DeviceAccess {
  readonly nowNs: number;
  /** The id of the property, as exploration names it. */
  readonly rule: string;
}

export interface DeviceCapabilities {
  /** Some of its accesses write. */
  readonly writes: boolean;
  /** It gives up after a number of refusals. */
  readonly givesUp: boolean;
  /** It chooses its accesses itself. */
  readonly choosesAccesses: boolean;
}

/** A device was asked for something that it is not able to do, or did so itself. */
export class DeviceRefusal extends Error {
  override readonly name = "DeviceRefusal";
}

/** Page numbers of a 47-bit user address space. */
const PAGES = 2 ** 35;

const checkStatement = argumentsOf("DeviceModel", {
  name: DeviceSchema.shape.name,
  kind: DeviceSchema.shape.kind,
  statement: DeviceSchema.omit({ name: true, kind: true }),
});

export abstract class DeviceModel {
  private readonly values: ResolvedDevice;

  protected constructor(
    readonly name: string,
    readonly kind: DeviceKind,
    private readonly statement: DeviceStatement = {},
  ) {
    checkStatement({ name, kind, statement });
    this.values = resolve({ ...statement, name, kind });
  }

  /**
   * The next access of a lane, in the place of the pattern that the model states; null for none
   * now. Called only when the lane is about to access memory. Must choose by `context.choose`
   * alone, or the run cannot be repeated.
   */
  nextAccess?(context: AccessContext): DeviceAccess | null;
  /** Called once, when the device gives up. */
  onFailure?(failure: DeviceFailure): void;
  /** Called for each access and each walk that breaks a rule. */
  onViolation?(violation: DeviceViolation): void;

  /** Streams of accesses, and the translation cache. */
  get geometry(): Pick<ResolvedDevice, "lanes" | "atc"> {
    const { lanes, atc } = this.values;
    return { lanes, atc };
  }

  /** The address space that it uses. */
  get pasid(): number {
    return this.values.pasid;
  }

  get access(): ResolvedAccess {
    return this.values.access;
  }

  get limits(): DeviceLimits {
    const { outstandingRequests, priCapacity, priAllocation, retryLimit } = this.values;
    return { outstandingRequests, credits: Math.min(priCapacity, priAllocation), retryLimit };
  }

  get faultPolicy(): Pick<ResolvedDevice, "onInvalid" | "backoffNs" | "priTimeoutNs"> {
    const { onInvalid, backoffNs, priTimeoutNs } = this.values;
    return { onInvalid, backoffNs, priTimeoutNs };
  }

  get latency(): ResolvedDevice["latency"] {
    return this.values.latency;
  }

  get capabilities(): DeviceCapabilities {
    return {
      writes: this.access.writeShare > 0,
      givesUp: this.limits.retryLimit !== "unlimited",
      choosesAccesses: this.nextAccess !== undefined,
    };
  }

  /** The device's entry in the list `devices` of a scenario. */
  toScenario(): DeviceEntry {
    return { ...this.statement, name: this.name, kind: this.kind };
  }

  /** Everything that holds of the device, nothing left out. */
  toResolved(): ResolvedDevice {
    return structuredClone(this.values);
  }

  /** The next access, held to what the model states. Throws DeviceRefusal. */
  chooseAccess(context: AccessContext): DeviceAccess | null {
    if (typeof this.nextAccess !== "function") {
      throw new DeviceRefusal(`${this.name} does not choose its accesses: it has no nextAccess`);
    }
    const access = this.nextAccess(context);
    if (access === null) return null;
    if (!isAccess(access)) {
      throw new DeviceRefusal(
        `nextAccess of ${this.name} gives no access: give { page, isWrite }, or null for none now`,
      );
    }
    if (!(Number.isInteger(access.page) && access.page >= 0 && access.page < PAGES)) {
      throw new DeviceRefusal(`${this.name} accesses page ${access.page}, which no mm has`);
    }
    if (access.isWrite && !this.capabilities.writes) {
      throw new DeviceRefusal(`${this.name} writes, although its writeShare is 0`);
    }
    return access;
  }
}

export interface DeviceLimits {
  /** Translation requests in flight. */
  readonly outstandingRequests: number;
  /** Page requests that it may have outstanding. */
  readonly credits: number;
  /** Refusals of one request after which it gives up. */
  readonly retryLimit: RetryLimit;
}

/** A program without types may give anything. */
function isAccess(access: unknown): access is DeviceAccess {
  if (typeof access !== "object" || access === null) return false;
  return "page" in access && "isWrite" in access && typeof access.isWrite === "boolean";
}

function resolve(entry: DeviceEntry): ResolvedDevice {
  const { resolved } = loadScenario({ name: entry.name, protocol: "none", devices: [entry] });
  const [device] = resolved.devices;
  if (device === undefined) throw new Error("a scenario of one device has a device");
  return device;
}
