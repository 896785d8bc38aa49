/** docs/scenario.md: every field of a scenario, written from the schema and the defaults. */
import { PROTOCOL_STEPS } from "../protocols/steps.js";
import { DEFAULTS, DEVICE_PRESETS, GRADES, type Default, type DefaultPath } from "./defaults.js";
import { formatSetting } from "./describe.js";
import {
  bareJsonSchema,
  branchesOf,
  leavesOf,
  type JsonSchema,
  type SchemaLeaf,
} from "./json_schema.js";
import {
  ACCESS_KINDS,
  ARCHES,
  DEVICE_KINDS,
  ERAS,
  IOMMU_PRESETS,
  NOTIFIER_MODES,
  ON_INVALID,
  OPERATIONS,
  WORKLOAD_OPERATIONS,
} from "./vocabulary.js";

const INTRODUCTION = `# Scenario reference

This page is what \`tlbstorm schema --format markdown\` prints; \`src/scenario\` is its source.

A scenario is a YAML or JSON file. Only \`name\` and \`protocol\` are required. A time is a number with
its unit (\`450ns\`, \`10us\`, \`1.5ms\`). A latency is a time, or \`{min: 1us, max: 2us}\` for one drawn
evenly, or \`{median: 3us, p99: 30us}\` for a lognormal one. Pages and frames are numbers of 4 KiB, or
sizes such as \`64MiB\`. \`[]\` stands for any element of a list.`;

const PROTOCOLS = `A protocol is the id of a built-in one (\`tlbstorm list protocols\`) or a definition: an \`id\`, a
\`title\`, whether the device reads the mm's own table (\`reads: shared\`) or a \`mirror\`, whether an
IOTLB stands behind the ATC (\`levels: two\`), \`traits\`, and a list of steps for each of
\`rangeStart\`, \`beforeChange\`, \`secondaryFlush\`, \`rangeEnd\` and \`fault\`. A step is a word of the table,
or \`{do: word, if: condition, joined: true, at: [munmap]}\`.`;

const WORDS = {
  "Eras (`era`)": ERAS,
  "Architectures (`arch`)": ARCHES,
  "Operations to explore (`explore.operation`)": OPERATIONS,
  "Operations of a workload (`workload.operations[].kind`)": WORKLOAD_OPERATIONS,
  "Devices (`devices[].kind`)": DEVICE_KINDS,
  "Access patterns (`devices[].access.kind`)": ACCESS_KINDS,
  "After an INVALID response (`devices[].onInvalid`)": ON_INVALID,
  "IOMMUs (`iommu.preset`)": IOMMU_PRESETS,
  "The notifier list (`notifier`)": NOTIFIER_MODES,
} as const;

export function scenarioReference(): string {
  const sections = [...groupByBlock(leavesOf(bareJsonSchema()))].map(
    ([block, leaves]) => `## ${block === "" ? "General" : `\`${block}\``}\n\n${fieldTable(leaves)}`,
  );
  const words = Object.entries(WORDS).map(
    ([title, table]) => `### ${title}\n\n${wordTable(Object.entries(table))}`,
  );
  const parts = [
    INTRODUCTION,
    ...sections,
    `## Protocols\n\n${PROTOCOLS}\n\n${stepTable()}`,
    `## Presets of devices\n\n${presetTable()}`,
    "## Words",
    ...words,
    `## Grades\n\n${wordTable(Object.entries(GRADES))}`,
  ];
  return `${parts.join("\n\n")}\n`;
}

/** Fields by the block they stand in; those outside any block come first. */
function groupByBlock(leaves: readonly SchemaLeaf[]): Map<string, SchemaLeaf[]> {
  const groups = new Map<string, SchemaLeaf[]>([["", []]]);
  for (const leaf of leaves) {
    const end = leaf.path.indexOf(".");
    const block = end < 0 ? "" : leaf.path.slice(0, end);
    const group = groups.get(block);
    if (group === undefined) groups.set(block, [leaf]);
    else group.push(leaf);
  }
  return groups;
}

function fieldTable(leaves: readonly SchemaLeaf[]): string {
  const rows = leaves.map(({ path, node }) => {
    const known: Default | undefined = path in DEFAULTS ? DEFAULTS[path as DefaultPath] : undefined;
    const origin = known === undefined ? ["", "", ""] : originCells(known);
    return [`\`${path}\``, node.description ?? "", accepts(node), ...origin];
  });
  return markdownTable(["field", "meaning", "accepts", "default", "source", "grade"], rows);
}

function originCells(known: Default): string[] {
  return [formatSetting(known), known.source, known.grade];
}

function presetTable(): string {
  const rows = Object.entries(DEVICE_PRESETS).flatMap(([kind, values]) =>
    Object.entries(values).map(([path, known]) => [kind, `\`${path}\``, ...originCells(known)]),
  );
  return markdownTable(["kind", "field", "default", "source", "grade"], rows);
}

function stepTable(): string {
  const steps = Object.entries(PROTOCOL_STEPS).map(
    ([step, { meaning }]) => [step, meaning] as const,
  );
  return wordTable(steps);
}

function wordTable(entries: readonly (readonly [string, string])[]): string {
  return markdownTable(
    ["word", "meaning"],
    entries.map(([word, meaning]) => [`\`${word}\``, meaning]),
  );
}

/** What may stand in a field, in a few words. */
function accepts(node: JsonSchema): string {
  return [...new Set(branchesOf(node).map(acceptsOne))].join(", or ");
}

const FEW = 8;

function acceptsOne(node: JsonSchema): string {
  if (node.title !== undefined) return node.title;
  if (node.const !== undefined) return `\`${String(node.const)}\``;
  if (node.enum !== undefined) {
    const words = [...new Set(node.enum.map(String))];
    return words.length > FEW ? "an id" : words.map((word) => `\`${word}\``).join(" ");
  }
  if (node.type === "integer" || node.type === "number") {
    return `${node.minimum ?? 0} to ${node.maximum ?? "any"}`;
  }
  if (node.type === "object") return `{${Object.keys(node.properties ?? {}).join(", ")}}`;
  return "text";
}

function markdownTable(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(heads), line(heads.map(() => "---")), ...rows.map(line)].join("\n");
}
