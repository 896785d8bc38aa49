import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { InvalidScenario } from "../../src/scenario/errors.js";
import { readDocument, checkValue } from "../../src/scenario/parse.js";
import { pointsOf } from "../../src/sweep/grid.js";
import { withValue } from "../../src/sweep/override_path.js";
import { planSweep, type Plan } from "../../src/sweep/plan.js";
import { knownSweepKeys, SweepSchema, type Json } from "../../src/sweep/schema.js";
import { seedOf } from "../../src/sweep/seed.js";

const SWEEP = `
name: retries
seed: 5
replicates: 2
scenario:
  name: one device
  protocol: none
  devices: [{ name: gpu0, kind: gpu }]
  workload: { operations: [{ kind: touch }] }
grid:
  protocol: [none, secondary-flush]
  devices[].retryLimit: [1, 2, unlimited]
`;

async function plan(text: string, engine = "engine 1"): Promise<Plan> {
  const read = readDocument(text, "sweep.yaml", "");
  if (!read.ok) throw new InvalidScenario(read.errors);
  const place = { file: "sweep.yaml", locate: read.locate };
  const checked = checkValue(SweepSchema, read.value, place, knownSweepKeys);
  if (!checked.ok) throw new InvalidScenario(checked.errors);
  return planSweep({
    sweep: checked.data,
    base: checked.data.scenario as Json,
    basePlace: {
      file: "sweep.yaml",
      locate: (path, isKey) => read.locate(["scenario", ...path], isKey),
    },
    place,
    engine,
    programHash: () => Promise.resolve("program"),
    sha256: (content) => createHash("sha256").update(content).digest("hex"),
  });
}

async function problemsOf(text: string): Promise<string> {
  const error: unknown = await plan(text).catch((reason: unknown) => reason);
  if (error instanceof InvalidScenario) return error.message;
  throw new Error("the sweep was not refused", { cause: error });
}

describe("the plan of a sweep", () => {
  test("has every combination of values, those of the last path changing fastest", async () => {
    const { runs } = await plan(SWEEP);
    const firsts = runs.filter(({ replicate }) => replicate === 0);
    expect(firsts.map(({ point }) => Object.values(point.values))).toEqual([
      ["none", 1],
      ["none", 2],
      ["none", "unlimited"],
      ["secondary-flush", 1],
      ["secondary-flush", 2],
      ["secondary-flush", "unlimited"],
    ]);
    expect(runs.map(({ run }) => run)).toEqual(Array.from({ length: 12 }, (_, index) => index));
  });

  test("sets the values where their paths lead", async () => {
    const { runs } = await plan(SWEEP);
    expect(runs.at(-1)?.scenario).toMatchObject({
      protocol: { id: "secondary-flush" },
      devices: [{ name: "gpu0", retryLimit: "unlimited" }],
    });
  });

  test("keeps the seeds of points that stay when values are added or exchanged", async () => {
    const before = await plan(SWEEP);
    const after = await plan(SWEEP.replace("[1, 2, unlimited]", "[7, unlimited, 2, 1]"));
    const seeds = ({ runs }: Plan) =>
      runs.map(({ point, replicate, scenario }) => [
        JSON.stringify([point.values, replicate]),
        scenario.seed,
      ]);
    expect(seeds(after)).toEqual(expect.arrayContaining(seeds(before)));
    expect(new Set(before.runs.map(({ scenario }) => scenario.seed)).size).toBe(12);
  });

  test.each([
    { because: "a value changes", change: (text: string) => text.replace("[1, 2,", "[1, 3,") },
    { because: "the seed changes", change: (text: string) => text.replace("seed: 5", "seed: 6") },
    { because: "the scenario changes", change: (text: string) => `${text}\n  era: [3.17]` },
  ])("has another hash when $because", async ({ change }) => {
    expect((await plan(change(SWEEP))).hash).not.toBe((await plan(SWEEP)).hash);
  });

  test("has another hash with another engine, and the same one twice", async () => {
    expect((await plan(SWEEP)).hash).toBe((await plan(SWEEP)).hash);
    expect((await plan(SWEEP, "engine 2")).hash).not.toBe((await plan(SWEEP)).hash);
  });
});

