import { describe, expect, test } from "vitest";
import { writeRecording } from "../../src/workload/write_recording.js";
import { compressedBytes, readAll, RECORDINGS } from "./repository_recordings.js";

describe("a recording that is written again", () => {
  test.each(RECORDINGS)("%s reads the same", async (path) => {
    const { reader: original, events } = await readAll(compressedBytes(path));
    const end = { lost: 0, exit_status: original.trailer?.exit_status ?? null };
    const copy = await readAll(writeRecording(original.header, events, () => end));
    expect(copy.reader.header).toEqual(original.header);
    expect(copy.reader.trailer?.events).toEqual(original.trailer?.events);
    expect(copy.reader.trailer?.exit_status).toEqual(original.trailer?.exit_status);
    const differing = copy.events.filter(
      (event, i) => JSON.stringify(event) !== JSON.stringify(events[i]),
    );
    expect(differing).toEqual([]);
  });

  test("keeps how many events its recorder lost", async () => {
    const whole = await readAll(compressedBytes("micro/brk_1.jsonl.gz"));
    const end = { lost: 5, exit_status: 1 };
    const { reader } = await readAll(
      writeRecording(whole.reader.header, whole.events, () => end),
      { acceptLost: true },
    );
    expect(reader.trailer).toMatchObject(end);
  });

  test("is refused when nothing is in it", async () => {
    const { reader } = await readAll(compressedBytes("micro/brk_1.jsonl.gz"));
    const empty = writeRecording(reader.header, [], () => ({ lost: 0, exit_status: 0 }));
    await expect(readAll(empty)).rejects.toThrow("the recording has no events");
  });
});
