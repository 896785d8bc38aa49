import { beforeAll, describe, expect, test } from "vitest";
import { formatStudy } from "../../src/cli/study_text.js";
import { explore, ExploreMachine, replayToken } from "../../src/explore/index.js";
import { SAFETY_IDS } from "../../src/explore/properties.js";
import { renderReport } from "../../src/report/render.js";
import { studyReport } from "../../src/report/study_report.js";
import type { RunViolation } from "../../src/run/result.js";
import type { TakerId } from "../../src/run/takers.js";
import { readRunToken } from "../../src/run/token.js";
import {
  evidenceOf,
  textOf,
  type Answer,
  type Evidence,
  type TableExhibit,
} from "../../src/study/answer.js";
import { ofCommonKernel } from "../../src/study/evidence.js";
import {
  agreement,
  allRuns,
  answers,
  studyResult,
  summary,
  type StudyData,
} from "../../src/study/index.js";
import {
  ALTERNATIVES,
  COMMON_ERA,
  PROTOCOLS,
  RETRY_LIMITS,
  STUDIED,
  type StudyProtocol,
} from "../../src/study/plan.js";
import { recordedStudy } from "./recorded_study.js";

let data: StudyData;

beforeAll(async () => {
  data = await recordedStudy("python_fork");
}, 120_000);

function evidenceIn({ paragraph, exhibits }: Answer): Evidence[] {
  const inText = paragraph.flatMap((piece) => (typeof piece === "string" ? [] : [piece.evidence]));
  return [...inText, ...exhibits.flatMap(evidenceOf)];
}

const answerOf = (study: StudyData, number: number): Answer => answers(study)[number - 1]!;

describe("the study", () => {
  test("runs the program alone and with a device under each protocol", () => {
    expect(data.states.get("none")!.devices).toEqual([]);
    expect([...data.protocols.keys()]).toEqual(PROTOCOLS.map(({ id }) => id));
    for (const { id, era } of PROTOCOLS) {
      expect(data.protocols.get(id)).toMatchObject({ protocol: id, era });
    }
  });

  test("explores every world to its end", () => {
    expect(data.explored.every(({ complete }) => complete)).toBe(true);
    expect(data.explored).toHaveLength(8 * 9 + 5 * 5);
  });

  test("never shows a violation that exploration excludes", () => {
    expect(agreement(data)).toEqual({ disagreements: [], notExplored: [] });
  });

  /** The study, if the run of one protocol had shown this. */
  function withViolation(protocol: StudyProtocol, violation: Partial<RunViolation>) {
    const run = data.protocols.get(protocol)!;
    const plain = {
      atNs: 1,
      address: 0,
      count: 3,
      operation: null,
      byOperation: {},
      token: "r1.X",
    };
    const violations = [{ rule: "stale-read", ...plain, ...violation } as const];
    const protocols = new Map([[protocol, { ...run, violations }]]);
    return agreement({ ...data, protocols, limits: new Map(), operations: [] });
  }

  test("takes a run that breaks a rule no interleaving breaks for a disagreement", () => {
    const found = { property: "stale-read", operation: null, count: 3, token: "r1.X" };
    expect(withViolation("secondary-flush", {})).toEqual({
      disagreements: [{ protocol: "secondary-flush", ...found }],
      notExplored: [],
    });
  });

  test("holds a violation against what the mm did, not against whatever else breaks the rule", () => {
    const rule = "split-brain";
    const by = (operation: TakerId) =>
      withViolation("pinned", { rule, operation, byOperation: { [operation]: 3 } });
    expect(by("mremap")).toEqual({ disagreements: [], notExplored: [] });
    expect(by("migrate").disagreements).toMatchObject([{ operation: "migrate", count: 3 }]);
  });

  test("lists apart what no explored operation stands for, unless nothing breaks the rule", () => {
    const byOperation = { reclaim: 3 };
    expect(withViolation("none", { byOperation })).toMatchObject({
      disagreements: [],
      notExplored: [{ operation: "reclaim", count: 3 }],
    });
    expect(withViolation("secondary-flush", { byOperation })).toMatchObject({
      disagreements: [{ operation: "reclaim", count: 3 }],
      notExplored: [],
    });
  });

  test("holds what is known in part against all that is explored", () => {
    const found = withViolation("secondary-flush", { byOperation: { munmap: 1 } }).disagreements;
    expect(found.map(({ operation, count }) => [operation, count])).toEqual([
      ["munmap", 1],
      [null, 2],
    ]);
  });

  test("takes nothing a run shows for a disagreement where exploration shows it too", () => {
    const none = data.protocols.get("none")!;
    expect(none.violations.length).toBeGreaterThan(0);
    const one = { ...data, protocols: new Map([["none", none] as const]) };
    expect(agreement(one).disagreements).toEqual([]);
  });

  test("spends no more of the program's time in notifier calls than in its calls and faults", () => {
    for (const { times } of allRuns(data)) {
      expect(times.notifierTime.sumNs).toBeLessThanOrEqual(times.operationTime.sumNs);
      expect(times.notifierTime.maxNs).toBeLessThanOrEqual(times.operationTime.maxNs);
    }
  });

  test("keeps what handlers spend in notifier calls apart from what the program does", () => {
    const alone = [...data.states.values()].map(({ times }) => times.handlerNotifierTime.count);
    expect(new Set(alone)).toEqual(new Set([0]));
    const { times, counts } = data.protocols.get("secondary-flush")!;
    expect(times.handlerNotifierTime.count).toBeGreaterThan(0);
    expect(times.notifierTime.count + times.handlerNotifierTime.count).toBe(
      counts.notifierCalls + counts.notifierWalksForNothing,
    );
    expect(times.openPair.count).toBeLessThan(counts.rangeStarts);
  });

  test("gives devices of a higher limit no less time", () => {
    const times = RETRY_LIMITS.map(
      (limit) => data.limits.get(limit)!.devices[0]!.failedAtNs ?? Infinity,
    );
    expect(times).toEqual([...times].sort((a, b) => a - b));
  });

  test("lets a device of a limit fail exactly if a patient one is refused as often", () => {
    const most = data.protocols.get("empty-table")!.counts.refusalsHighWater;
    for (const limit of RETRY_LIMITS) {
      expect(data.limits.get(limit)!.counts.deviceFailures > 0).toBe(limit <= most);
    }
  });
});

