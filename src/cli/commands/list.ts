/** `tlbstorm list KIND`: what there is to choose from. */
import { Argument } from "@commander-js/extra-typings";
import { PROPERTIES } from "../../explore/properties.js";
import { BUILTIN_PROTOCOLS } from "../../protocols/catalogue.js";
import { PROTOCOL_STEPS } from "../../protocols/steps.js";
import { DEVICE_PRESETS } from "../../scenario/defaults.js";
import {
  DEVICE_KINDS,
  ERAS,
  IOMMU_PRESETS,
  OPERATIONS,
  wordsOf,
} from "../../scenario/vocabulary.js";
import { examples, jsonOption, newCommand, quietOption, word } from "../options.js";
import { formatTable, print, printJson } from "../output.js";
import { openRecording, packagedRecordings } from "../recordings.js";

interface Entry {
  id: string;
  summary: string;
}

const KINDS = {
  protocols: () => BUILTIN_PROTOCOLS.map(({ id, title }) => ({ id, summary: title })),
  operations: () => words(OPERATIONS),
  eras: () => words(ERAS),
  devices: () => words(DEVICE_KINDS),
  properties: () => Object.entries(PROPERTIES).map(([id, { rule }]) => ({ id, summary: rule })),
  steps: () => Object.entries(PROTOCOL_STEPS).map(([id, step]) => ({ id, summary: step.meaning })),
  recordings: listRecordings,
  presets: listPresets,
} satisfies Record<string, () => Entry[] | Promise<Entry[]>>;

export function listCommand() {
  return newCommand("list")
    .summary("what there is to choose from")
    .description(
      "Lists protocols and the steps they are written with, operations, eras, devices, properties, " +
        "recordings or presets.",
    )
    .addArgument(kindArgument())
    .addOption(jsonOption())
    .addOption(quietOption())
    .addHelpText(
      "after",
      examples(
        ["tlbstorm list protocols", "every driver protocol that can be run or explored"],
        ["tlbstorm list operations --json", "the operations of the mm, for a program to read"],
      ),
    )
    .action(async (kind, options) => {
      const entries: Entry[] = await KINDS[kind]();
      if (options.json === true) printJson({ schema: "tlbstorm.list/1", kind, entries });
      else print(formatEntries(entries));
    });
}

function kindArgument() {
  const kinds = wordsOf(KINDS);
  const list = kinds.join(", ");
  return new Argument("<kind>", list).argParser(word("kind", kinds));
}

function formatEntries(entries: readonly Entry[]): string {
  if (entries.length === 0) return "There are none.";
  return formatTable(
    [{ head: "id" }, { head: "what it is" }],
    entries.map(({ id, summary }) => [id, summary]),
  );
}

function words(table: Record<string, string>): Entry[] {
  return Object.entries(table).map(([id, summary]) => ({ id, summary }));
}

function listPresets(): Entry[] {
  const devices = Object.entries(DEVICE_PRESETS).map(([kind, values]) => ({
    id: `device ${kind}`,
    summary: `sets ${Object.keys(values)
      .map((path) => path.replace("devices[].", ""))
      .join(", ")}`,
  }));
  const iommus = Object.entries(IOMMU_PRESETS).map(([id, summary]) => ({
    id: `iommu ${id}`,
    summary,
  }));
  return [...iommus, ...devices];
}

async function listRecordings(): Promise<Entry[]> {
  return Promise.all(
    packagedRecordings().map(async ({ name, path }) => {
      const recording = await openRecording(path);
      const { program, kernel } = recording.header;
      await recording.close();
      return { id: name, summary: `Linux ${kernel}: ${[program].flat().join(" ")}` };
    }),
  );
}
