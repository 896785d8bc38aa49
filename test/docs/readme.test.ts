import { readFileSync, statSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { explore, formatTimeline, replayToken } from "../../src/index.js";
import { buildProgram } from "../../src/cli/program.js";

const README = readFileSync("README.md", "utf8");

/** The block of text below a line that contains the words. */
function blockBelow(words: string): string {
  const from = README.indexOf("```", README.indexOf(words));
  const start = README.indexOf("\n", from) + 1;
  return README.slice(start, README.indexOf("\n```", start));
}

describe("README.md", () => {
  test("shows the timeline that its command prints", async () => {
    const { properties } = await explore({ protocol: "flush-at-end", operation: "munmap" });
    const timeline = formatTimeline(await replayToken(properties["stale-read"]!.token!));
    expect(blockBelow("The first question ends in")).toContain(timeline.trimEnd());
  });

  test("names every command", () => {
    const names = buildProgram().commands.map((command) => command.name());
    const missing = names.filter((name) => !README.includes(`\`${name}`));
    expect(missing).toEqual([]);
  });

  test("points to files that exist", () => {
    const links = [...README.matchAll(/\]\(([^)#]+)\)/g)].map(([, path]) => path!);
    expect(links.length).toBeGreaterThan(3);
    for (const path of links) expect(() => statSync(path), path).not.toThrow();
  });
});
