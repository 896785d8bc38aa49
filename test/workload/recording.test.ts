import { createReadStream } from "node:fs";
import { describe, expect, test } from "vitest";
import { ADDRESS_MAX, RecordingError } from "../../src/workload/recording.js";
import {
  bytesOf,
  compressedBytes,
  linesOf,
  openRecording,
  plainBytes,
  readAll,
  RECORDINGS,
} from "./repository_recordings.js";

const HEADER =
  '{"ev":"header","format":1,"name":"two_faults","program":["touch","n=2"],"kernel":"6.18","machine":"x86_64","cpus":2,"page":4096,"pmd":2097152,"flush_ceiling":33}';
const FAULT =
  '{"t":7,"p":1,"tid":1,"mm":1,"cpu":0,"ev":"fault","addr":"0x7ffff7fe4b70","err":20,"k":0}';
const LATER = FAULT.replace('"t":7', '"t":9');
const TRAILER = '{"ev":"end_of_trace","events":{"fault":2},"lost":0,"dropped":{}}';
const UNCOUNTED = TRAILER.replace('"fault":2', "");
const WHOLE = [HEADER, FAULT, LATER, TRAILER];

/** Snapshots that /proc cannot have shown, with what is said of them. */
function snapshotDamage(): [problem: string, event: string][] {
  const vma = (start: string, end: string, more = ""): string =>
    `{"start":"${start}","end":"${end}","perm":"rw-p"${more}}`;
  const snap = (vmas: string, pages: string): string =>
    `"ev":"snap","vmas":[${vmas}],"pages":[${pages}]`;
  const low = vma("0x1000", "0x3000");
  const high = vma("0x5000", "0x6000");
  return [
    ["the vma at 0x1000 begins before", snap(`${high},${low}`, "")],
    ["the vma at 0x2000 begins before", snap(`${low},${vma("0x2000", "0x4000")}`, "")],
    ['"end" of a vma of the snapshot is "0x1001", not', snap(vma("0x1000", "0x1001"), "")],
    ["the offset 7 of a vma", snap(vma("0x1000", "0x2000", ',"file":1,"off":7'), "")],
    ["a page at 0x3000, but no vma there", snap(`${low},${high}`, '["0x2000",4,"P"]')],
    ["a page at 0x0, but no vma there", snap(low, '["0x0",1,"P"]')],
    ["the pages at 0x1000 begin before", snap(low, '["0x2000",1,"P"],["0x1000",1,"P"]')],
    ["the pages at 0x2000 begin before", snap(low, '["0x1000",2,"P"],["0x2000",1,"P"]')],
    ['"count" of a page run is -1, not', snap(low, '["0x1000",-1,"P"]')],
    ['the page flags "PS" are of no page', snap(low, '["0x1000",1,"PS"]')],
    ['the page flags "PxP" are of no page', snap(low, '["0x1000",1,"PxP"]')],
    ['the page flags "x" are of no page', snap(low, '["0x1000",1,"x"]')],
  ];
}

