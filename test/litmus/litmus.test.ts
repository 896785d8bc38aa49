/**
 * Every litmus file of this directory says what is so. Whoever wants a race, or the absence of one,
 * to stay as it is puts a file here: `tlbstorm explore … --litmus test/litmus/NAME.yaml`.
 */
import { readdirSync, readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { formatLitmus, readLitmus } from "../../src/explore/litmus.js";
import { checkLitmus } from "../../src/explore/litmus_check.js";
import { ExploreMachine } from "../../src/explore/machine.js";
import { SAFETY_IDS } from "../../src/explore/properties.js";

const directory = new URL("./", import.meta.url);
const files = readdirSync(directory).filter((name) => name.endsWith(".yaml"));
const textOf = (file: string) => readFileSync(new URL(file, directory), "utf8");

let machine: ExploreMachine;
beforeAll(async () => {
  machine = await ExploreMachine.create();
});

describe("a litmus file", () => {
  test.each(files)("%s has the result, the counts and the token that it claims", async (file) => {
    const check = await checkLitmus(readLitmus(textOf(file), file), machine);
    expect(check.differences).toEqual([]);
  });

  test.each(files)("%s is one that would be written today", async (file) => {
    const read = readLitmus(textOf(file), file);
    const { found } = await checkLitmus(read, machine);
    const claimed = Object.keys(read.litmus) as (keyof typeof found)[];
    const same = Object.fromEntries(claimed.map((key) => [key, found[key]]));
    expect(same).toEqual(read.litmus);
  });

  test("is kept for a violation of each property of a step, and for its absence", () => {
    const claims = files.map((file) => readLitmus(textOf(file), file).litmus);
    const kept = (wanted: string) =>
      new Set(claims.filter(({ result }) => result === wanted).map(({ exists }) => exists));
    expect(kept("Sometimes")).toEqual(new Set(SAFETY_IDS));
    expect(kept("Never")).toEqual(new Set(SAFETY_IDS));
  });
});

describe("a litmus file that does not say what is so", () => {
  const text = textOf("flush_at_end_of_munmap.yaml");
  const checked = (changed: string) => checkLitmus(readLitmus(changed, "changed.yaml"), machine);
  const what = async (from: string | RegExp, to: string) => {
    expect(text.replace(from, to)).not.toBe(text);
    const { differences, holds } = await checked(text.replace(from, to));
    expect(holds).toBe(differences.length === 0);
    return differences.map((difference) => difference.what);
  };

  test("is found by its result, and by each count", async () => {
    expect(await what("result: Sometimes", "result: Never")).toEqual(["result"]);
    expect(await what("steps: 8", "steps: 9")).toEqual(["steps"]);
    expect(await what(/violating: "\d+"/, 'violating: "1"')).toEqual(["violating"]);
    expect(await what(/all: "\d+"/, 'all: "1"')).toEqual(["all"]);
  });

  test("is found by a token that is damaged or of another property", async () => {
    const other = textOf("no_notification.yaml").replace(/[^]*token: (x1\.[\w-]+)[^]*/, "$1");
    expect(await what(/token: x1\.\w/, "token: x1.A")).toEqual(["token"]);
    expect(await what("exists: stale-read", "exists: stale-write")).toContain("token");
    expect(await what(/token: x1\.[\w-]+/, `token: ${other}`)).toEqual(["token"]);
  });

  test("claims another protocol's counts when the protocol is another", async () => {
    expect(await what("protocol: flush-at-end", "protocol: secondary-flush")).toEqual([
      "result",
      "steps",
      "violating",
      "all",
      "token",
    ]);
  });
});

describe("a litmus file by hand", () => {
  const least = `litmus: mine
result: Never
world: { protocol: secondary-flush, operation: munmap }
exists: stale-read
`;

  test("needs no counts, no token and no timeline", async () => {
    const check = await checkLitmus(readLitmus(least, "mine.yaml"), machine);
    expect(check).toMatchObject({ litmus: "mine", holds: true });
    expect(formatLitmus(check.found)).toMatch(/^# Result: Never\nlitmus: mine\n/);
  });

  test("can carry a protocol of its own", async () => {
    const own = "{ id: mine, reads: shared, secondaryFlush: [invalidate] }";
    const read = readLitmus(least.replace("secondary-flush", own), "mine.yaml");
    expect((await checkLitmus(read, machine)).holds).toBe(true);
  });

  test.each([
    ["operation: munmap", "operation: munmpa", "mine.yaml:3:48: world.operation"],
    ["secondary-flush", "secondary-flsh", "mine.yaml:3:20: world.protocol"],
    ["operation: munmap", "operation: munmap, devices: 9", "mine.yaml:3:65: world.devices"],
    ["operation: munmap", "operation: munmap, pags: 1", "mine.yaml:3:56: world.pags"],
    ["exists: stale-read", "exists: served", "mine.yaml:4:9: exists"],
  ])("is explained where it is wrong: %s as %s", (right, wrong, place) => {
    expect(() => readLitmus(least.replace(right, wrong), "mine.yaml")).toThrow(place);
  });

  test("is refused if its property says nothing about its operation", async () => {
    const read = readLitmus(least.replace("stale-read", "lost-write"), "mine.yaml");
    await expect(checkLitmus(read, machine)).rejects.toThrow("lost-write");
  });
});
