import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { explore } from "../../src/index.js";
import { launchChromium } from "../support/chromium.js";
import { bundle, openPage, type Bundle } from "./page.js";

const HTML = `<!doctype html>
<html lang="en" style="color-scheme: light dark">
<title>tlbstorm-explore</title>
<script type="module" src="/library.js"></script>
<tlbstorm-explore protocol="flush-at-end" operation="munmap"></tlbstorm-explore>`;

let browser: Browser;
let files: Bundle;
let page: Page;

beforeAll(async () => {
  browser = await launchChromium();
  files = await bundle("browser/element.js");
});

afterAll(async () => {
  await browser.close();
});

beforeEach(async () => {
  page = await openPage(browser, files, HTML);
  await page.getByRole("table").first().waitFor();
});

afterEach(async () => {
  await page.close();
});

const texts = (row: string) => page.getByRole("row", { name: row }).first().innerText();

/** How much red is in the colour of the text: little of it is dark, much of it light. */
async function redOf(shown: Page): Promise<number> {
  const element = shown.locator("tlbstorm-explore");
  const colour = await element.evaluate((host) => getComputedStyle(host).color);
  return Number(/\d+/.exec(colour)![0]);
}

describe("the element <tlbstorm-explore>", () => {
  test("shows the verdicts that the library gives", async () => {
    const { properties } = await explore({ protocol: "flush-at-end", operation: "munmap" });
    for (const [id, { verdict, steps }] of Object.entries(properties)) {
      const row = await texts(id);
      expect(row).toContain(verdict.replace("-", " "));
      if (steps !== null) expect(row).toContain(`${steps} steps`);
    }
  });

  test("shows the shortest counterexample of the first violated property", async () => {
    const timeline = page.getByRole("region", { name: "counterexample to stale-read" });
    await timeline.waitFor();
    const heads = await timeline.getByRole("columnheader").allInnerTexts();
    expect(heads).toEqual(["time", "mm", "elsewhere", "device 0"]);
    expect(await timeline.getByRole("row").last().innerText()).toContain("read reaches F0");
  });

  test("shows another counterexample by keyboard alone", async () => {
    const button = page.getByRole("row", { name: "stale-walk" }).getByRole("button");
    await button.focus();
    await page.keyboard.press("Enter");
    await page.getByRole("region", { name: "counterexample to stale-walk" }).waitFor();
    expect(await button.getAttribute("aria-pressed")).toBe("true");
  });

  test("explores anew when an attribute changes", async () => {
    await page.locator("tlbstorm-explore").evaluate((element) => {
      element.setAttribute("protocol", "secondary-flush");
    });
    await page.getByText("munmap under secondary-flush").waitFor();
    expect(await texts("stale-read")).toContain("holds");
    expect(await page.getByRole("region").count()).toBe(0);
  });

  test("tells a run that only starves somebody apart from a shortest violation", async () => {
    await page.locator("tlbstorm-explore").evaluate((element) => {
      element.setAttribute("protocol", "secondary-flush");
      element.setAttribute("operation", "mprotect");
    });
    await page.getByText("mprotect under secondary-flush").waitFor();
    const timeline = page.getByRole("region", { name: "counterexample to served" });
    await timeline.waitFor();
    expect(await texts("served")).toContain("violated under weak fairness only");
    expect(await timeline.getByRole("caption").innerText()).toMatch(
      /^a way to keep served waiting/,
    );
    await page.getByText("only where mm is starved for ever").waitFor();
  });

  test("explores a protocol that is given as an object", async () => {
    await page.locator("tlbstorm-explore").evaluate((element) => {
      const definition = { id: "mine", title: "my own", secondaryFlush: ["invalidate"] };
      Object.assign(element, { definition });
    });
    await page.getByText("munmap under mine").waitFor();
    expect(await texts("stale-write")).toContain("holds");
  });

  test("says what is wrong with an attribute", async () => {
    await page.locator("tlbstorm-explore").evaluate((element) => {
      element.setAttribute("protocol", "flush-at-and");
    });
    expect(await page.getByRole("alert").innerText()).toContain("flush-at-and");
  });

  test("reads well on light and on dark pages", async () => {
    const lightness: number[] = [];
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      lightness.push(await redOf(page));
    }
    const [onLight, onDark] = lightness;
    expect(onLight).toBeLessThan(80);
    expect(onDark).toBeGreaterThan(180);
  });

  test("stays dark on light in a page that is light only", async () => {
    await page.emulateMedia({ colorScheme: "dark" });
    await page.evaluate(() => {
      document.documentElement.style.colorScheme = "light";
    });
    expect(await redOf(page)).toBeLessThan(80);
  });
});
