/** What `tlbstorm explore --litmus-check` does: explores the worlds of litmus files again. */
import { checkLitmus, type LitmusCheck } from "../explore/litmus_check.js";
import { readLitmus } from "../explore/litmus.js";
import { ExploreMachine } from "../explore/machine.js";
import { readInput } from "./files.js";
import { withProgress } from "./progress.js";
import type { CommandResult } from "./result.js";

interface CheckedFile extends LitmusCheck {
  readonly file: string;
}

export async function checkLitmusFiles(
  files: readonly string[],
  options: { quiet?: true | undefined },
): Promise<CommandResult> {
  const machine = await ExploreMachine.create();
  const checked: CheckedFile[] = [];
  await withProgress("litmus files", files.length, options, async (progress) => {
    for (const file of files) {
      await progress.update(checked.length, file);
      const read = readLitmus(await readInput(file), file);
      checked.push({ file, ...(await checkLitmus(read, machine)) });
    }
  });
  return {
    json: { schema: "tlbstorm.litmus-check/1", files: checked },
    text: checked.map(textOf).join("\n"),
    found: checked.some(({ holds }) => !holds),
  };
}

function textOf({ file, litmus, result, holds, differences, found }: CheckedFile): string {
  if (holds) return `${file}: ok: ${result}: ${litmus}`;
  const lines = differences.map(
    ({ what, claimed, found: now }) => `  ${what}: ${now}, and the file says ${claimed}`,
  );
  const example = found.timeline === undefined ? [] : ["", found.timeline.trimEnd(), ""];
  return [`${file}: NOT AS IT SAYS: ${litmus}`, ...lines, ...example].join("\n");
}
