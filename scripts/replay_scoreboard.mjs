#!/usr/bin/env node
/**
 * How many of the given recordings the mm predicts: a line for each that it does not, and a total.
 */
import { createReadStream, readdirSync } from "node:fs";
import { join } from "node:path";
import { readRecording } from "../build/workload/recording.js";
import { checkRecording } from "../build/replay/check.js";
import { isReproducible } from "../build/replay/manifest.js";

const roots = process.argv.slice(2).filter((arg) => !arg.startsWith("-"));
const verbose = process.argv.includes("-v");
const paths = (roots.length > 0 ? roots : ["recordings"]).flatMap((root) =>
  root.endsWith(".gz")
    ? [root]
    : readdirSync(root, { recursive: true, encoding: "utf8" })
        .filter((path) => path.endsWith(".jsonl.gz"))
        .map((path) => join(root, path)),
);
let perfect = 0;
let snapshotPerfect = 0;
const totals = { notifier: [0, 0, 0, 0], flush: [0, 0, 0, 0] };
for (const path of paths.sort()) {
  let check;
  try {
    const reader = await readRecording(createReadStream(path), { file: path });
    check = await checkRecording(reader, { isOrdered: isReproducible(path) });
  } catch (error) {
    console.log(`${path}: ${error.message}`);
    continue;
  }
  const { notifier: n, flush: f, snapshots: s, faults } = check;
  for (const key of ["notifier", "flush"]) {
    const t = check[key];
    [t.expected, t.matched, t.missing, t.extra].forEach((v, i) => (totals[key][i] += v));
  }
  const bad = n.missing + n.extra + f.missing + f.extra;
  const snapBad = s.compared !== s.equal;
  if (bad === 0 && check.unsupported.length === 0) perfect++;
  if (bad === 0 && !snapBad) snapshotPerfect++;
  if (bad > 0 || snapBad || check.unsupported.length > 0 || verbose) {
    console.log(
      `${check.name}: inval ${n.matched}/${n.expected}+${n.extra} flush ${f.matched}/${f.expected}+${f.extra}` +
        ` snaps ${s.equal}/${s.compared} faults ${faults.expected} unneeded ${faults.unneeded} missing ${faults.missing}` +
        (check.unsupported.length > 0 ? ` unsupported ${JSON.stringify(check.unsupported)}` : "") +
        (check.inputs.length > 0 ? ` inputs ${JSON.stringify(check.inputs)}` : ""),
    );
  }
  if (verbose) {
    for (const m of check.mismatches.slice(0, 12)) console.log("  ", JSON.stringify(m));
    if (s.firstDifference) console.log("  ", JSON.stringify(s.firstDifference));
    if (faults.firstLine) console.log("   bad fault at line", faults.firstLine);
  }
}
console.log(
  `${perfect}/${paths.length} predicted, ${snapshotPerfect} with snapshots`,
  JSON.stringify(totals),
);
