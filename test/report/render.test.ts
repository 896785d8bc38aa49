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

  test("prints each token once, in one list at the end, under the number of its references", () => {
    const items = [...page.querySelectorAll("footer .tokens li")];
    const tokens = items.map((item) => item.querySelector("code")!.textContent);
    expect(new Set(tokens).size).toBe(tokens.length);
    expect(tokens.slice(0, 2)).toEqual(["r1.AAAA", "r1.BBBB"]);
    expect(tokens.some((token) => token.startsWith("x1."))).toBe(true);
    expect(items.map(({ id }) => id)).toEqual(items.map((_, at) => `t${at + 1}`));
    expect(page.querySelectorAll("main code")).toHaveLength(0);
  });

  test("has the token of each value of a chart beside the value", () => {
    const note = page.querySelector("figure + .note")!;
    const labels = [...note.querySelectorAll("a.ref")].map((link) => link.getAttribute("title"));
    expect(note.textContent).toContain("none has 1,2901,");
    expect(labels).toEqual(["none, seed 1"]);
  });

  test("says of each logarithmic axis that it is one", () => {
    const charts = [...page.querySelectorAll("figure")];
    const isLogarithmic = charts.map((chart) => chart.textContent.includes("logarithmic"));
    expect(isLogarithmic).toEqual([true, false, true]);
    const notes = [...page.querySelectorAll("figure + .note")].map((note) => note.textContent);
    expect(notes.map((note) => note.includes("logarithmic"))).toEqual(isLogarithmic);
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
