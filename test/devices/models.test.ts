import { DeviceModel, type DeviceStatement } from "../../src/devices/device_model.js";
import { AcceleratorDevice, GpuDevice, NicDevice } from "../../src/devices/presets.js";
import { deviceContract } from "./contract.js";

/** A device that was not thought of here: it only reads, and asks for ever. */
class Scanner extends DeviceModel {
  constructor(statement: DeviceStatement) {
    super("scanner0", "accelerator", {
      lanes: 4,
      retryLimit: "unlimited",
      access: { kind: "live", pages: 64, writeShare: 0 },
      ...statement,
    });
  }
}

/** On what the program touched last, so that each device meets what the program does. */
const access: DeviceStatement["access"] = { kind: "live", pages: 64 };

deviceContract("a GPU", (statement) => new GpuDevice("gpu0", { access, ...statement }), {
  writes: true,
  givesUp: true,
});
deviceContract("a NIC", (statement) => new NicDevice("nic0", { ...statement }), {
  writes: true,
  givesUp: true,
});
deviceContract("an accelerator", (s) => new AcceleratorDevice("dsa0", { access, ...s }), {
  writes: true,
  givesUp: true,
});
deviceContract("a scanner of one's own", (statement = {}) => new Scanner(statement), {
  writes: false,
  givesUp: false,
});
