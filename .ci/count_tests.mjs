/**
 * Prints "N passed, N failed" for the JSON report of vitest and the exit code of `npm test`.
 *
 * A file that cannot be loaded, and a run that ends badly without a failed test, count as one
 * failure each. Exits with 1 when anything failed.
 */
import { readFileSync } from "node:fs";

const [file, status] = process.argv.slice(2);
const { passed, failed } = count(readReport(file), Number(status));
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

/** The report, or null when the run never came so far as to write a whole one. */
function readReport(path) {
  try {
    const report = JSON.parse(readFileSync(path, "utf8"));
    return Array.isArray(report.testResults) ? report : null;
  } catch {
    return null;
  }
}

function count(report, exitCode) {
  if (report === null) return { passed: 0, failed: 1 };
  const tests = report.testResults.flatMap((suite) => suite.assertionResults);
  const passed = tests.filter((test) => test.status === "passed").length;
  const broken = report.testResults.filter(
    (suite) =>
      suite.status === "failed" && suite.assertionResults.every((test) => test.status !== "failed"),
  ).length;
  const failed = tests.filter((test) => test.status === "failed").length + broken;
  const wentBadly = exitCode !== 0 || !report.success || passed === 0;
  return { passed, failed: failed === 0 && wentBadly ? 1 : failed };
}
