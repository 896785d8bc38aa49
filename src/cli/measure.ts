/** What `tlbstorm bench` does: measures, and prints rates and ratios. */
import { BENCH_PARTS, runBench, type Figure } from "../bench/bench.js";
import { programOfScenario } from "../run/program.js";
import { loadScenario } from "../scenario/load.js";
import { UserError } from "./errors.js";
import { formatTable } from "./output.js";
import { withProgress } from "./progress.js";
import type { CommandResult } from "./result.js";

export async function measure(quiet: boolean): Promise<CommandResult> {
  const { resolved } = loadScenario({
    name: "a fault storm",
    era: "3.17",
    protocol: "empty-table",
    devices: [{ name: "gpu0", kind: "gpu", retryLimit: "unlimited" }],
    workload: {
      operations: [
        { kind: "touch", pages: 512 },
        { kind: "dontneed", pages: 64, period: "20us", repeat: 1000 },
      ],
    },
  });
  const program = await programOfScenario(resolved, (name) => {
    throw new UserError(name, "a benchmark has no recording");
  });
  const figures = await withProgress("measuring", BENCH_PARTS, { quiet }, (progress) =>
    runBench({
      clock: () => performance.now(),
      storm: { scenario: resolved, program },
      onProgress: (done, note) => progress.update(done, note),
    }),
  );
  return { json: { schema: "tlbstorm.bench/1", figures }, text: format(figures), found: false };
}

function format(figures: readonly Figure[]): string {
  const rows = figures.map(({ what, value, unit, ratio, noise, baseline }) => [
    what,
    `${formatValue(value)} ${unit}`,
    ratio === null ? "" : `${ratio.toFixed(2)} x`,
    noise === null ? "" : `${noise.toFixed(2)} x`,
    baseline ?? "",
  ]);
  return formatTable(
    [
      { head: "what" },
      { head: "measured", align: "right" },
      { head: "faster", align: "right" },
      { head: "noise", align: "right" },
      { head: "than" },
    ],
    rows,
  );
}

function formatValue(value: number): string {
  if (value >= 1e6) return `${(value / 1e6).toFixed(1)} million`;
  return value >= 1000 ? Math.round(value).toLocaleString("en") : value.toFixed(1);
}
