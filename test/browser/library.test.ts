import { readFileSync } from "node:fs";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type * as Library from "../../src/index.js";
import {
  exploreAll,
  loadScenario,
  programOf,
  readRecording,
  runScenario,
  type ExploreResult,
  type ScenarioInput,
} from "../../src/index.js";
import { launchChromium } from "../support/chromium.js";
import { bundle, openPage } from "./page.js";

const RECORDING = "recordings/real/python_fork.jsonl.gz";

const HTML = `<!doctype html>
<title>tlbstorm</title>
<script type="module">
  import * as library from "/library.js";
  globalThis.tlbstorm = library;
</script>`;

/** What the page's own script makes known. */
declare const tlbstorm: typeof Library;

let browser: Browser;
let page: Page;

beforeAll(async () => {
  browser = await launchChromium();
  page = await openPage(browser, await bundle("index.js"), HTML);
  await page.waitForFunction("globalThis.tlbstorm !== undefined");
});

afterAll(async () => {
  await browser.close();
});

function scenarioOf(protocol: string): ScenarioInput {
  return {
    name: "a GPU beside a recorded program",
    protocol,
    seed: 7,
    workload: { recording: "python_fork" },
    devices: [{ name: "gpu0", kind: "gpu", access: { kind: "live", writeShare: 0.5 } }],
  };
}

/** A result without the time that it took. */
function timeless(result: ExploreResult): ExploreResult {
  return { ...result, seconds: 0 };
}

describe("the library in a browser", () => {
  test("finds the same states, verdicts and shortest counterexamples as in Node", async () => {
    const worlds = (["munmap", "cow", "collapse"] as const).flatMap((operation) =>
      ["empty-table", "secondary-flush", "mirror-kvm"].map((protocol) => ({ protocol, operation })),
    );
    const inPage = await page.evaluate((list) => tlbstorm.exploreAll(list), worlds);
    const inNode = await exploreAll(worlds);
    expect(inPage.map(timeless)).toEqual(inNode.map(timeless));
  });

  test.each(["empty-table", "secondary-flush", "mirror-kvm"])(
    "runs a recorded program under %s with the same digest, counts and times as in Node",
    async (protocol) => {
      const inPage = await page.evaluate(runIn, {
        scenario: scenarioOf(protocol),
        url: `/${RECORDING}`,
      });
      const reader = await readRecording(readFileSync(RECORDING), { file: RECORDING });
      const { resolved } = loadScenario(scenarioOf(protocol));
      const inNode = await runScenario(resolved, await programOf("python_fork", reader));
      expect(inNode.counts.accesses).toBeGreaterThan(0);
      expect(inPage).toEqual(inNode);
    },
  );

  test("explores two million states while the page goes on reacting", async () => {
    const { states, longestMs, wholeMs } = await page.evaluate(exploreWhileReacting);
    expect(states).toBeGreaterThanOrEqual(2_000_000);
    // A share of the whole, because a loaded machine stretches both.
    expect(longestMs).toBeLessThan(wholeMs / 5);
  });
});

/** The same in both places; runs in the page, so it uses nothing of this file. */
async function runIn({ scenario, url }: { scenario: Library.ScenarioInput; url: string }) {
  const bytes = new Uint8Array(await (await fetch(url)).arrayBuffer());
  const reader = await tlbstorm.readRecording(bytes, { file: url });
  const { resolved } = tlbstorm.loadScenario(scenario);
  return tlbstorm.runScenario(resolved, await tlbstorm.programOf("python_fork", reader));
}

/** Explores beside a clock that ticks whenever the page gets its turn. */
async function exploreWhileReacting() {
  let longestMs = 0;
  const start = performance.now();
  let last = start;
  const tick = () => {
    const now = performance.now();
    longestMs = Math.max(longestMs, now - last);
    last = now;
  };
  const ticking = setInterval(tick, 1);
  const { states } = await tlbstorm.explore({
    symmetry: false,
    partialOrder: false,
    protocol: "empty-table",
    operation: "dontneed",
    devices: 2,
    pages: 2,
    retryLimit: 6,
    maxStates: 2_000_000,
  });
  clearInterval(ticking);
  tick();
  return { states, longestMs, wholeMs: last - start };
}