describe("a sweep that is wrong", () => {
  test("shows the value of the grid that no scenario takes, once, by line and column", async () => {
    expect(await problemsOf(SWEEP.replace("[1, 2, unlimited]", "[1, 0, unlimited]"))).toBe(
      "sweep.yaml:12:29: devices[0].retryLimit: 0 is out of range: at least 1\n  write 1 or more",
    );
  });

  test("shows the path of the grid that leads nowhere", async () => {
    expect(await problemsOf(SWEEP.replace("devices[].", "devices[3]."))).toBe(
      "sweep.yaml:12:3: devices[3].retryLimit: devices has 1 element, counted from 0\n" +
        "  devices[] is each of them; or write more of them in the scenario",
    );
  });

  test("shows a key that no scenario has, and what was probably meant", async () => {
    expect(await problemsOf(SWEEP.replace("devices[].retryLimit", "devices[].retryLimits"))).toBe(
      "sweep.yaml:12:3: devices[].retryLimits: unknown key\n  did you mean devices[].retryLimit?",
    );
  });

  test("shows every path that leads nowhere, beside wrong values of the others", async () => {
    const lines = [
      "  era: [3.19, 3.18]",
      "  machin.cores: [2]",
      "  machine.cores.x: [2]",
      "  machine[].cores: [2]",
      "  devices.lanes: [2]",
      "  a b: [2]",
      "  seed: [1, 2]",
    ];
    expect((await problemsOf(`${SWEEP}${lines.join("\n")}\n`)).split("\n")).toEqual([
      "sweep.yaml:13:15: era: 3.18 is not known here",
      "  one of 3.17, 3.19, 4.15, 6.4, 6.19",
      "sweep.yaml:14:3: machin.cores: unknown key",
      "  did you mean machine.cores?",
      "sweep.yaml:15:3: machine.cores.x: machine.cores has no fields",
      "  did you mean machine.cores?",
      "sweep.yaml:16:3: machine[].cores: machine is not a list",
      "  did you mean machine.cores?",
      "sweep.yaml:17:3: devices.lanes: devices is a list",
      "  did you mean devices[].lanes?",
      "sweep.yaml:18:3: a b: this is not a path",
      "  write keys with points between them, and brackets for elements: devices[0].atc.entries",
      expect.stringMatching(/^sweep\.yaml:19:3: seed: the seed of a run follows from/) as string,
      "  vary replicates in its place",
    ]);
  });

  test("is not told to miss what a misspelt path was meant to set", async () => {
    const text = SWEEP.replace("  protocol: none\n", "").replace("protocol: [", "protocl: [");
    expect(await problemsOf(text)).toBe(
      "sweep.yaml:10:3: protocl: unknown key\n  did you mean protocol?",
    );
  });

  test("may set what a path before it has made", async () => {
    const text = SWEEP.replace("kind: gpu }]", "kind: gpu }]").replace(
      "  devices[].retryLimit",
      "  devices: [[{ name: a, kind: gpu }, { name: b, kind: nic }]]\n  devices[1].retryLimit",
    );
    expect((await plan(text)).runs.length).toBe(12);
  });

  test("shows where the scenario itself is wrong, and with which point if it depends on one", async () => {
    expect(await problemsOf(SWEEP.replace("kind: touch", "kind: tuch"))).toMatch(
      /^sweep\.yaml:9:\d+: workload\.operations\[0\]\.kind: "tuch" is not known here\n/,
    );
    const tooMany = SWEEP.replace("kind: gpu }]", "kind: gpu, pri: { allocation: 8 } }]");
    expect(await problemsOf(`${tooMany}  devices[0].pri.capacity: [8, 4]\n`)).toMatch(
      /devices\[0\]\.pri\.allocation: allows 8 .* \(with protocol none, .*capacity 4\)/,
    );
  });

  test("shows an unknown key of its own", async () => {
    expect(await problemsOf(SWEEP.replace("replicates", "replicate"))).toMatch(
      /^sweep\.yaml:4:1: replicate: unknown key\n {2}did you mean replicates\?$/,
    );
  });

  test("never varies the seed, which follows from point and replicate", async () => {
    expect(await problemsOf(`${SWEEP}\n  seed: [1, 2]`)).toMatch(/vary replicates in its place/);
  });

  test("refuses more runs than anybody waits for", async () => {
    expect(await problemsOf(SWEEP.replace("replicates: 2", "replicates: 1000000"))).toMatch(
      /6,000,000 runs, more than 1,000,000/,
    );
  });
});

describe("the seed of a run", () => {
  test("depends on the sweep's seed, the point and the replicate, and on nothing else", () => {
    const [a, b] = pointsOf({ x: [1, 2] });
    expect(seedOf(1n, a!, 0)).toBe(seedOf(1n, { values: { x: 1 } }, 0));
    const seeds = [seedOf(1n, a!, 0), seedOf(1n, a!, 1), seedOf(1n, b!, 0), seedOf(2n, a!, 0)];
    expect(new Set(seeds).size).toBe(4);
    expect(seeds.every((seed) => seed >= 0n && seed < 2n ** 64n)).toBe(true);
  });
});

describe("a value that is set by path", () => {
  test("makes the blocks on its way and leaves the rest", () => {
    const before = { machine: { cores: 4 } };
    expect(withValue(before, "machine.latency.ipi", "2us")).toEqual({
      machine: { cores: 4, latency: { ipi: "2us" } },
    });
    expect(before).toEqual({ machine: { cores: 4 } });
  });

  test("goes into every element with an empty index, into one with its number", () => {
    const two = { devices: [{ lanes: 1 }, { lanes: 1 }] };
    expect(withValue(two, "devices[].lanes", 5)).toEqual({ devices: [{ lanes: 5 }, { lanes: 5 }] });
    expect(withValue(two, "devices[1].lanes", 5)).toEqual({
      devices: [{ lanes: 1 }, { lanes: 5 }],
    });
  });
});
