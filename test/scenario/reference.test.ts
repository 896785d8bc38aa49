import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { DEFAULTS, DEVICE_PRESETS } from "../../src/scenario/defaults.js";
import { leavesOf, scenarioJsonSchema, writtenForm } from "../../src/scenario/json_schema.js";
import { scenarioReference } from "../../src/scenario/reference.js";
import { checkScenario } from "../../src/scenario/parse.js";

const schema = scenarioJsonSchema();
const leaves = leavesOf(schema);
const paths = leaves.map(({ path }) => path);

/** Fields that have no default: they are required, or alternatives to another field. */
const WITHOUT_DEFAULT = [
  "$schema",
  "name",
  "protocol",
  "devices[].name",
  "devices[].kind",
  "workload.recording",
  "workload.operations[].kind",
];

describe("the table of defaults", () => {
  test("names only fields that a scenario can have", () => {
    const named = [
      ...Object.keys(DEFAULTS),
      ...Object.values(DEVICE_PRESETS).flatMap((preset) => Object.keys(preset)),
    ];
    expect(named.filter((path) => !paths.includes(path))).toEqual([]);
  });

  test("has an entry for every field that may be left out", () => {
    const without = paths.filter((path) => !(path in DEFAULTS) && !path.startsWith("protocol."));
    expect(without).toEqual(WITHOUT_DEFAULT);
  });

  test("holds values that a person could write in their place", () => {
    const latency = writtenForm(DEFAULTS["machine.latency.minorFault"]) as { median: string };
    const scenario = {
      name: "n",
      protocol: "none" as const,
      iommu: { waitGiveUp: writtenForm(DEFAULTS["iommu.waitGiveUp"]) as string },
      machine: { latency: { minorFault: latency as { median: string; p99: string } } },
    };
    expect(checkScenario(scenario)).toMatchObject({
      ok: true,
      scenario: {
        iommu: { waitGiveUp: DEFAULTS["iommu.waitGiveUp"].value },
        machine: { latency: { minorFault: DEFAULTS["machine.latency.minorFault"].value } },
      },
    });
  });
});

describe("the JSON Schema", () => {
  test("is of draft 2020-12 and refuses unknown keys", () => {
    expect(schema).toMatchObject({
      $schema: "https://json-schema.org/draft/2020-12/schema",
      required: ["name", "protocol"],
      additionalProperties: false,
    });
  });

  test("describes every field and tells its default", () => {
    expect(leaves.filter(({ node }) => node.description === undefined)).toEqual([]);
    const cores = leaves.find(({ path }) => path === "machine.cores");
    expect(cores?.node.default).toBe(DEFAULTS["machine.cores"].value);
  });
});

describe("docs/scenario.md", () => {
  test("is what the schema and the defaults say; `npm run docs` writes it anew", () => {
    const written = readFileSync(new URL("../../docs/scenario.md", import.meta.url), "utf8");
    expect(written).toBe(scenarioReference());
  });
});