function latin1(...lines: readonly string[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(Buffer.from(lines.join("\n"), "latin1"));
}

async function refusal(bytes: Uint8Array): Promise<RecordingError> {
  try {
    await readAll(bytes);
  } catch (error) {
    if (error instanceof RecordingError) return error;
    throw error;
  }
  throw new Error("the recording was accepted");
}

describe("a recording of this repository", () => {
  test.each(RECORDINGS)("%s is read to its trailer without a warning", async (path) => {
    const reader = await openRecording(path);
    let events = 0;
    for await (const part of reader.parts(null)) events += part.length;
    const counted = Object.values(reader.trailer?.events ?? {}).reduce((sum, n) => sum + n, 0);
    expect(events).toBe(counted);
    expect(reader.warnings).toEqual([]);
  });
});

describe("the reader of recordings", () => {
  test("gives the header before any event is read", async () => {
    const reader = await openRecording("micro/brk_1.jsonl.gz");
    expect(reader.header).toMatchObject({
      name: "brk_1",
      cpus: 2,
      thp: "madvise",
      flush_ceiling: 33,
      window: [0x10000000000, 0x10100000000],
    });
    expect(reader.trailer).toBeNull();
  });

  test("gives each event the number of its line", async () => {
    const { events } = await readAll(bytesOf(...WHOLE));
    expect(events.map((event) => event.line)).toEqual([2, 3]);
  });

  test("reads every field of an event", async () => {
    const { events } = await readAll(bytesOf(...WHOLE));
    expect(events[0]).toEqual({
      ev: "fault",
      line: 2,
      t: 7,
      p: 1,
      tid: 1,
      mm: 1,
      cpu: 0,
      kthread: null,
      addr: 0x7ffff7fe4b70,
      err: 20,
      k: 0,
    });
  });

  test("names the kernel thread in place of a task", async () => {
    const { events } = await readAll(compressedBytes("micro/thp_khugepaged_1.jsonl.gz"));
    expect(events.find((event) => event.kthread !== null)).toMatchObject({
      kthread: "khugepaged",
      p: 0,
      tid: 0,
      mm: 0,
    });
  });

  test("reads an invalidation of everything as one that ends at 2^64", async () => {
    const { events } = await readAll(compressedBytes("micro/clear_refs_1.jsonl.gz"));
    const invals = events.filter((event) => event.ev === "inval");
    expect(invals).toContainEqual(expect.objectContaining({ start: 0, end: ADDRESS_MAX }));
  });

  test("keeps the page of an address above 2^53", async () => {
    const high = FAULT.replace("0x7ffff7fe4b70", "0xffffffffff600fff");
    const { events } = await readAll(bytesOf(HEADER, high, LATER, TRAILER));
    expect(events[0]).toMatchObject({ addr: 0xffffffffff600000 + 2048 });
  });

  test("reads plain and compressed files alike", async () => {
    const plain = await readAll(plainBytes("micro/file_two_1.jsonl.gz"));
    const compressed = await readAll(compressedBytes("micro/file_two_1.jsonl.gz"));
    expect(plain.events).toEqual(compressed.events);
  });

  test("reads a file from disk as it arrives", async () => {
    const url = new URL("../../recordings/micro/file_two_1.jsonl.gz", import.meta.url);
    const streamed = await readAll(createReadStream(url, { highWaterMark: 100 }));
    const whole = await readAll(compressedBytes("micro/file_two_1.jsonl.gz"));
    expect(streamed.events).toEqual(whole.events);
  });

  test("reads a web stream, as a browser's fetch gives it", async () => {
    const bytes = compressedBytes("micro/file_two_1.jsonl.gz");
    const streamed = await readAll(new Blob([bytes]).stream());
    expect(streamed.events).toEqual((await readAll(bytes)).events);
  });

  test("accepts a last line without newline when it is the trailer", async () => {
    const bytes = bytesOf(...WHOLE).slice(0, -1);
    expect((await readAll(bytes)).events).toHaveLength(2);
  });

  test("reads lines that end as on Windows", async () => {
    const lines = linesOf("micro/brk_1.jsonl.gz").map((line) => `${line}\r`);
    const { events } = await readAll(bytesOf(...lines));
    expect(events).toEqual((await readAll(plainBytes("micro/brk_1.jsonl.gz"))).events);
  });

  test("keeps a call that it does not know", async () => {
    const enter =
      '{"t":8,"p":1,"tid":1,"mm":1,"cpu":0,"ev":"enter","call":"frobnicate","a":{"where":"0x10","n":3}}';
    const trailer = TRAILER.replace('"fault":2', '"fault":1,"enter":1');
    const { events } = await readAll(bytesOf(HEADER, FAULT, enter, trailer));
    expect(events[1]).toMatchObject({ ev: "enter", call: "frobnicate", a: { where: 16, n: 3 } });
  });

  test("ignores a field that format 1 does not have", async () => {
    const wider = FAULT.replace('"k":0', '"k":0,"ip":"0x1"');
    const { events } = await readAll(bytesOf(HEADER, wider, LATER, TRAILER));
    expect(events[0]).not.toHaveProperty("ip");
  });

  test("lets go of its source when the events are not read to the end", async () => {
    let isOpen = true;
    async function* source(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield await Promise.resolve(bytesOf(HEADER, FAULT));
      } finally {
        isOpen = false;
      }
    }
    await expect(readAll(source())).rejects.toThrow(RecordingError);
    expect(isOpen).toBe(false);
  });
});

