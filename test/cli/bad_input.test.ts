/** Whatever is wrong with what a person gives: one message, nothing printed, nothing left. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { tlbstorm } from "./run_cli.js";

const directory = mkdtempSync(join(tmpdir(), "tlbstorm-bad-"));
const RECORDING = new URL("../../recordings/micro/munmap_edge_1.jsonl.gz", import.meta.url);
const whole = readFileSync(RECORDING);
const lines = gunzipSync(whole).toString().split("\n");

const at = (name: string): string => join(directory, name);

function put(name: string, content: string | Uint8Array): string {
  writeFileSync(at(name), content);
  return at(name);
}

function scenario(name: string, ...more: string[]): string {
  return put(name, ["name: a scenario", ...more, ""].join("\n"));
}

/** A scenario that runs the recording of that name. */
function running(recording: string): string {
  const text = [`workload: { recording: ${at(recording)} }`, "devices: [{ name: g, kind: gpu }]"];
  return scenario(`${recording}.yaml`, "protocol: none", ...text);
}

const good = ["protocol: none", "workload: { operations: [{ kind: touch }] }"];

let before: string[] = [];

beforeAll(() => {
  put("cut.jsonl.gz", whole.subarray(0, whole.length >> 1));
  put("short.jsonl.gz", gzipSync(lines.slice(0, 20).join("\n")));
  put("corrupt.jsonl.gz", gzipSync(lines.with(20, '{"ev":"none"}').join("\n")));
  put("empty.jsonl.gz", "");
  put("empty.yaml", "");
  put("file", "");
  mkdirSync(at("directory"));
  for (const name of ["cut", "short", "corrupt", "empty"]) running(`${name}.jsonl.gz`);
  scenario("good.yaml", ...good);
  scenario("protocol.yaml", "protocol: secondry-flush");
  scenario("field.yaml", "protocol: none", "machine:", "  cores: 4", "  coers: 4");
  scenario("value.yaml", "protocol: none", "machine:", "  cores: four");
  scenario("pasid.yaml", "protocol: none", "devices: [{ name: g, kind: gpu, pasid: 0 }]");
  scenario("frames.yaml", "protocol: none", "machine: { frames: 64 }", bigTouch);
  scenario("credits.yaml", "protocol: none", credits);
  scenario("sets.yaml", "protocol: none", "iommu: { iotlb: { entries: 100, ways: 8 } }");
  scenario("syntax.yaml", "protocol: [none");
  put("sweep.yaml", "name: s\nscenario: nowhere.yaml\n");
  before = readdirSync(directory);
});

const bigTouch = "workload: { operations: [{ kind: touch, pages: 4096 }] }";
const credits = "devices: [{ name: g, kind: gpu, pri: { capacity: 4, allocation: 8 } }]";

afterAll(() => {
  rmSync(directory, { recursive: true });
});

