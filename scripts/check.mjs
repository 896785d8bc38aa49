/**
 * Everything that a change must pass, in the order in which it fails soonest: `npm run check`.
 *
 * Fails too when the build changes a file that is committed.
 */
import { spawnSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";

const STEPS = ["build", "types", "format:check", "lint", "docs"];
const GENERATED = [
  ...readdirSync("src/abi")
    .filter((name) => name.endsWith(".generated.ts"))
    .map((name) => `src/abi/${name}`),
  "docs/scenario.md",
];

function run(command, ...args) {
  console.log(`> ${[command, ...args].join(" ")}`);
  const { status } = spawnSync(command, args, { stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}

const contents = () => GENERATED.map((path) => readFileSync(path, "utf8"));

const before = contents();
for (const step of STEPS) run("npm", "run", "--silent", step);
const after = contents();
const changed = GENERATED.filter((_, index) => before[index] !== after[index]);
if (changed.length > 0) {
  console.error(`written anew, to be committed: ${changed.join(", ")}`);
  process.exit(1);
}
run("npx", "vitest", "run");
