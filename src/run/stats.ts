/**
 * A result as gem5 writes its own: stats.txt, one line for each figure.
 *
 * Source: gem5 src/base/stats/text.cc (columns of 40 and 12, then "# description (Unit)").
 */
import { COUNT_TEXTS, TIMING_TEXTS } from "./count_texts.js";
import type { CountName, RunResult, TimingName } from "./result.js";

const NS_PER_SECOND = 1e9;

export function formatStats(result: RunResult): string {
  const seconds = result.simulatedNs / NS_PER_SECOND;
  const counts = Object.entries(COUNT_TEXTS).map(([name, { group, text }]) =>
    line(`${group}.${name}`, String(result.counts[name as CountName]), text, "Count"),
  );
  const times = Object.entries(TIMING_TEXTS).flatMap(([name, text]) =>
    distribution(name as TimingName, text, result),
  );
  const violations = result.violations.flatMap(({ rule, count, atNs }) => [
    line(`oracle.${rule}`, String(count), `violations of ${rule}`, "Count"),
    line(`oracle.${rule}.firstAt`, String(atNs), "time of the first one", "Nanosecond"),
  ]);
  return [
    "",
    "---------- Begin Simulation Statistics ----------",
    line("simSeconds", seconds.toFixed(9), "simulated time", "Second"),
    line("hostSeconds", result.wallSeconds.toFixed(2), "time of the simulation", "Second"),
    ...counts,
    ...times,
    ...violations,
    "",
    "---------- End Simulation Statistics   ----------",
    "",
  ].join("\n");
}

function distribution(name: TimingName, text: string, { times }: RunResult): string[] {
  const { count, sumNs, p50Ns, p90Ns, p99Ns, p999Ns, maxNs } = times[name];
  const mean = count === 0 ? "nan" : (sumNs / count).toFixed(3);
  const part = (key: string, value: string) =>
    line(`time.${name}::${key}`, value, text, "Nanosecond");
  return [
    line(`time.${name}::samples`, String(count), text, "Count"),
    part("mean", mean),
    part("total", String(sumNs)),
    part("p50", String(p50Ns)),
    part("p90", String(p90Ns)),
    part("p99", String(p99Ns)),
    part("p999", String(p999Ns)),
    part("max", String(maxNs)),
  ];
}

function line(name: string, value: string, text: string, unit: string): string {
  return `${name.padEnd(40)} ${value.padStart(12)}                       # ${text} (${unit})`;
}
