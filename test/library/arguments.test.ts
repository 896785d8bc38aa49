/**
 * What programs without types do wrong: each function of the library names the argument, the
 * problem and what to try. The table has every function, so that none can be forgotten.
 */
import { createReadStream } from "node:fs";
import { describe, expect, test } from "vitest";
import * as library from "../../src/index.js";

type Loose = (...given: unknown[]) => unknown;
const { InvalidArgument, InvalidScenario } = library;

/** As a program without types sees the library. */
const tlbstorm = library as unknown as Record<string, Loose>;

const RECORDING = new URL("../../recordings/micro/munmap_edge_1.jsonl.gz", import.meta.url);

const { resolved } = library.loadScenario({
  name: "n",
  protocol: "none",
  devices: [{ name: "g", kind: "gpu" }],
  workload: { operations: [{ kind: "touch", pages: 4 }] },
});
const program = library.syntheticProgram([{ kind: "touch", pages: 4, periodNs: 0, repeat: 1 }]);
const machine = await library.ExploreMachine.create();
const world = library.resolveSmallWorld({ protocol: "none", operation: "munmap" });
const explored = await library.explore({ protocol: "none", operation: "munmap", machine });
const token = explored.properties["stale-read"]!.token!;
const example = await library.replayToken(token, machine);
const litmus = await library.litmusOf(world, "stale-read", machine);
const { protocol } = world;
const { costs } = library.calibration();
const counts = library.countsOf("munmap", 1);
const file = { file: "f" };
const bytes = new Uint8Array(4);
const reader = await library.readRecording(createReadStream(RECORDING), file);
const { header } = reader;

/** Arguments that each function takes. */
const TAKEN: Readonly<Record<string, readonly unknown[]>> = {
  allowedWindow: [example],
  appliesTo: ["served", "cow", protocol],
  calibrate: [library.measuredObservations()],
  checkLitmus: [{ litmus, world }, machine],
  checkRecording: [reader, { isOrdered: true }],
  countsOf: ["munmap", 1],
  explain: [world, "stale-read", explored, {}],
  explore: [{ protocol: "none", operation: "cow" }],
  exploreAll: [[{ protocol: "none", operation: "cow" }], {}],
  exploreMutations: [{ protocol: "none", operation: "cow" }],
  fitCosts: [[{ counts: { munmap: 1 }, us: 1 }]],
  formatLitmus: [litmus],
  formatScenarioError: [
    { file: null, line: null, column: null, path: "a", problem: "b", hint: "c" },
  ],
  formatTimeline: [example, {}],
  importPerfScript: [bytes, file],
  importStrace: [bytes, file],
  litmusOf: [world, "stale-read", machine],
  loadScenario: [{ name: "n", protocol: "none" }, {}],
  modelledCost: [counts, costs, "none", 0],
  mutationsOf: [protocol],
  priceOf: [{ munmap: 1 }, costs],
  programOf: ["name", reader],
  readLitmus: ["litmus: a", "f"],
  readRecording: [bytes, file],
  readToken: [token],
  replayToken: [token, machine],
  resolveSmallWorld: [{ protocol: "none", operation: "cow" }],
  runScenario: [resolved, program, {}],
  runStudy: [{ recording: "git_gc", seed: 1n, open: () => reader }],
  studyAgreement: [{}],
  studyAnswers: [{}],
  studyResult: [{}, [], null],
  studySummary: [{}],
  syntheticProgram: [[{ kind: "touch", pages: 4, periodNs: 0, repeat: 1 }]],
  timelineActors: [example.steps],
  writeRecording: [header, [], () => ({ lost: 0, exit_status: null })],
  writeToken: [{ world, property: "stale-read", path: [], loop: null }],
};

/** These take nothing, or answer that there is none of that name. */
const ASKING_NOTHING = [
  "builtinProtocol",
  "calibratedCosts",
  "calibration",
  "measuredObservations",
  "scenarioJsonSchema",
];

const isClass = (value: unknown) => String(value).startsWith("class");

async function errorOf(work: () => unknown): Promise<Error | null> {
  try {
    await work();
    return null;
  } catch (error) {
    return error as Error;
  }
}