/** Places, problems and hints, as they stand in the first lines of standard error. */
const CASES: readonly [because: string, args: string[], message: RegExp][] = [
  ["a scenario is missing", ["run", "nowhere.yaml"], /nowhere\.yaml: cannot be read: there is no/],
  [
    "a recording is missing",
    ["replay", "nowhere"],
    /nowhere: there is no such recording.*\n {2}see/,
  ],
  [
    "a recording is cut short in the middle of its compression",
    ["run", "cut.jsonl.gz.yaml"],
    /cut\.jsonl\.gz:\d+: the compressed data is damaged or cut short.*\n {2}Try/,
  ],
  [
    "a recording is cut short between two lines",
    ["run", "short.jsonl.gz.yaml"],
    /short\.jsonl\.gz:21: the recording ends without its trailer\n {2}The file was cut short/,
  ],
  [
    "a recording is cut short and replayed",
    ["replay", "--check", "cut.jsonl.gz"],
    /cut\.jsonl\.gz:\d+: the compressed data is damaged or cut short/,
  ],
  [
    "a line of a recording is corrupt",
    ["run", "corrupt.jsonl.gz.yaml"],
    /corrupt\.jsonl\.gz:21: "none" is not an event of recording format 1\n {2}Known events/,
  ],
  [
    "a recording is empty",
    ["replay", "--check", "empty.jsonl.gz"],
    /empty\.jsonl\.gz: the file is empty\n {2}The file was cut short/,
  ],
  [
    "a recording is a directory",
    ["replay", "--check", "directory"],
    /directory: this is a directory\n {2}name one of the recordings/,
  ],
  [
    "the protocol is unknown",
    ["run", "protocol.yaml"],
    /protocol\.yaml:2:11: protocol: "secondry-flush" is not known here\n {2}did you mean secondary/,
  ],
  [
    "the protocol of the command line is unknown",
    ["run", "good.yaml", "--protocol", "nono"],
    /'--protocol <id>' argument 'nono' is invalid\. No such protocol\. Did you mean none\?/,
  ],
  [
    "a field of a scenario is unknown",
    ["run", "field.yaml"],
    /field\.yaml:5:3: machine\.coers: unknown key\n {2}did you mean cores\?/,
  ],
  [
    "a field of a scenario has a wrong value",
    ["describe", "value.yaml"],
    /value\.yaml:4:10: machine\.cores: expected a number, found "four"/,
  ],
  [
    "a device has no PASID",
    ["run", "pasid.yaml"],
    /pasid\.yaml:3:40: devices\[0\]\.pasid: a device without PASID cannot.*\n {2}PASID 0 means/,
  ],
  [
    "the memory is too small for the workload",
    ["run", "frames.yaml"],
    /frames\.yaml:3:\d+: machine\.frames: the workload needs up to \d+ frames.*\n {2}raise/,
  ],
  [
    "a device may ask more than it has room for",
    ["run", "credits.yaml"],
    /credits\.yaml:3:\d+: devices\[0\]\.pri\.allocation: allows 8 .*can have 4\n {2}lower/,
  ],
  [
    "a cache has no whole number of sets",
    ["run", "sets.yaml"],
    /sets\.yaml:3:\d+: iommu\.iotlb\.entries: 100 entries do not divide into sets of 8\n {2}make/,
  ],
  [
    "a scenario is empty",
    ["run", "empty.yaml"],
    /empty\.yaml:1:1: the file is empty\n {2}a scenario/,
  ],
  ["a scenario is no YAML", ["run", "syntax.yaml"], /syntax\.yaml:\d+:\d+: Flow sequence/],
  [
    "a scenario is a directory",
    ["run", "directory"],
    /directory: cannot be read: it is a directory/,
  ],
  [
    "a scenario is a recording",
    ["run", "cut.jsonl.gz"],
    /cut\.jsonl\.gz:1:1: this is not a text\n {2}.*workload\.recording/,
  ],
  [
    "the scenario of a sweep is missing",
    ["sweep", "sweep.yaml", "--out", "results"],
    /^sweep\.yaml:2:11: scenario: nowhere\.yaml: cannot be read: there is no.*\n {2}.*of sweep\.yaml/,
  ],
  [
    "devices are attached to what is compared",
    ["replay", "--check", "git_gc", "--scenario", "good.yaml"],
    /--scenario: a recording is compared without devices\n {2}leave out --check/,
  ],
  ["shards are looked for in a file", ["merge", "file"], /file: is not a directory\n {2}name/],
  ["a command is unknown", ["rnu", "good.yaml"], /unknown command 'rnu'\n\(Did you mean run\?\)/],
  ["an option is unknown", ["run", "good.yaml", "--sede", "1"], /'--sede'\n\(Did you mean --seed/],
  ["an option has a wrong value", ["run", "good.yaml", "--seed", "-1"], /unsigned 64-bit number/],
  [
    "a limit is neither a number nor unlimited",
    ["explore", "--retry-limit", "7"],
    /Expected a whole number from 1 to 6, or unlimited\./,
  ],
  [
    "an operation is unknown",
    ["explore", "--operation", "unmap"],
    /No such operation\. Did you mean munmap\? Known are munmap, munmap_late, .* list operations/,
  ],
  [
    "there are no shards to choose from",
    ["sweep", "sweep.yaml", "--shard", "0/0"],
    /Write I\/N with N from 1 to 999999 and I from 0 to N - 1/,
  ],
  ["a token is cut off", ["token", "r1.eyJ"], /token: this is not a token of a run\n {2}copy it/],
  ["a token is none", ["token", "hello"], /token: this is not a token\n {2}tokens begin with/],
  [
    "the place of a schema is a directory",
    ["schema", "--out", "directory"],
    /directory: cannot be written: it is a directory/,
  ],
  [
    "the place of a schema lies below a file",
    ["schema", "--out", "file/schema.json"],
    /file\/schema\.json: cannot be written: a part of the path is not a directory/,
  ],
  [
    "the place of a report is not there",
    ["study", "--report", "nowhere/report.html"],
    /nowhere\/report\.html: cannot be written: there is no such/,
  ],
  [
    "the place of results is a file",
    ["run", "good.yaml", "--out", "file"],
    /file: cannot be written: a part of the path is not a directory/,
  ],
  [
    "the place of results takes no files",
    ["run", "good.yaml", "--out", "/proc/results"],
    /\/proc\/results: cannot be (?:made|written)/,
  ],
  [
    "the place of a recording is not there",
    ["record", "--out", "nowhere/x.jsonl.gz", "--", "true"],
    /nowhere\/x\.jsonl\.gz: cannot be written: there is no such/,
  ],
];

describe("bad input", () => {
  test.each(CASES)("ends with one message and 2 when %s", (_because, args, message) => {
    const { exitCode, stdout, stderr } = tlbstorm(args, "", directory);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/defect of tlbstorm|\n {4}at /);
    expect(stderr.trimEnd().split("\n").length).toBeLessThanOrEqual(3);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(readdirSync(directory)).toEqual(before);
  });

  test("names a token of a run in which a letter was changed", () => {
    const args = ["run", at("good.yaml"), "--json"];
    const { token } = JSON.parse(tlbstorm(args).stdout) as { token: string };
    const letter = token[20] === "A" ? "B" : "A";
    const tampered = `${token.slice(0, 20)}${letter}${token.slice(21)}`;
    expect(tlbstorm(["token", tampered])).toEqual({
      exitCode: 2,
      stdout: "",
      stderr:
        "error: token: the token is damaged: its checksum does not fit\n" +
        "  copy it whole, from r1. to the end of the line\n",
    });
  });

  test("names a token of an exploration in which a letter was changed", () => {
    const args = ["explore", "--protocol", "none", "--operation", "munmap", "--json"];
    const found = /"token": "([^"]+)"/.exec(tlbstorm(args).stdout)?.[1] ?? "";
    const last = found.endsWith("0") ? "1" : "0";
    expect(tlbstorm(["token", `${found.slice(0, -1)}${last}`])).toMatchObject({
      exitCode: 2,
      stdout: "",
      stderr: expect.stringMatching(/^error: token: .+\n {2}.+\n$/) as string,
    });
  });

  test("shows every mistake of a scenario at once, in the order of the file", () => {
    const path = scenario("three.yaml", "protocol: nono", "era: 6.18", "machine: { cors: 1 }");
    const { stderr } = tlbstorm(["run", path]);
    rmSync(path);
    expect(stderr.match(/three\.yaml:\d+/g)?.map((place) => place.split(":")[1])).toEqual([
      "2",
      "3",
      "4",
    ]);
  });
});
