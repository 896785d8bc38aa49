/**
 * Reads recordings of kernel behaviour (`NAME.jsonl.gz`, or plain `.jsonl`) as a stream of events.
 *
 * Models:     recording format 1: a header line, events in time order, a trailer line that counts
 *             them.
 * Memory:     one chunk of the file and one line (of at most 64 MiB) at a time.
 *
 * Everything that makes a recording unusable is one `RecordingError`: damaged or truncated gzip, a
 * missing header or trailer, a line that is no event, wrong time order, counts that differ from the
 * trailer, anything after the trailer. Records that the recorder lost (`lost` of the trailer) are
 * an error too, because a prediction cannot be checked against events that are missing; a caller
 * that only drives a simulation may pass `acceptLost`, which turns it into a warning.
 */
import { z } from "zod";
import { argumentsOf } from "../scenario/arguments.js";
import { bytesArgument, fileArgument } from "./arguments.js";
import { type ByteSource, concat, decompressed, GunzipError } from "./byte_source.js";
import type { RecordedEvent, RecordingHeader, RecordingTrailer } from "./events.js";
import type { LineCore } from "./line_core.js";
import { parseEvent, parseLine } from "./parse_event.js";
import { headerWarnings, parseHeader, parseTrailer } from "./parse_header.js";
import { RecordingError } from "./recording_error.js";
import { TaskHistory } from "./task_history.js";

export type * from "./events.js";
export { ADDRESS_MAX, PAGE_FLAGS } from "./events.js";
export { MODELLED } from "./parse_header.js";
export { RecordingError } from "./recording_error.js";
export type { ByteSource } from "./byte_source.js";

export interface ReadOptions {
  /** Name of the file, for messages. */
  file: string;
  /** Accept a recording whose recorder lost events, with a warning. */
  acceptLost?: boolean;
}

const NEWLINE = 10;
const OPENING_BRACE = 123;
/** The first byte of U+FEFF in UTF-8. */
const BYTE_ORDER_MARK = 0xef;
const LINE_BYTES_MAX = 64 * 1024 * 1024;
const NO_HEADER = "the first line is not the header of a recording";
const WHAT_TO_GIVE =
  "Give a recording (.jsonl.gz or .jsonl, format 1), or take over another text by tlbstorm import";
const CUT_SHORT = "The file was cut short; take a fresh copy or record again";

const checkArguments = argumentsOf("readRecording", {
  source: bytesArgument,
  options: z.strictObject({ file: fileArgument, acceptLost: z.boolean().optional() }),
});

/** Opens a recording: reads as far as its header, whose differences from the model are warnings. */
export async function readRecording(
  source: ByteSource,
  options: ReadOptions,
): Promise<RecordingReader> {
  checkArguments({ source, options });
  const reader = new RecordingReader(source, options);
  try {
    await reader.open();
  } catch (error) {
    await reader.close();
    throw error;
  }
  return reader;
}

/** Some events in the order of the recording; as records, which are valid until the next part. */
export type Part = readonly RecordedEvent[] | Uint8Array<ArrayBuffer>;

/** One recording being read, from its header to its trailer. Its events can be read once. */
export class RecordingReader {
  readonly file: string;
  /** What a user should know before trusting results; complete after the last event. */
  readonly warnings: string[] = [];

  #header: RecordingHeader | null = null;
  #trailer: RecordingTrailer | null = null;
  /** Checks that events can follow each other; not where some may be lost. */
  #history: TaskHistory | null = null;
  #line = 0;
  #lastTime = 0;
  readonly #counts = new Map<string, number>();
  readonly #acceptLost: boolean;
  readonly #chunks: AsyncGenerator<Uint8Array, void>;
  readonly #decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  #isAtEnd = false;
  /** What is read but not yet a whole line, or waits for the events to be asked for. */
  #rest: Uint8Array[] = [];
  #restBytes = 0;

  constructor(source: ByteSource, { file, acceptLost = false }: ReadOptions) {
    this.file = file;
    this.#acceptLost = acceptLost;
    this.#chunks = decompressed(source);
  }