describe("the answers", () => {
  test("are seven, each with a paragraph, something to look at and a short form", () => {
    const all = answers(data);
    expect(all.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    for (const { paragraph, exhibits, short, question } of all) {
      expect(textOf(paragraph).length).toBeGreaterThan(200);
      expect(exhibits.length).toBeGreaterThan(0);
      expect(short).toMatch(/\.$/);
      expect(question).toMatch(/\?$/);
    }
  });

  test("never print something that is no number", () => {
    const texts = answers(data).map((answer) => JSON.stringify(answer));
    expect(texts.join()).not.toMatch(/NaN|Infinity|undefined|\[object/);
  });

  test("rest on tokens, each of a run or of a counterexample of this study", () => {
    const runs = new Set(allRuns(data).map(({ token }) => token));
    for (const { token } of answers(data).flatMap(evidenceIn)) {
      expect(runs.has(token) || token.startsWith("x1.")).toBe(true);
    }
  });

  test("show counterexamples that their tokens repeat", async () => {
    for (const [token, example] of data.examples) {
      const again = await replayToken(token);
      expect(again.isReproduced).toBe(true);
      expect(again.steps).toEqual(example.steps);
    }
    expect(data.examples.size).toBeGreaterThanOrEqual(3);
  });

  test("name the scenario of a run in its token", () => {
    const { token } = data.protocols.get("empty-table")!;
    const { scenario, program } = readRunToken(token);
    expect({ era: scenario.era, protocol: scenario.protocol.id, program }).toEqual({
      era: "3.17",
      protocol: "empty-table",
      program: "python_fork",
    });
  });
});

describe("a sentence", () => {
  /** The study as it would be if exploration had found nothing. */
  function withoutFindings(): StudyData {
    const explored = data.explored.map((world) => ({
      ...world,
      properties: Object.fromEntries(
        Object.entries(world.properties).map(([id, result]) => [
          id,
          result.verdict === "violated"
            ? { verdict: "holds" as const, steps: null, token: null }
            : result,
        ]),
      ),
    }));
    return { ...data, explored };
  }

  test("about the edges says that nothing was found when nothing was", () => {
    const found = textOf(answerOf(data, 1).paragraph);
    const nothing = textOf(answerOf(withoutFindings(), 1).paragraph);
    expect(found).toContain("An invalidation at range_start alone is not enough");
    expect(nothing).toContain(
      "An invalidation at range_start alone violates nothing in the 5 operations explored",
    );
    expect(answerOf(withoutFindings(), 1).exhibits.map(({ kind }) => kind)).not.toContain(
      "timeline",
    );
  });

  test("about the failure speaks of a dispute when a run fails and exploration excludes it", () => {
    expect(textOf(answerOf(data, 4).paragraph)).toContain("No timed run shows a failure");
    expect(textOf(answerOf(withoutFindings(), 4).paragraph)).toContain("disagree");
  });

  test("about tables names the protocols under which a walk is reached", () => {
    expect(answerOf(data, 5).short).toContain("empty-table");
    expect(answerOf(withoutFindings(), 5).short).toContain("reached under no protocol");
  });

  test("about the alternatives leaves out what has something against it", () => {
    const { short } = answerOf(data, 7);
    expect(short).not.toContain("pinned");
    expect(answerOf(withoutFindings(), 7).short).toContain("pinned");
  });
});

describe("the table of every interleaving", () => {
  const tableOf = (title: RegExp): TableExhibit =>
    answerOf(data, 1).exhibits.find(
      (one): one is TableExhibit => one.kind === "table" && title.test(one.title),
    )!;
  const cellsOf = (title: RegExp) =>
    tableOf(title).rows.flatMap(([head, ...cells]) =>
      cells.map((cell, at) => {
        const { text, rest = "" } = typeof cell === "string" ? { text: cell } : cell;
        return { protocol: head as string, operation: STUDIED[at]!, text: text + rest };
      }),
    );

  test("says of each cell what the command beneath it prints", async () => {
    const { source } = tableOf(/^Every interleaving/);
    const limit = Number(/--retry-limit (\d) --property safety\.$/.exec(source)![1]);
    const machine = await ExploreMachine.create();
    for (const { protocol, operation, text } of cellsOf(/^Every interleaving/)) {
      const { properties } = await explore({ protocol, operation, retryLimit: limit, machine });
      const broken = SAFETY_IDS.filter((id) => properties[id]?.verdict === "violated");
      const steps = broken.map((id) => properties[id]!.steps!);
      if (broken.length === 0) expect(text).toBe("holds");
      else expect(text).toContain(`, ${Math.min(...steps)}`);
      expect(/\+(\d)/.exec(text)?.[1] ?? "0").toBe(String(Math.max(0, broken.length - 1)));
    }
  });

  test("counts walks through freed tables and devices that give up, not accesses only", () => {
    const texts = cellsOf(/^Every interleaving/).map(({ text }) => text);
    expect(texts.filter((text) => text.startsWith("stale-walk"))).not.toEqual([]);
    expect(texts.filter((text) => text.startsWith("device-failure"))).not.toEqual([]);
  });

  test("leaves served to a table of its own, with the fairness of the schedule", () => {
    expect(JSON.stringify(cellsOf(/^Every interleaving/))).not.toContain("served");
    for (const { protocol, operation, text } of cellsOf(/^served/)) {
      const world = data.explored.find(
        (one) => one.protocol === protocol && one.operation === operation && one.retryLimit === 3,
      )!;
      const { verdict, fairness, steps } = world.properties.served!;
      expect(text).toBe(verdict === "violated" ? `${fairness}, ${steps}` : "holds");
    }
  });

  test("is at one with the paragraph and the short form about the shortest stale access", () => {
    const { paragraph, short } = answerOf(data, 1);
    const inShort = [...short.matchAll(/(\S+) in (\d+) steps of (\w+)/g)].map(
      ([, property, steps, operation]) => `${property} in ${steps} steps of ${operation}`,
    );
    expect(inShort).toHaveLength(2);
    for (const found of inShort) expect(textOf(paragraph)).toContain(found);
  });

  test("has a window only for drivers with something to do after the change", () => {
    const rows = tableOf(/^Accesses/).rows.map((row) =>
      row.map((cell) => (typeof cell === "string" ? cell : cell.text)),
    );
    const windows = new Map(rows.map((row) => [row[0], row[6]]));
    const without = [...windows].flatMap(([id, count]) => (count === "\u2013" ? [id] : []));
    expect(without).toEqual(["none", "flush-at-start", "pinned"]);
  });
});

describe("the comparison of drivers", () => {
  test("has every alternative on one kernel", () => {
    for (const id of ALTERNATIVES) expect(ofCommonKernel(data, id).run.era).toBe(COMMON_ERA);
  });

  test("says of every table with protocols of several kernels that they are not one", () => {
    const tables = answers(data).flatMap(({ exhibits }) =>
      exhibits.filter((one): one is TableExhibit => one.kind === "table"),
    );
    const mixed = tables.filter(({ columns }) => columns.some(({ head }) => head === "Linux"));
    expect(mixed.length).toBeGreaterThanOrEqual(5);
    for (const { source } of mixed) expect(source).toMatch(/Not one kernel|The kernels differ/);
  });
});

describe("the study as text and data", () => {
  test("fits 80 columns, tokens apart", () => {
    const lines = formatStudy(data, studyResult(data, answers(data), null)).split("\n");
    const wide = lines.filter((line) => line.length > 80 && !/ [rx]1\./.test(line));
    expect(wide).toEqual([]);
  });

  test("has the fields that other programs read", () => {
    const result = studyResult(data, answers(data), "report.html");
    expect(result).toMatchObject({
      schema: "tlbstorm.study/1",
      recording: "python_fork",
      report: "report.html",
    });
    expect(result.runs.map(({ schema }) => schema)).toEqual(Array(9).fill("tlbstorm.run/1"));
    expect(new Set(result.explored.map(({ schema }) => schema))).toEqual(
      new Set(["tlbstorm.explore/1"]),
    );
  });

  test("has one row for the program alone and one for each protocol", () => {
    const rows = summary(data);
    expect(rows.map(({ label }) => label)).toEqual(["no device", ...PROTOCOLS.map(({ id }) => id)]);
  });

  test("is a report of the same bytes, however long the runs took", () => {
    const options = { version: "1.2.3", tokenCommand: "tlbstorm token" };
    const slower: StudyData = {
      ...data,
      protocols: new Map([...data.protocols].map(([id, run]) => [id, { ...run, wallSeconds: 9 }])),
      explored: data.explored.map((world) => ({ ...world, seconds: 9 })),
    };
    const html = renderReport(studyReport(data, options));
    expect(renderReport(studyReport(slower, options))).toBe(html);
    for (const operation of STUDIED) expect(html).toContain(operation);
  });
});
