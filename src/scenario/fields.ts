/**
 * The kinds of fields a scenario is made of. Each states its own complaint: the first line of a
 * message is the problem, the second, if there is one, is the hint.
 */
import { z } from "zod";
import { formatDuration, parseDurationNs, parseSizeInPages } from "./units.js";

const U64_MAX = 2n ** 64n - 1n;

/** What a refinement of the schema hands its complaints to. */
interface Complaints {
  addIssue(issue: { code: "custom"; path: PropertyKey[]; message: string }): void;
}

/** Adds a complaint of our own: what is wrong, and what to try. */
export function complain(
  context: Complaints,
  path: PropertyKey[],
  problem: string,
  hint: string,
): void {
  context.addIssue({ code: "custom", path, message: `${problem}\n${hint}` });
}

/** An object that refuses keys it does not know. */
export function record<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  return z.strictObject(shape);
}

/** A whole number in [min, max]. */
export function count(description: string, min: number, max: number) {
  return z.int().min(min).max(max).describe(description);
}

/** A number in [0, 1]. */
export function share(description: string) {
  return z.number().min(0).max(1).describe(description);
}

/** One word of a table of words. */
export function word<const Words extends readonly [string, ...string[]]>(
  description: string,
  words: Words,
) {
  return z.enum(words).describe(description);
}

/** The longest time that the core takes for one step. */
const STEP_NS_MAX = 2 ** 32 - 1;

/** A time with its unit, in nanoseconds once it is read. */
export function duration(description: string, maxNs = STEP_NS_MAX) {
  return z
    .string({ error: timeComplaint })
    .meta({ title: "time", description, examples: ["450ns", "10us", "1.5ms"] })
    .transform((text, context) => {
      const ns = parseDurationNs(text);
      if (ns !== null && ns <= maxNs) return ns;
      const message =
        ns === null
          ? `"${text}" is not a time in whole nanoseconds\nwrite one number and one of the units ns, us, ms, s, min, h: 10us`
          : `${text} is out of range: at most ${formatDuration(maxNs)}\nwrite ${formatDuration(maxNs)} or less`;
      context.issues.push({ code: "custom", input: text, message });
      return z.NEVER;
    });
}

function timeComplaint(issue: { input?: unknown }): string | undefined {
  if (issue.input === undefined) return "missing\nexpected a time with its unit: 10us";
  const example = typeof issue.input === "number" ? `${issue.input}ns` : "10us";
  return `expected a time with its unit\nwrite for example ${example}`;
}

/** A latency that is always the same, or drawn anew each time. */
export function latency(description: string) {
  const fixed = duration(description).transform((ns) => ({ model: "fixed" as const, ns }));
  const uniform = record({
    min: duration("the shortest"),
    max: duration("the longest"),
  })
    .superRefine(({ min, max }, context) => {
      if (min > max) complain(context, [], "min is longer than max", "exchange the two");
    })
    .transform(({ min, max }) => ({ model: "uniform" as const, minNs: min, maxNs: max }));
  const lognormal = record({
    median: duration("half of the draws are below"),
    p99: duration("99 of 100 draws are below"),
  })
    .superRefine(({ median, p99 }, context) => {
      if (median === 0) {
        complain(context, ["median"], "the median is zero", "a lognormal time is never zero");
      }
      if (p99 < median) complain(context, [], "p99 is shorter than the median", "exchange the two");
    })
    .transform(({ median, p99 }) => ({
      model: "lognormal" as const,
      medianNs: median,
      p99Ns: p99,
    }));
  return z.union([fixed, uniform, lognormal]).describe(description);
}

/** A number of 4 KiB pages or frames, also written as a size such as 64MiB. */
export function pages(description: string, min: number, max: number) {
  const size = z
    .string()
    .meta({ title: "size", examples: ["64MiB"] })
    .transform((text, context) => {
      const number = parseSizeInPages(text);
      if (number !== null && number >= min && number <= max) return number;
      const problem =
        number === null
          ? `"${text}" is not a size in whole 4 KiB pages`
          : `"${text}" is ${number} pages, outside ${min} to ${max}`;
      context.issues.push({
        code: "custom",
        input: text,
        message: `${problem}\nwrite a number of pages, or a size such as 64MiB`,
      });
      return z.NEVER;
    });
  return z.union([z.int().min(min).max(max), size]).describe(description);
}

/** An unsigned 64-bit number: a safe integer, or a decimal string for what a double cannot hold. */
export function unsigned64(description: string) {
  const text = z
    .string()
    .meta({ title: "digits in quotes" })
    .transform((digits, context) => {
      if (/^\d{1,20}$/.test(digits) && BigInt(digits) <= U64_MAX) return BigInt(digits);
      context.issues.push({
        code: "custom",
        input: digits,
        message: `"${digits}" is not an unsigned 64-bit number\nwrite decimal digits, at most ${U64_MAX}`,
      });
      return z.NEVER;
    });
  const number = z
    .number()
    .meta({ type: "integer", minimum: 0, maximum: Number.MAX_SAFE_INTEGER })
    .transform((value, context) => {
      if (Number.isSafeInteger(value) && value >= 0) return BigInt(value);
      const isLong = Number.isInteger(value) && value > 0;
      const hint = isLong
        ? `a number above 2^53 is written in quotes: "12345678901234567890"`
        : "0 to 2^64 - 1";
      context.issues.push({
        code: "custom",
        input: value,
        message: `${isLong ? "this number loses digits" : "not an unsigned 64-bit number"}\n${hint}`,
      });
      return z.NEVER;
    });
  return z.union([number, text]).describe(description);
}