describe("a recording from another machine", () => {
  test.each([
    ["kernel", '"kernel":"6.18"', '"kernel":"6.12.3"', "6.18"],
    ["machine", '"machine":"x86_64"', '"machine":"aarch64"', "x86_64"],
    ["page", '"page":4096', '"page":16384', "4096"],
    ["flush_ceiling", '"flush_ceiling":33', '"flush_ceiling":1', "33"],
  ])("is read with a warning that its %s differs", async (name, was, is, modelled) => {
    const { reader } = await readAll(bytesOf(HEADER.replace(was, is), FAULT, LATER, TRAILER));
    expect(reader.warnings).toHaveLength(1);
    expect(reader.warnings[0]).toContain(`${name} of the recording is`);
    expect(reader.warnings[0]).toContain(modelled);
  });

  test("of the same kernel series has no warning", async () => {
    const patched = HEADER.replace('"kernel":"6.18"', '"kernel":"6.18.44-generic"');
    const { reader } = await readAll(bytesOf(patched, FAULT, LATER, TRAILER));
    expect(reader.warnings).toEqual([]);
  });
});

describe("an unusable recording", () => {
  const gzip = compressedBytes("micro/brk_1.jsonl.gz");
  const brk = linesOf("micro/brk_1.jsonl.gz");
  const flipped = Uint8Array.from(gzip, (byte, i) => (i === gzip.length - 6 ? byte ^ 1 : byte));
  const enter = brk.find((line) => line.includes('"enter"')) ?? "";

  test.each<[problem: string, bytes: Uint8Array, line: number | null]>([
    ["the file is empty", new Uint8Array(0), null],
    ["the compressed data is damaged or cut short", gzip.subarray(0, -1), brk.length + 1],
    ["the compressed data is damaged or cut short", gzip.subarray(0, 2), 1],
    ["bytes follow the compressed data", Uint8Array.from([...gzip, 0, 0, 0]), brk.length + 1],
    ["the first line is not the header", Uint8Array.from([0x7f, 0x45, 0x4c, 0x46]), 1],
    ["the first line is not the header", bytesOf(FAULT, LATER, TRAILER), 1],
    ["the first line is not the header", bytesOf("", ...WHOLE), 1],
    ["begins with a byte order mark", bytesOf(`\ufeff${HEADER}`, FAULT, LATER, TRAILER), 1],
    ["the line is not a JSON object", bytesOf(HEADER, `\ufeff${FAULT}`, LATER, TRAILER), 2],
    ["the line is not a JSON object", bytesOf(HEADER, FAULT + LATER, TRAILER), 2],
    ["the line is not a JSON object", bytesOf(HEADER, `\0${FAULT}`, LATER, TRAILER), 2],
    ["the line is not UTF-8", latin1(HEADER, FAULT.replace("fault", "fa\xfflt"), TRAILER), 2],
    ["the line is not a JSON object", bytesOf(HEADER, "nonsense", TRAILER), 2],
    ["the line is not a JSON object", bytesOf(HEADER, FAULT, "", LATER, TRAILER), 3],
    ["the line is not a JSON object", bytesOf(HEADER, "[1,2]", TRAILER), 2],
    ["a second header", bytesOf(HEADER, HEADER, FAULT, LATER, TRAILER), 2],
    ["the recording ends without its trailer", bytesOf(HEADER, FAULT, LATER), 4],
    ["the last line is cut off", bytesOf(...WHOLE).slice(0, -10), 4],
    ["something follows the trailer", bytesOf(...WHOLE, ""), 5],
    ["something follows the trailer", bytesOf(...WHOLE, FAULT), 5],
    ["the time 7 is before that of the line above, 9", bytesOf(HEADER, LATER, FAULT, TRAILER), 3],
    ['counts 2 events "fault", the file has 1', bytesOf(HEADER, FAULT, TRAILER), 3],
    ['counts 0 events "fault", the file has 2', bytesOf(HEADER, FAULT, LATER, UNCOUNTED), 4],
  ])("is refused: %s", async (problem, bytes, line) => {
    const error = await refusal(bytes);
    expect(error.problem).toContain(problem);
    expect(error.line).toBe(line);
    expect(error.hint).not.toBe("");
  });

  test.each<[problem: string, was: string, is: string]>([
    ['"fautl" is not an event', '"ev":"fault"', '"ev":"fautl"'],
    ['the field "ev" of the line is missing', '"ev":"fault"', '"what":"fault"'],
    ['the field "addr" of the fault is missing', '"addr":"0x7ffff7fe4b70",', ""],
    ['the field "addr" of the fault is 12, not a hex', '"0x7ffff7fe4b70"', "12"],
    ['the field "addr" of the fault is "0xg", not a hex', "0x7ffff7fe4b70", "0xg"],
    ['the field "err" of the fault is "20", not an integer', '"err":20', '"err":"20"'],
    ['the field "err" of the fault is -1, not in [0,', '"err":20', '"err":-1'],
    ['the field "k" of the fault is 2, not in [0, 2)', '"k":0', '"k":2'],
    ['the field "t" of the fault is 7.5, not an integer', '"t":7', '"t":7.5'],
    ['the field "p" of the fault is missing', '"p":1,', ""],
    ['the field "tid" of the fault is 0, not in [1,', '"tid":1', '"tid":0'],
    ['the field "mm" of the fault is null, not an integer', '"mm":1', '"mm":null'],
  ])("is refused where it says so: %s", async (problem, was, is) => {
    const error = await refusal(bytesOf(HEADER, FAULT.replace(was, is), LATER, TRAILER));
    expect(error.problem).toContain(problem);
    expect(error.line).toBe(2);
    expect(error.message).toContain("test.jsonl:2: ");
  });

  test.each<[problem: string, event: string]>([
    ['"reason" of the tlb is "whim", not one of', '"ev":"tlb","reason":"whim","pages":1'],
    ['"start" of the inval is not below', '"ev":"inval","start":"0x2000","end":"0x2000"'],
    ['the field "a" of the enter is missing', '"ev":"enter","call":"brk"'],
    ['the field "addr" of the enter of brk is true', '"ev":"enter","call":"brk","a":{"addr":true}'],
    ['the field "len" of the enter of munmap', '"ev":"enter","call":"munmap","a":{"addr":"0x0"}'],
    ['"addr" of the enter of brk is 4096, not', '"ev":"enter","call":"brk","a":{"addr":4096}'],
    ['the field "ret" of the exit is 4096, not', '"ev":"exit","call":"mmap","ret":4096'],
    ['the field "ret" of the exit is "0x0", not', '"ev":"exit","call":"munmap","ret":"0x0"'],
    ['the field "ret" of the exit is -4096, not', '"ev":"exit","call":"munmap","ret":-4096'],
    ['"start" of the inval is "0x1800", not a mul', '"ev":"inval","start":"0x1800","end":"0x2000"'],
    ['"err" of the fault is 256, which is no', '"ev":"fault","addr":"0x0","err":256,"k":0'],
    ['"pages" of the tlb is 1, which a flush for', '"ev":"tlb","reason":"task_switch","pages":1'],
    ['"pages" of the tlb is -2, not in', '"ev":"tlb","reason":"local_mm","pages":-2'],
    [
      '"kind" of the file is "nfs", not one of',
      '"ev":"file","fd":3,"kind":"nfs","len":1,"filled":0',
    ],
    [
      '"filled" of the file, 2, is above its "len"',
      '"ev":"file","fd":3,"kind":"ext4","len":1,"filled":2',
    ],
    ['"sig" of the signal is "SEGVV", not one of', '"ev":"signal","addr":"0x0","sig":"SEGVV"'],
    ['"what" of the ksm is "merge", not one of', '"ev":"ksm","what":"merge","err":0'],
    [
      '"status" of the thp is "fine", not one of',
      '"ev":"thp","what":"collapse_huge_page","status":"fine"',
    ],
    ['"order" of the mig_set is 19, not in', '"ev":"mig_set","addr":"0x0","order":19'],
    ['the fault has both "kthread" and "p"', '"kthread":"ksmd","p":1,"ev":"fault"'],
    ['the field "ret" of the exit is missing', '"ev":"exit","call":"brk"'],
    ['the field "byte" of the op is missing', '"ev":"op","op":"write","addr":"0x0","n":1,"step":1'],
    [
      'the permissions "rw" are not',
      '"ev":"snap","pages":[],"vmas":[{"start":"0x0","end":"0x1000","perm":"rw"}]',
    ],
    ...snapshotDamage(),
    ['the page flags "PQ" are not', '"ev":"snap","vmas":[],"pages":[["0x0",1,"PQ"]]'],
    ["a page run of the snapshot is not", '"ev":"snap","vmas":[],"pages":[["0x0",1]]'],
    ['the field "p" of the enter is missing', '"kthread":"ksmd","ev":"enter","call":"brk","a":{}'],
  ])("is refused where an event is malformed: %s", async (problem, fields) => {
    const task = fields.startsWith('"kthread"') ? "" : '"p":1,"tid":1,"mm":1,';
    const error = await refusal(bytesOf(HEADER, `{"t":7,${task}"cpu":0,${fields}}`, TRAILER));
    expect(error.problem).toContain(problem);
    expect(error.line).toBe(2);
  });

  test("is refused where it says so, deep inside a real one", async () => {
    const line = brk.indexOf(enter);
    const damaged = brk.with(line, enter.replace('"addr":"0x', '"addr":"x'));
    const error = await refusal(bytesOf(...damaged));
    expect(error.line).toBe(line + 1);
  });

  test("is refused when it is cut in the middle of its compressed data", async () => {
    const error = await refusal(gzip.subarray(0, gzip.length / 2));
    expect(error.problem).toContain("the compressed data is damaged or cut short");
    expect(error.line).toBeLessThan(brk.length);
  });

  test("is refused when the checksum of its compressed data is wrong", async () => {
    expect((await refusal(flipped)).problem).toContain("the compressed data is damaged");
  });

  test.each([
    ["thp", '"cpus":2', '"cpus":2,"thp":"madvize"', '"madvize", not one of always, madvise, never'],
    ["shmem_thp", '"cpus":2', '"cpus":2,"shmem_thp":""', '"", not one of always, within_size'],
    ["64kB", '"cpus":2', '"cpus":2,"thp_sizes":{"64kB":"on"}', '"on", not one of always'],
    ["cpus", '"cpus":2', '"cpus":0', "is 0, not in [1,"],
  ])("is refused when the field %s of its header is damaged", async (name, was, is, problem) => {
    const error = await refusal(bytesOf(HEADER.replace(was, is), FAULT, LATER, TRAILER));
    expect(error.problem).toContain(`"${name}" of `);
    expect(error.problem).toContain(problem);
    expect(error.line).toBe(1);
  });

  test("is refused for a format that is not known", async () => {
    const error = await refusal(bytesOf(HEADER.replace('"format":1', '"format":2'), TRAILER));
    expect(error.problem).toBe("the recording has format 2; format 1 is understood");
  });

  test("is refused when the recorder lost events, unless the caller accepts that", async () => {
    const lossy = bytesOf(HEADER, FAULT, LATER, TRAILER.replace('"lost":0', '"lost":3'));
    expect((await refusal(lossy)).problem).toBe("the recorder lost 3 events");
    const { reader } = await readAll(lossy, { acceptLost: true });
    expect(reader.warnings).toEqual([expect.stringContaining("lost 3 events")]);
  });

  test("passes on why its source failed", async () => {
    const missing = createReadStream("no such file");
    await expect(readAll(missing)).rejects.toThrow("ENOENT");
  });
});