describe("every function of the library", () => {
  test("is in the table of this test", () => {
    const functions = Object.entries(library)
      .filter(([, value]) => typeof value === "function" && !isClass(value))
      .map(([name]) => name);
    expect([...Object.keys(TAKEN), ...ASKING_NOTHING].sort()).toEqual(functions.sort());
  });

  const calls = Object.entries(TAKEN).flatMap(([name, taken]) =>
    taken.flatMap((_, place) =>
      [null, true, new Date(0)]
        // A report may be written nowhere.
        .filter((wrong) => !(name === "studyResult" && place === 2 && wrong === null))
        .filter((wrong) => !(wrong instanceof Date && typeof taken[place] === "object"))
        .map((wrong) => ({ name, place, wrong, given: taken.with(place, wrong) })),
    ),
  );

  test.each(calls)(
    "says what is wrong with $name where argument $place is $wrong",
    async (call) => {
      const error = await errorOf(() => tlbstorm[call.name]!(...call.given));
      expect(error).toBeInstanceOf(InvalidScenario);
      const [{ path, problem, hint }] = (error as InstanceType<typeof InvalidScenario>).errors as [
        library.ScenarioError,
      ];
      expect(path.split(".")[0]).toBe(call.name);
      expect(problem).not.toBe("");
      expect(hint).not.toBeNull();
    },
  );

  test.each(Object.keys(TAKEN))("says what %s misses when it is given nothing", async (name) => {
    expect(await errorOf(() => tlbstorm[name]!())).toBeInstanceOf(InvalidScenario);
  });
});

/** Everything that is said of a call, as people read it. */
async function complaints(work: () => unknown): Promise<string[]> {
  const error = await errorOf(work);
  expect(error).toBeInstanceOf(InvalidScenario);
  return (error as InstanceType<typeof InvalidScenario>).errors.map(library.formatScenarioError);
}

describe("a request to explore", () => {
  test("is refused with every wrong field at once, and what was probably meant", async () => {
    const request = { operation: "unmap", device: 2, pages: 1.5, properties: ["stale-raed"] };
    expect(await complaints(() => tlbstorm["explore"]!(request))).toEqual([
      expect.stringMatching(/^explore\.protocol: missing\n {2}one of none, flush-at-start, /),
      'explore.operation: "unmap" is not known here\n  did you mean munmap?',
      "explore.pages: expected a whole number, found 1.5\n  give a whole number",
      'explore.properties[0]: "stale-raed" is not known here\n  did you mean stale-read?',
      "explore.device: unknown key\n  did you mean devices?",
    ]);
  });

  test.each([
    [{ devices: "2" }, 'explore.devices: expected a number, found "2"\n  give a finite number'],
    [{ devices: NaN }, "explore.devices: expected a number, found NaN\n  give a finite number"],
    [{ devices: -1 }, "explore.devices: -1 is out of range: at least 1\n  write 1 or more"],
    [{ maxStates: 1e18 }, /^explore\.maxStates: .* at most 60000000\n {2}write 60000000 or less$/],
    [
      { seed: 1 },
      "explore.seed: expected an unsigned 64-bit bigint, found 1\n  write for example 1n",
    ],
    [{ machine: {} }, /^explore\.machine: expected an ExploreMachine.*\n {2}await ExploreMachine/],
    [
      { protocol: { id: "own", faults: [] } },
      "explore.protocol.faults: unknown key\n  did you mean fault?",
    ],
  ])("is refused with %o", async (more, complaint) => {
    const request = { protocol: "none", operation: "cow", ...more };
    const said = await complaints(() => tlbstorm["explore"]!(request));
    expect(said).toEqual([
      typeof complaint === "string" ? complaint : expect.stringMatching(complaint),
    ]);
  });

  test("is named by its place among many", async () => {
    const requests = [
      { protocol: "none", operation: "cow" },
      { protocol: "none", operation: "kow" },
    ];
    expect(await complaints(() => tlbstorm["exploreAll"]!(requests))).toEqual([
      'exploreAll.requests[1].operation: "kow" is not known here\n  did you mean cow?',
    ]);
  });
});

describe("a token of a timed run", () => {
  test("is told apart from those of exploration", async () => {
    await expect(library.replayToken("r1.abc")).rejects.toThrow("the token of a timed run");
  });

  test("is asked for where a text is empty", async () => {
    await expect(library.replayToken("")).rejects.toThrow(library.InvalidToken);
  });
});

