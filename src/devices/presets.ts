/** The devices that scenario files know by their kind; their values are those of the presets. */
import { DeviceModel, type DeviceStatement } from "./device_model.js";

/** Many lanes over whatever is mapped. */
export class GpuDevice extends DeviceModel {
  constructor(name: string, statement: DeviceStatement = {}) {
    super(name, "gpu", statement);
  }
}

/** Few lanes that walk through a ring of buffers in order. */
export class NicDevice extends DeviceModel {
  constructor(name: string, statement: DeviceStatement = {}) {
    super(name, "nic", statement);
  }
}

/** A copy engine that works on what was prepared last. */
export class AcceleratorDevice extends DeviceModel {
  constructor(name: string, statement: DeviceStatement = {}) {
    super(name, "accelerator", statement);
  }
}
