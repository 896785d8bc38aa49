/**
 * The result of a timed run as text for a terminal of 80 columns: exact counts, then modelled
 * times.
 */
import { COUNT_GROUPS, COUNT_TEXTS, TIMING_TEXTS } from "../run/count_texts.js";
import type { CountName, RunResult, TimingName, TimingSummary } from "../run/result.js";
import { formatTable } from "./output.js";

/** `program`: the name of what the mm did. */
export function formatRun(result: RunResult, program: string): string {
  return [
    formatHead(result, program),
    section("Exact counts (those not listed are 0)", formatCounts(result)),
    section(
      "Modelled times: counts weighed with the latencies of the scenario",
      formatTimes(result),
      "The source of each latency: tlbstorm describe SCENARIO",
    ),
    section("Devices", formatDevices(result)),
    formatViolations(result),
    `token: ${result.token}`,
  ].join("\n\n");
}

function section(title: string, ...parts: string[]): string {
  return [title, ...parts].join("\n");
}

/** What was run, and how fast. */
export function formatHead(result: RunResult, program: string): string {
  const { scenario, era, arch, protocol, notifier, seed, digest, simulatedNs, wallSeconds, steps } =
    result;
  const mode = notifier === "implementing" ? "" : `, notifier ${notifier}`;
  const speed =
    wallSeconds > 0 ? `, ${(steps / wallSeconds / 1e6).toFixed(1)} million a second` : "";
  return [
    scenario,
    `Linux ${era} on ${arch}, protocol ${protocol}${mode}, seed ${seed}, program ${program}`,
    `${formatNs(simulatedNs)} simulated in ${wallSeconds.toFixed(2)} s: ${grouped(steps)} events${speed}`,
    `digest ${digest}`,
  ].join("\n");
}

function formatCounts({ counts }: RunResult): string {
  const texts = Object.entries(COUNT_TEXTS);
  const rows = Object.entries(COUNT_GROUPS).flatMap(([group, title]) => {
    const members = texts.filter(
      ([name, text]) => text.group === group && counts[name as CountName] !== 0,
    );
    return members.map(([name, { text }], at) => [
      at === 0 ? title : "",
      text,
      grouped(counts[name as CountName]),
    ]);
  });
  return formatTable([{ head: "of" }, { head: "count" }, { head: "number", align: "right" }], rows);
}

function formatTimes({ times }: RunResult): string {
  const rows = Object.entries(TIMING_TEXTS)
    .map(([name, text]) => [text, times[name as TimingName]] as const)
    .filter(([, { count }]) => count > 0)
    .map(([text, time]) => [text, grouped(time.count), ...spread(time)]);
  const right = (head: string) => ({ head, align: "right" as const });
  const heads = [right("times"), right("mean"), right("p50"), right("p99"), right("most")];
  return formatTable([{ head: "what" }, ...heads], rows);
}

function spread({ count, sumNs, p50Ns, p99Ns, maxNs }: TimingSummary): string[] {
  return [sumNs / count, p50Ns, p99Ns, maxNs].map(formatNs);
}

function formatDevices({ devices }: RunResult): string {
  if (devices.length === 0) return "none";
  const rows = devices.map((device) => [
    device.name,
    stateOf(device),
    grouped(device.counts.accesses),
    grouped(device.counts.pageRequests),
    grouped(device.counts.refusals),
  ]);
  const right = (head: string) => ({ head, align: "right" as const });
  const heads = [right("accesses"), right("page requests"), right("refusals")];
  return formatTable([{ head: "device" }, { head: "state" }, ...heads], rows);
}

function stateOf({ state, failedAtNs, stoppedAtNs }: RunResult["devices"][number]): string {
  if (failedAtNs !== null) return `gave up at ${formatNs(failedAtNs)}`;
  return stoppedAtNs === null ? state : `stopped at ${formatNs(stoppedAtNs)}`;
}

function formatViolations({ violations }: RunResult): string {
  if (violations.length === 0) return "Violations: none";
  const rows = violations.map(({ rule, count, atNs, byOperation }) => [
    rule,
    grouped(count),
    `${atNs} ns`,
    Object.entries(byOperation)
      .map(([operation, part]) => `${operation} ${grouped(part)}`)
      .join(", "),
  ]);
  const right = (head: string) => ({ head, align: "right" as const });
  return section(
    "Violations",
    formatTable([{ head: "rule" }, right("times"), right("first at"), { head: "led to by" }], rows),
    ...violations.map(({ rule, token }) => `${rule}: ${token}`),
  );
}

const UNITS = [
  ["s", 1e9],
  ["ms", 1e6],
  ["us", 1e3],
] as const;

/** A time with three digits. */
export function formatNs(ns: number): string {
  const [unit, size] = UNITS.find(([, least]) => ns >= least) ?? ["ns", 1];
  return `${(ns / size).toPrecision(3)} ${unit}`;
}

function grouped(count: number): string {
  return count.toLocaleString("en");
}
