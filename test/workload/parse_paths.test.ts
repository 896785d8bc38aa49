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

describe("the fast path of the reader", () => {
  test.each(RECORDINGS)("agrees with the full parser on every line of %s", (path) => {
    const lines = linesOf(path).slice(1, -1);
    const differing = lines.filter((text, i) => {
      const event = fast(text, i + 2);
      return event !== null && JSON.stringify(event) !== JSON.stringify(slow(text, i + 2));
    });
    expect(differing).toEqual([]);
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
