import { fc, test as propertyTest } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import type { RecordedEvent } from "../../src/workload/events.js";
import { ascii, LineScanner } from "../../src/workload/line_scanner.js";
import { parseEvent, parseLine } from "../../src/workload/parse_event.js";
import { parseFast } from "../../src/workload/parse_fast.js";
import { linesOf, RECORDINGS } from "./repository_recordings.js";

function fast(text: string, line: number): RecordedEvent | null {
  const scanner = new LineScanner();
  scanner.bytes = ascii(text);
  return parseFast(scanner, text.length, line);
}

function slow(text: string, line: number): RecordedEvent {
  const { ev, fields } = parseLine(text, "test", line);
  return parseEvent(ev, fields);
}

/** One line of each kind that the fast path takes. */
const TYPICAL = [
  '{"t":7,"p":1,"tid":1,"mm":1,"cpu":0,"ev":"fault","addr":"0x7ffff7fe4b70","err":20,"k":0}',
  '{"t":7,"p":1,"tid":1,"mm":1,"cpu":0,"ev":"tlb","reason":"local_mm","pages":-1}',
  '{"t":7,"p":1,"tid":1,"mm":1,"cpu":0,"ev":"inval","start":"0x7ffff7d55000","end":"0x7ffff7d56000"}',
  '{"t":7,"p":1,"tid":1,"mm":1,"cpu":0,"ev":"enter","call":"mmap","a":{"addr":"0x0","len":4096,"prot":3,"flags":50,"fd":-1,"off":0}}',
  '{"t":7,"p":1,"tid":1,"mm":1,"cpu":0,"ev":"exit","call":"brk","ret":"0x555555905000"}',
];

/** Letters that matter to JSON, put in place of some others. */
const CHANGE = fc.record({
  removed: fc.nat({ max: 3 }),
  text: fc.string({ unit: fc.constantFrom(...Array.from('{}[]":,-.0x19aefE ')), maxLength: 3 }),
});

describe("the fast path of the reader", () => {
  test.each(RECORDINGS)("agrees with the full parser on every line of %s", (path) => {
    const lines = linesOf(path).slice(1, -1);
    const differing = lines.filter((text, i) => {
      const event = fast(text, i + 2);
      return event !== null && JSON.stringify(event) !== JSON.stringify(slow(text, i + 2));
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
    const event = fast(changed, 2);
    if (event !== null) expect(event).toEqual(slow(changed, 2));
  });

  test("takes nearly all lines of a real program", () => {
    const lines = linesOf("real/node_gc.jsonl.gz");
    const taken = lines.filter((text) => fast(text, 1) !== null);
    expect(taken.length / lines.length).toBeGreaterThan(0.99);
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
    [
      "more after its end",
      '{"t":7,"p":1,"tid":1,"mm":1,"cpu":0,"ev":"exit","call":"munmap","ret":0}}',
    ],
    ["a line cut off", '{"t":7,"p":1,"tid":1,"mm":1,"cpu":0,"ev":"exit","call":"munmap","re'],
  ])("leaves a line with %s to the full parser", (_, text) => {
    expect(fast(text, 2)).toBeNull();
  });
});
