import { fc, test as propertyTest } from "@fast-check/vitest";
import { beforeAll, describe, expect, test } from "vitest";
import { EventEncoder } from "../../src/workload/encode.js";
import { LineCore } from "../../src/workload/line_core.js";
import { type ByteSource, readRecording, RecordingError } from "../../src/workload/recording.js";
import { parseEvent, parseLine } from "../../src/workload/parse_event.js";
import { bytesOf, linesOf, RECORDINGS } from "./repository_recordings.js";

let core: LineCore;

beforeAll(async () => {
  core = await LineCore.create();
});

/** The record of a line as the core reads it, in hexadecimal; null: it leaves it to the host. */
function fast(text: string, line: number): string | null {
  core.open(bytesOf(text));
  const { records } = core.read(0, line - 1, 0);
  return records.length === 0 ? null : hex(records);
}

/** The record of a line by the full parser. */
function slow(text: string, line: number): string {
  const { ev, fields } = parseLine(text, "test", line);
  const encoder = new EventEncoder();
  encoder.add(parseEvent(ev, fields));
  return hex(encoder.take());
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

/** How many events of each kind a recording has, or why it is refused. */
async function outcome(source: ByteSource, by: LineCore | null): Promise<unknown> {
  try {
    const reader = await readRecording(source, { file: "test" });
    for await (const part of reader.parts(by)) expect(part.length).toBeGreaterThan(0);
    return reader.trailer;
  } catch (error) {
    if (error instanceof RecordingError) return error.message;
    throw error;
  }
}

async function* chunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array, void> {
  for (let at = 0; at < bytes.length; at += size) {
    yield await Promise.resolve(bytes.subarray(at, at + size));
  }
}

/** One line of each kind that the core takes. */
const TYPICAL = [
  '{"t":7,"p":1,"tid":1,"mm":1,"cpu":0,"ev":"fault","addr":"0x7ffff7fe4b70","err":20,"k":0}',
  '{"t":7,"p":1,"tid":1,"mm":1,"cpu":0,"ev":"tlb","reason":"local_mm","pages":-1}',
  '{"t":7,"p":1,"tid":1,"mm":1,"cpu":0,"ev":"inval","start":"0x7ffff7d55000","end":"0x7ffff7d56000"}',
  '{"t":7,"p":1,"tid":1,"mm":1,"cpu":0,"ev":"enter","call":"mmap","a":{"addr":"0x0","len":4096,"prot":3,"flags":50,"fd":-1,"off":0}}',
  '{"t":7,"p":1,"tid":1,"mm":1,"cpu":0,"ev":"exit","call":"brk","ret":"0x555555905000"}',
];

const TASK = '{"t":7,"p":1,"tid":1,"mm":1,"cpu":0,"ev":';

/** Letters that matter to JSON, put in place of some others. */
const CHANGE = fc.record({
  removed: fc.nat({ max: 3 }),
  text: fc.string({ unit: fc.constantFrom(...Array.from('{}[]":,-.0x19aefE ')), maxLength: 3 }),
});

describe("the core as a reader of lines", () => {
  test.each(RECORDINGS)("agrees with the full parser on every line of %s", (path) => {
    const lines = linesOf(path).slice(1, -1);
    const differing = lines.filter((text, i) => {
      const record = fast(text, i + 2);
      return record !== null && record !== slow(text, i + 2);
    });
    expect(differing).toEqual([]);
  });

  propertyTest.prop(
    [
      fc.constantFrom(...TYPICAL),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      CHANGE,
    ],
    { numRuns: 2000 },
  )("agrees with the full parser on lines that are changed at random", (text, place, change) => {
    const at = Math.floor(place * text.length);
    const changed = text.slice(0, at) + change.text + text.slice(at + change.removed);
    const record = fast(changed, 2);
    if (record !== null) expect(record).toBe(slow(changed, 2));
  });

  propertyTest.prop(
    [fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), CHANGE, fc.constantFrom(7, 99)],
    { numRuns: 300 },
  )("says of a damaged recording what the full parser says", async (place, change, chunkBytes) => {
    const text = linesOf("micro/brk_1.jsonl.gz").join("\n");
    const at = Math.floor(place * text.length);
    const changed = text.slice(0, at) + change.text + text.slice(at + change.removed);
    const bytes = new TextEncoder().encode(`${changed}\n`);
    expect(await outcome(chunks(bytes, chunkBytes), core)).toEqual(await outcome(bytes, null));
  });

  test("takes nearly all lines of a real program", () => {
    const lines = linesOf("real/node_gc.jsonl.gz");
    const taken = lines.filter((text) => fast(text, 1) !== null);
    expect(taken.length / lines.length).toBeGreaterThan(0.99);
  });

  test("leaves a line that is earlier than the one before it to the full parser", () => {
    const [line = ""] = TYPICAL;
    core.open(bytesOf(line));
    expect(core.read(0, 1, 7).records).not.toHaveLength(0);
    expect(core.read(0, 1, 8).records).toHaveLength(0);
  });

  test("takes a line that ends as on Windows", () => {
    expect(TYPICAL.map((text) => fast(`${text}\r`, 2))).toEqual(
      TYPICAL.map((text) => slow(text, 2)),
    );
  });

  test("reads on behind a line that it left, and stops before one that is not whole", () => {
    const [line = ""] = TYPICAL;
    const text = bytesOf(line, "something else", line, line.slice(0, -3)).slice(0, -1);
    core.open(text);
    const first = core.read(0, 1, 0);
    expect(first).toMatchObject({ position: line.length + 1, line: 2, time: 7 });
    const second = core.read(first.position + "something else\n".length, 3, 7);
    expect(second.line).toBe(4);
    expect(second.position).toBe(text.length - line.length + 3);
    expect(core.read(second.position, 4, 7).records).toHaveLength(0);
  });

  test.each([
    [
      "a field out of order",
      '{"p":1,"t":7,"tid":1,"mm":1,"cpu":0,"ev":"fault","addr":"0x1","err":4,"k":0}',
    ],
    [
      "a leading zero",
      '{"t":07,"p":1,"tid":1,"mm":1,"cpu":0,"ev":"fault","addr":"0x1","err":4,"k":0}',
    ],
    [
      "a fraction",
      '{"t":7.5,"p":1,"tid":1,"mm":1,"cpu":0,"ev":"fault","addr":"0x1","err":4,"k":0}',
    ],
    [
      "task number 0",
      '{"t":7,"p":1,"tid":0,"mm":1,"cpu":0,"ev":"fault","addr":"0x1","err":4,"k":0}',
    ],
    [
      "2^64-1",
      '{"t":7,"p":1,"tid":1,"mm":1,"cpu":0,"ev":"inval","start":"0x0","end":"0xffffffffffffffff"}',
    ],
    ["no address", '{"t":7,"p":1,"tid":1,"mm":1,"cpu":0,"ev":"fault","addr":"0x","err":4,"k":0}'],
    [
      "an empty range",
      '{"t":7,"p":1,"tid":1,"mm":1,"cpu":0,"ev":"inval","start":"0x1000","end":"0x1000"}',
    ],
    [
      "an unknown reason",
      '{"t":7,"p":1,"tid":1,"mm":1,"cpu":0,"ev":"tlb","reason":"whim","pages":1}',
    ],
    [
      "an argument out of order",
      '{"t":7,"p":1,"tid":1,"mm":1,"cpu":0,"ev":"enter","call":"munmap","a":{"len":1,"addr":"0x0"}}',
    ],
    [
      "a comma too many",
      '{"t":7,"p":1,"tid":1,"mm":1,"cpu":0,"ev":"enter","call":"munmap","a":{"addr":"0x0",,"len":1}}',
    ],
    [
      "no comma",
      '{"t":7,"p":1,"tid":1,"mm":1,"cpu":0,"ev":"enter","call":"munmap","a":{"addr":"0x0""len":1}}',
    ],
    ["bounds that are no page's", `${TASK}"inval","start":"0x800","end":"0x1000"}`],
    ["an error code that x86 has not", `${TASK}"fault","addr":"0x1","err":256,"k":0}`],
    ["a task switch that flushes pages", `${TASK}"tlb","reason":"task_switch","pages":1}`],
    ["fewer pages than everything", `${TASK}"tlb","reason":"local_mm","pages":-2}`],
    ["a missing argument", `${TASK}"enter","call":"munmap","a":{"addr":"0x0"}}`],
    ["an address that is no text", `${TASK}"enter","call":"brk","a":{"addr":4096}}`],
    ["an address as result that is none", `${TASK}"exit","call":"brk","ret":4096}`],
    [
      "a result that is an address and should be none",
      `${TASK}"exit","call":"munmap","ret":"0x0"}`,
    ],
    ["a result below all errors", `${TASK}"exit","call":"munmap","ret":-4096}`],
    [
      "more after its end",
      '{"t":7,"p":1,"tid":1,"mm":1,"cpu":0,"ev":"exit","call":"munmap","ret":0}}',
    ],
    ["a line cut off", '{"t":7,"p":1,"tid":1,"mm":1,"cpu":0,"ev":"exit","call":"munmap","re'],
  ])("leaves a line with %s to the full parser", (_, text) => {
    expect(fast(text, 2)).toBeNull();
  });
});