  get header(): RecordingHeader {
    if (this.#header === null)
      throw new Error("the recording is opened before its header is asked");
    return this.#header;
  }

  /** The last line; null until the events are read to the end. */
  get trailer(): RecordingTrailer | null {
    return this.#trailer;
  }

  /** Reads up to the header. `readRecording` has done it. */
  async open(): Promise<void> {
    for (;;) {
      const chunk = await this.#nextChunk();
      if (chunk === undefined && this.#restBytes === 0) {
        throw new RecordingError(this.file, null, "the file is empty", CUT_SHORT);
      }
      if (chunk === undefined) break;
      if (this.#restBytes === 0 && chunk[0] === BYTE_ORDER_MARK) this.#refuseMark();
      if (this.#restBytes === 0 && chunk[0] !== OPENING_BRACE) break;
      const newline = chunk.indexOf(NEWLINE);
      this.#keepRest(newline < 0 ? chunk : chunk.subarray(0, newline));
      if (newline < 0) continue;
      this.#readHeader(this.#takeRest());
      this.#keepRest(chunk.subarray(newline + 1));
      return;
    }
    this.#line = 1;
    this.#fail(NO_HEADER, WHAT_TO_GIVE);
  }

  /** No text of this format begins with the first byte of a byte order mark. */
  #refuseMark(): never {
    this.#line = 1;
    return this.#fail(
      "the file begins with a byte order mark",
      "Save it as UTF-8 without the mark, or take a fresh copy",
    );
  }

  /** The events; those that `core` reads come as records, which is the fast way. */
  async *parts(core: LineCore | null): AsyncGenerator<Part, void> {
    try {
      // What came in one chunk with the header.
      this.#keepRest(yield* this.#readLines(this.#takeRest(), core));
      while (!this.#isAtEnd) {
        const chunk = await this.#nextChunk();
        if (chunk === undefined) {
          const events = this.#readLastLine();
          if (events.length > 0) yield events;
          this.#checkEnd();
          this.#isAtEnd = true;
        } else {
          this.#keepRest(chunk);
          if (chunk.includes(NEWLINE)) {
            this.#keepRest(yield* this.#readLines(this.#takeRest(), core));
          }
        }
      }
    } finally {
      await this.close();
    }
  }

  /** The events one by one. */
  async *[Symbol.asyncIterator](): AsyncGenerator<RecordedEvent, void> {
    for await (const part of this.parts(null)) {
      if (!(part instanceof Uint8Array)) yield* part;
    }
  }

  /** Lets go of the source; needed only when the events are not read to the end. */
  async close(): Promise<void> {
    await this.#chunks.return();
  }

  /** Reads all lines that end, and gives back the start of the one that does not. */
  *#readLines(bytes: Uint8Array, core: LineCore | null): Generator<Part, Uint8Array> {
    core?.open(bytes);
    let events: RecordedEvent[] = [];
    let start = 0;
    for (;;) {
      const read = this.#trailer === null ? core?.read(start, this.#line, this.#lastTime) : null;
      if (read != null && read.records.length > 0) {
        if (events.length > 0) yield events;
        events = [];
        this.#line = read.line;
        this.#lastTime = read.time;
        for (const [kind, count] of read.counts) this.#count(kind, count);
        this.#history?.takeRecords(read.records);
        yield read.records;
        start = read.position;
      }
      const end = bytes.indexOf(NEWLINE, start);
      if (end < 0) break;
      this.#line++;
      this.#readLine(bytes, start, end, events);
      start = end + 1;
    }
    if (events.length > 0) yield events;
    return bytes.subarray(start);
  }

