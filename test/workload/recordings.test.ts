import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { encodeRecording } from "../../src/workload/encode.js";
import { RECORD_BYTES } from "../../src/workload/record_layout.js";
import { readRecording } from "../../src/workload/recording.js";

const FOLDERS = ["micro", "real"];
const FILES = FOLDERS.flatMap((folder) =>
  readdirSync(new URL(`../../recordings/${folder}/`, import.meta.url))
    .filter((name) => name.endsWith(".jsonl.gz"))
    .map((name) => `${folder}/${name}`),
);

function open(file: string) {
  return readRecording(readFileSync(new URL(`../../recordings/${file}`, import.meta.url)), { file });
}

describe("a recording of this repository", () => {
  test.each(FILES)("%s is read to its trailer without a warning", async (file) => {
    const reader = await open(file);
    let events = 0;
    for await (const batch of reader.batches()) events += batch.length;
    const counted = Object.values(reader.trailer?.events ?? {}).reduce((sum, n) => sum + n, 0);
    expect(events).toBe(counted);
    expect(reader.warnings).toEqual([]);
  });

  test("is encoded as whole records, in the order of its lines", async () => {
    const reader = await open("micro/fork_kinds_1.jsonl.gz");
    let lastLine = 0;
    let records = 0;
    for await (const bytes of encodeRecording(reader)) {
      expect(bytes.length % RECORD_BYTES).toBe(0);
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
      for (let base = 0; base < bytes.length; base += RECORD_BYTES) {
        const line = view.getUint32(base + 4, true);
        expect(line).toBeGreaterThanOrEqual(lastLine);
        lastLine = line;
        records++;
      }
    }
    expect(records).toBeGreaterThan(100);
  });
});
