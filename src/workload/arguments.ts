/** What readers and writers of recordings take, as far as several functions take it. */
import { z } from "zod";
import { made } from "../scenario/arguments.js";

/** A recording that is being read. */
export const readerArgument = made(
  "a RecordingReader",
  ["parts", "close"],
  "await readRecording(source, { file })",
);

/** The bytes of a file, or chunks of them. */
export const bytesArgument = z.custom(
  (value) =>
    value instanceof Uint8Array ||
    value instanceof ReadableStream ||
    (typeof value === "object" && value !== null && Symbol.asyncIterator in value),
  {
    error:
      "expected the bytes of a file\ngive a Uint8Array or a stream of them, such as createReadStream(path)",
  },
);

/** Name of the file, for messages. */
export const fileArgument = z.string();

/** What is known of the recorded system. */
export const headerArgument = made(
  "the header of a recording",
  ["format", "name", "program", "kernel", "machine", "cpus"],
  "the reader of a recording, or an importer,",
);
