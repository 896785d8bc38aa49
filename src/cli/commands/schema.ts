/** `tlbstorm schema`: the JSON Schema of scenario files, or their reference to read. */
import { Option } from "@commander-js/extra-typings";
import { scenarioJsonSchema } from "../../scenario/json_schema.js";
import { scenarioReference } from "../../scenario/reference.js";
import { writeOutput } from "../files.js";
import { examples, newCommand, quietOption } from "../options.js";
import { print, toJson } from "../output.js";

export function schemaCommand() {
  return newCommand("schema")
    .summary("the JSON Schema of scenario files")
    .description(
      "Prints the JSON Schema (draft 2020-12) of scenario files, for completion in editors, or the " +
        "reference of every field with its default, the source of the default and its grade.",
    )
    .addOption(
      new Option("--format <format>", "what to print")
        .choices(["json", "markdown"] as const)
        .default("json" as const),
    )
    .option("--out <file>", "write it there instead of printing it")
    .addOption(quietOption())
    .addHelpText(
      "after",
      examples(
        ["tlbstorm schema --out scenario.schema.json", "for an editor"],
        ["tlbstorm schema --format markdown", "every field and its default, to read"],
      ) +
        "\n\nIn a YAML file, this first line turns completion on:\n" +
        "  # yaml-language-server: $schema=scenario.schema.json",
    )
    .action(async ({ format, out }) => {
      const text = format === "json" ? `${toJson(scenarioJsonSchema())}\n` : scenarioReference();
      if (out === undefined) print(text);
      else await writeOutput(out, text);
    });
}
