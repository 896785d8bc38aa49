/**
 * Prints the twin's verdicts as JSON.
 *
 *   main --set default | larger            the matrices that are kept beside this file
 *   main --set readings                    what changes under each other reading, one a line
 *   main --protocol P --operation O        one instance; --devices, --pages, --retry-limit
 *                                          N|unlimited, --choice NAME=VALUE for another reading,
 *                                          --paths for the steps
 */
import { parseArgs } from "node:util";
import { DEFAULT_CHOICES, type Choices } from "./choices.js";
import { explore } from "./explore.js";
import { cellOf, defaultCells, instanceOf, largerCells } from "./matrix.js";
import { differences } from "./readings.js";
import type { OperationId } from "./operations.js";

const { values } = parseArgs({
  options: {
    set: { type: "string" },
    protocol: { type: "string", default: "none" },
    operation: { type: "string", default: "munmap" },
    devices: { type: "string", default: "1" },
    pages: { type: "string", default: "1" },
    "retry-limit": { type: "string", default: "3" },
    choice: { type: "string", multiple: true, default: [] },
    paths: { type: "boolean", default: false },
  },
});

function choicesFrom(settings: string[]): Choices {
  const chosen: Record<string, string | boolean> = { ...DEFAULT_CHOICES };
  for (const setting of settings) {
    const [name, value] = setting.split("=") as [string, string];
    if (!(name in chosen)) throw new Error(`there is a choice ${name}`);
    chosen[name] = value === "true" ? true : value === "false" ? false : value;
  }
  return chosen as unknown as Choices;
}

function single(): unknown {
  const limit = values["retry-limit"];
  const size = {
    devices: Number(values.devices),
    pages: Number(values.pages),
    retryLimit: limit === "unlimited" ? Infinity : Number(limit),
  };
  const choices = choicesFrom(values.choice);
  const instance = instanceOf(values.protocol, values.operation as OperationId, size, choices);
  return values.paths ? explore(instance) : cellOf(instance);
}

switch (values.set) {
  case "default":
    console.log(JSON.stringify(defaultCells()));
    break;
  case "larger":
    console.log(JSON.stringify(largerCells()));
    break;
  case "readings":
    for (const difference of differences()) console.log(JSON.stringify(difference));
    break;
  default:
    console.log(JSON.stringify(single(), null, 2));
}
