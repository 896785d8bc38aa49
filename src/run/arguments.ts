/** What timed runs take, as far as several functions take it. */
import { z } from "zod";
import { made } from "../scenario/arguments.js";
import { ResolvedScenarioSchema } from "../scenario/resolved_schema.js";

export const programArgument = made(
  "a program",
  ["name", "records", "events", "settings", "sharedMm"],
  "await programOf(name, reader) or syntheticProgram(operations)",
);

/** The scenario and the program of a run. */
export const runShape = { scenario: ResolvedScenarioSchema, program: programArgument };

/** What host code implements of a run. */
export const hostShape = {
  notifiers: made(
    "a NotifierRegistry",
    ["register", "beginRun"],
    "new NotifierRegistry()",
  ).optional(),
  devices: z
    .array(made("a DeviceModel", ["toResolved", "chooseAccess"], "new GpuDevice(name)"))
    .optional(),
  lostFlushes: z.array(z.enum(["own", "remote"])).optional(),
};
