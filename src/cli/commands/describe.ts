/** `tlbstorm describe SCENARIO`: how the parts are wired, and where every value comes from. */
import { describeWiring, formatSetting } from "../../scenario/describe.js";
import { GRADES } from "../../scenario/defaults.js";
import type { Setting } from "../../scenario/settings.js";
import { readScenario } from "../load_scenario.js";
import { examples, jsonOption, newCommand, quietOption } from "../options.js";
import { formatTable, formatTree, paint, print, printJson } from "../output.js";

export function describeCommand() {
  return newCommand("describe")
    .summary("the wiring of a scenario and the origin of every value")
    .description(
      "Prints how the parts of a scenario are wired, then every value that holds in it with its " +
        "origin, the source of a default and how far it can be trusted.",
    )
    .argument("<scenario>", "scenario file in YAML or JSON; - reads standard input")
    .addOption(jsonOption())
    .addOption(quietOption())
    .addHelpText(
      "after",
      examples(
        ["tlbstorm describe examples/gpu_munmap.yaml", "the wiring and every value"],
        ["tlbstorm describe examples/gpu_munmap.yaml --json", "the same for a program to read"],
      ),
    )
    .action(async (path, options) => {
      const { resolved, settings, warnings } = await readScenario(path, {}, options);
      if (options.json === true) {
        printJson({ schema: "tlbstorm.describe/1", scenario: resolved, settings, warnings });
        return;
      }
      const rows = settings
        .filter(isShort)
        .map((setting) => [
          setting.path,
          formatSetting(setting),
          setting.from,
          setting.grade,
          setting.source,
        ]);
      const heads = ["field", "value", "from", "grade", "source"].map((head) => ({ head }));
      print(paint.bold(formatTree(describeWiring(resolved))));
      print(`\n${formatTable(heads, rows)}`);
      print(`\n${formatGrades(settings.map(({ grade }) => grade))}`);
    });
}

/** The wiring begins with the name; the description is for who reads the file. */
function isShort({ path }: Setting): boolean {
  return path !== "name" && path !== "description";
}

function formatGrades(used: readonly (keyof typeof GRADES)[]): string {
  const rows = Object.entries(GRADES).filter(([grade]) => used.some((one) => one === grade));
  return formatTable([{ head: "grade" }, { head: "meaning" }], rows);
}
