/** The study of a small program, made once for all tests of a file. */
import { createReadStream } from "node:fs";
import { join } from "node:path";
import { runStudy, type StudyData } from "../../src/study/index.js";
import { readRecording } from "../../src/workload/recording.js";

const RECORDINGS = join(import.meta.dirname, "../../recordings/real");

export function recordedStudy(recording: string, seed = 1n): Promise<StudyData> {
  return runStudy({
    recording,
    seed,
    open: (name) => {
      const path = join(RECORDINGS, `${name}.jsonl.gz`);
      return readRecording(createReadStream(path), { file: path });
    },
  });
}