  #count(kind: string, events: number): void {
    if (events > 0) this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + events);
  }

  #keepRest(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#rest.push(bytes);
    this.#restBytes += bytes.length;
    if (this.#restBytes <= LINE_BYTES_MAX) return;
    this.#line++;
    this.#fail(`the line is longer than ${LINE_BYTES_MAX} bytes`, WHAT_TO_GIVE);
  }

  /** The bytes kept so far. */
  #takeRest(): Uint8Array {
    const [first = new Uint8Array(0), ...more] = this.#rest;
    this.#rest = [];
    this.#restBytes = 0;
    return more.length === 0 ? first : concat(first, ...more);
  }

  async #nextChunk(): Promise<Uint8Array | undefined> {
    try {
      const next = await this.#chunks.next();
      return next.done ? undefined : next.value;
    } catch (error) {
      if (!(error instanceof GunzipError)) throw error;
      throw new RecordingError(
        this.file,
        this.#line + 1,
        `the compressed data is damaged or cut short (${error.message})`,
        "Try `gzip -t` on it; take a fresh copy or record again",
        { cause: error },
      );
    }
  }

  /** A last line without newline is whole only if it is the trailer. */
  #readLastLine(): RecordedEvent[] {
    const events: RecordedEvent[] = [];
    if (this.#restBytes === 0) return events;
    const bytes = this.#takeRest();
    this.#line++;
    try {
      this.#readLine(bytes, 0, bytes.length, events);
    } catch (error) {
      if (this.#trailer !== null) throw error;
      this.#fail("the last line is cut off", CUT_SHORT);
    }
    return events;
  }

  #readLine(bytes: Uint8Array, start: number, end: number, events: RecordedEvent[]): void {
    if (this.#trailer !== null) {
      this.#fail("something follows the trailer", "A recording ends with its end_of_trace line");
    }
    const event = this.#parse(bytes, start, end);
    if (event === null) return;
    if (event.t < this.#lastTime) {
      this.#fail(
        `the time ${event.t} is before that of the line above, ${this.#lastTime}`,
        "A recording is in time order; sort its events by t or record again",
      );
    }
    this.#lastTime = event.t;
    this.#count(event.ev, 1);
    this.#history?.take(event);
    events.push(event);
  }

  /** The event of a line, or null when the line was the trailer. */
  #parse(bytes: Uint8Array, start: number, end: number): RecordedEvent | null {
    const { ev, fields } = parseLine(this.#decode(bytes, start, end), this.file, this.#line);
    if (ev === "header") fields.fail("a second header", "Two recordings were joined; split them");
    if (ev !== "end_of_trace") return parseEvent(ev, fields);
    this.#readTrailer(parseTrailer(fields));
    return null;
  }

  #readHeader(bytes: Uint8Array): void {
    this.#line = 1;
    const { ev, fields } = parseLine(this.#decode(bytes, 0, bytes.length), this.file, this.#line);
    if (ev !== "header") this.#fail(NO_HEADER, WHAT_TO_GIVE);
    this.#header = parseHeader(fields);
    this.warnings.push(...headerWarnings(this.#header));
    if (!this.#acceptLost) this.#history = new TaskHistory(this.file, this.#header);
  }

  #readTrailer(trailer: RecordingTrailer): void {
    const kinds = new Set([...Object.keys(trailer.events), ...this.#counts.keys()]);
    for (const kind of kinds) {
      const promised = trailer.events[kind] ?? 0;
      const found = this.#counts.get(kind) ?? 0;
      if (promised === found) continue;
      this.#fail(
        `the trailer counts ${promised} events "${kind}", the file has ${found}`,
        CUT_SHORT,
      );
    }
    if (this.#counts.size === 0) {
      this.#fail("the recording has no events", "Record again; the program may not have started");
    }
    if (trailer.lost > 0) {
      const lost = `the recorder lost ${trailer.lost} events`;
      if (!this.#acceptLost) {
        this.#fail(lost, "Record again with larger buffers; such a recording cannot be checked");
      }
      this.warnings.push(`${lost}: what follows from this recording is incomplete`);
    }
    this.#trailer = trailer;
  }

  #checkEnd(): void {
    if (this.#trailer === null) {
      this.#line++;
      this.#fail("the recording ends without its trailer", CUT_SHORT);
    }
  }

  #decode(bytes: Uint8Array, start: number, end: number): string {
    try {
      return this.#decoder.decode(bytes.subarray(start, end));
    } catch {
      return this.#fail("the line is not UTF-8", "The file is damaged; take a fresh copy");
    }
  }

  #fail(problem: string, hint: string): never {
    throw new RecordingError(this.file, this.#line, problem, hint);
  }
}
