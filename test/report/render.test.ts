import { parseHTML } from "linkedom";
import { beforeAll, describe, expect, test } from "vitest";
import { renderReport } from "../../src/report/render.js";
import { sampleReport } from "./sample.js";

let html = "";
let page: Document;

beforeAll(async () => {
  html = renderReport(await sampleReport());
  page = parseHTML(html).document;
});

describe("a report", () => {
  test("has the same bytes when it is rendered again", async () => {
    expect(renderReport(await sampleReport())).toBe(html);
  });

  test("loads nothing and runs nothing", () => {
    const references = [...page.querySelectorAll("[src], link[href], script, iframe, object")];
    expect(references.map((element) => element.getAttribute("href"))).toEqual(["data:,"]);
    expect(html).not.toMatch(/url\(|@import|https?:\/\/(?!www\.w3\.org)/);
  });

  test("escapes what comes from scenarios and labels", () => {
    expect(html).toContain("Why does a &amp; b &lt; c?");
    expect(html).toContain("name: &lt;sample&gt;");
    expect(html).not.toContain("<seed 1>");
  });

  test("leads from every figure to a token on the same page", () => {
    const links = [...page.querySelectorAll("a.ref")];
    const targets = links.map((link) => page.querySelector(link.getAttribute("href")!));
    expect(targets).not.toContain(null);
    expect(links.length).toBeGreaterThanOrEqual(6);
    expect(targets.filter((target) => target!.querySelector("code") === null)).toEqual([]);
  });

  test("prints each token of an answer once, under its label", () => {
    const tokens = [...page.querySelectorAll("#q1 .tokens code")]
      .map((code) => code.textContent)
      .slice(1);
    expect(new Set(tokens).size).toBe(tokens.length);
    expect(tokens).toContain("r1.AAAA");
    expect(tokens).toContain("r1.BBBB");
    expect(tokens.some((token) => token.startsWith("x1."))).toBe(true);
  });

  test("says in words what each chart shows", () => {
    const labels = [...page.querySelectorAll("figure")].map((one) =>
      one.getAttribute("aria-label"),
    );
    expect(labels).toHaveLength(3);
    expect(labels[0]).toBe(
      "Stale accesses by protocol: none has 1,290, flush-at-start 7, pinned 0.",
    );
    const drawings = [...page.querySelectorAll("figure svg")];
    expect(drawings.every((svg) => svg.getAttribute("aria-hidden") === "true")).toBe(true);
  });

  test("draws each chart for a page and for a phone", () => {
    expect(page.querySelectorAll("figure .wide svg")).toHaveLength(3);
    expect(page.querySelectorAll("figure .narrow svg")).toHaveLength(3);
  });

  test("shows a counterexample with one row for each step and the violation last", () => {
    const rows = [...page.querySelectorAll("table.timeline tbody tr")];
    const violations = [...page.querySelectorAll("table.timeline tr.violation")];
    expect(rows.length).toBeGreaterThan(5);
    expect(violations).toEqual([rows.at(-1)]);
  });

  test("has one cell for each column in every row of a table", () => {
    for (const table of page.querySelectorAll("table")) {
      const widths = [...table.querySelectorAll("tr")].map((row) => row.children.length);
      expect(new Set(widths).size).toBe(1);
    }
  });

  test("has no date in it", () => {
    expect(html).not.toMatch(/\b20\d\d-\d\d-\d\d\b/);
  });
});