describe("a run", () => {
  const run = (scenario: unknown, options: unknown = {}) =>
    complaints(() => tlbstorm["runScenario"]!(scenario, program, options));

  test("is refused of a scenario that is not resolved, in one sentence", async () => {
    expect(await run({ name: "n", protocol: "none" })).toEqual([
      "runScenario.scenario: expected a resolved scenario, found a block of keys\n" +
        "  loadScenario(scenario).resolved gives one",
    ]);
  });

  test("is refused of a resolved scenario whose parts were replaced by what people write", async () => {
    const [gpu] = resolved.devices;
    const changed = {
      ...resolved,
      seed: 7,
      machine: { ...resolved.machine, frames: "64MiB" },
      devices: [{ ...gpu, atc: { entries: 64 } }],
    };
    expect((await run(changed)).map((text) => text.split(":")[0])).toEqual([
      "runScenario.scenario.seed",
      "runScenario.scenario.machine.frames",
      "runScenario.scenario.devices[0].atc.ways",
    ]);
  });

  test("is refused with options that it would ignore", async () => {
    const options = { onProgres: () => undefined, lostFlushes: ["none"], clock: 5 };
    expect(await run(resolved, options)).toEqual([
      'runScenario.options.lostFlushes[0]: "none" is not known here\n  one of own, remote',
      "runScenario.options.clock: expected a function, found 5\n  give a function, not what it returns",
      "runScenario.options.onProgres: unknown key\n  did you mean onProgress?",
    ]);
  });

  test("goes back only to its own moments, and on by numbers of events", async () => {
    const simulation = await library.Simulation.create(resolved, program);
    const loose = simulation as unknown as Record<string, Loose>;
    for (const wrong of [null, {}, "x"]) {
      await complaints(() => loose["restore"]!(wrong));
      await complaints(() => loose["advance"]!(wrong));
    }
    await complaints(() => loose["advance"]!(NaN));
    simulation.end();
  });
});

describe("the registration of a notifier", () => {
  const register = (mm: unknown, ops: unknown) =>
    complaints(() =>
      (new library.NotifierRegistry() as unknown as Record<string, Loose>)["register"]!(mm, ops),
    );

  test("takes functions only", async () => {
    expect(await register(1, { release: 5 })).toEqual([
      "register.ops.release: expected a function, found 5\n  give a function, not what it returns",
    ]);
  });

  test("refuses a callback that is called almost as one of the kernel's", async () => {
    expect(await register(1, { invalidate_range_start: () => undefined })).toEqual([
      "register.ops.invalidate_range_start: unknown key\n  did you mean invalidateRangeStart?",
    ]);
  });

  test("leaves an object its own fields and methods", () => {
    class Mirror {
      entries = 0;
      forget = () => this.entries--;
      release(): void {
        this.forget();
      }
    }
    const registry = new library.NotifierRegistry();
    const mirror = new Mirror();
    registry.register(1, mirror).unregister();
    expect(mirror.entries).toBe(-1);
  });
});

describe("a device", () => {
  test("is refused with fields that no device has", async () => {
    const Gpu = library.GpuDevice as unknown as new (...given: unknown[]) => unknown;
    expect(await complaints(() => new Gpu("g", { lane: 3, lanes: 0 }))).toEqual([
      "DeviceModel.statement.lanes: 0 is out of range: at least 1\n  write 1 or more",
      "DeviceModel.statement.lane: unknown key\n  did you mean lanes?",
    ]);
  });

  test("is told when its choice of an access is none", async () => {
    class Lost extends library.DeviceModel {
      constructor() {
        super("g", "gpu");
      }
      override nextAccess() {
        return undefined as unknown as null;
      }
    }
    const lost = new Lost();
    const scenario = { ...resolved, devices: [lost.toResolved()] };
    await expect(library.runScenario(scenario, program, { devices: [lost] })).rejects.toThrow(
      "nextAccess of g gives no access: give { page, isWrite }, or null for none now",
    );
  });
});

describe("a machine that explores", () => {
  test("does nothing before it has a world, and no step that is none", async () => {
    const fresh = await library.ExploreMachine.create();
    expect(await complaints(() => fresh.state())).toEqual([
      "ExploreMachine: there is no world yet\n  call boot(world) first",
    ]);
    fresh.boot(world);
    const loose = fresh as unknown as Record<string, Loose>;
    const methods = [
      "boot",
      "run",
      "take",
      "describe",
      "isEnabled",
      "isViolated",
      "path",
      "countRuns",
    ];
    for (const method of methods) {
      for (const wrong of [null, undefined, "x", {}]) {
        expect(await errorOf(() => loose[method]!(wrong))).toBeInstanceOf(InvalidArgument);
      }
    }
  });
});
