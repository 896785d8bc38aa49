/** Arguments and options that several commands have, so that they mean the same everywhere. */
import { Command, InvalidArgumentError, Option } from "@commander-js/extra-typings";
import { mostSimilar } from "../base/similar.js";
import { BUILTIN_PROTOCOL_IDS } from "../protocols/catalogue.js";
import { parseUntil } from "../scenario/override.js";
import type { RetryLimit } from "../scenario/resolved.js";
import { ERAS, OPERATIONS, wordsOf } from "../scenario/vocabulary.js";

/** A command with the settings that all have in common. */
export function newCommand(name: string) {
  return new Command(name).allowExcessArguments(false);
}

export const jsonOption = () => new Option("--json", "print the result as JSON");

export const quietOption = () => new Option("--quiet", "no progress, warnings or notes");

export const seedOption = () =>
  new Option("--seed <number>", "seed, an unsigned 64-bit number").argParser(parseUnsigned64);

export const eraOption = () =>
  new Option("--era <kernel>", "kernel whose order of calls and flushes holds").choices(
    wordsOf(ERAS),
  );

export const protocolOption = () =>
  new Option("--protocol <id>", "what the driver does in its notifier callbacks").argParser(
    word("protocol", BUILTIN_PROTOCOL_IDS, "tlbstorm list protocols"),
  );

export const operationOption = () =>
  new Option("--operation <id>", "operation of the mm").argParser(
    word("operation", wordsOf(OPERATIONS), "tlbstorm list operations"),
  );

export const untilOption = () =>
  new Option("--until <limit>", "simulated time or number of events: 10ms, 5000events").argParser(
    (text) => {
      const until = parseUntil(text);
      if (until !== null) return until;
      throw new InvalidArgumentError(
        "Write a time with its unit (ns, us, ms, s, min, h), such as 10ms and at most 2501h, " +
          "or a number from 1, such as 5000events.",
      );
    },
  );

export const devicesOption = () =>
  new Option("--devices <number>", "devices that take part").argParser(wholeNumber(1, 2));

export const pagesOption = () =>
  new Option("--pages <number>", "pages that the operation covers").argParser(wholeNumber(1, 2));

export const retryLimitOption = () =>
  new Option(
    "--retry-limit <number>",
    "refusals after which a device fails: 1 to 6, or unlimited",
  ).argParser((text): RetryLimit =>
    text === "unlimited" ? text : wholeNumber(1, 6, ", or unlimited")(text),
  );

export const outOption = () => new Option("--out <directory>", "write the results there as files");

export const traceOption = () => new Option("--trace <file>", "write a trace that Perfetto opens");

export const litmusOption = () =>
  new Option("--litmus <file>", "write the race and its interleavings as a litmus file");

export const recordingOption = () =>
  new Option("--recording <name>", "recording of a kernel, by name or path");

/** The block of examples at the end of a command's help. */
export function examples(
  ...lines: readonly (readonly [command: string, effect: string])[]
): string {
  const width = Math.max(...lines.map(([command]) => command.length));
  const rows = lines.map(([command, effect]) => `  $ ${command.padEnd(width)}  # ${effect}`);
  return `\nExamples:\n${rows.join("\n")}`;
}

/** `orElse` tells what may be written beside a number. */
export function wholeNumber(min: number, max: number, orElse = ""): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`Expected a whole number from ${min} to ${max}${orElse}.`);
  };
}

function parseUnsigned64(text: string): bigint {
  if (/^\d{1,20}$/.test(text) && BigInt(text) < 2n ** 64n) return BigInt(text);
  throw new InvalidArgumentError(
    `Expected an unsigned 64-bit number in decimal digits: from 0 to ${2n ** 64n - 1n}.`,
  );
}

/**
 * Accepts one of the words, and says which there are and what was probably meant; `where` is the
 * command that explains them.
 */
export function word<const Word extends string>(
  what: string,
  words: readonly Word[],
  where: string | null = null,
) {
  return (text: string): Word => {
    const found = words.find((candidate) => candidate === text);
    if (found !== undefined) return found;
    const meant = mostSimilar(text, words);
    const hint = meant === null ? "" : ` Did you mean ${meant}?`;
    const explained = where === null ? "" : ` See: ${where}`;
    throw new InvalidArgumentError(
      `No such ${what}.${hint} Known are ${words.join(", ")}.${explained}`,
    );
  };
}
