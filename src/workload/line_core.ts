/**
 * The core as a reader of recordings: it takes the lines of the five most frequent events straight
 * from the bytes of a text, and stops before every other line, which parse_event.ts reads.
 */
import { Core } from "../abi/core.js";
import { ArgumentRule, CallRule } from "../abi/recording.generated.js";
import { type RecordOf, recordSize, writeRecord } from "../abi/records.js";
import { type Call, CALLS } from "./calls.js";
import type { RecordedEvent, TlbFlushReason } from "./events.js";
import { RECORD_BYTES } from "./record_layout.js";
import { TLB_FLUSH_REASONS, TLB_FLUSH_RULES } from "./vocabulary.js";

/** The lines that were read at once. */
export interface LinesRead {
  /** Their records; valid until the next reading. */
  readonly records: Uint8Array<ArrayBuffer>;
  /** Where the line after them begins. */
  readonly position: number;
  /** The number of the last line, and the time of its event. */
  readonly line: number;
  readonly time: number;
  /** How many events there were, by kind. */
  readonly counts: readonly (readonly [RecordedEvent["ev"], number])[];
}

export class LineCore {
  private constructor(
    private readonly core: Core,
    private readonly state: number,
  ) {}

  static async create(): Promise<LineCore> {
    const core = await Core.create();
    const state = core.exports.linesBoot() >>> 0;
    const words = wordsOf(CALLS, TLB_FLUSH_REASONS);
    const place = core.exports.linesWords(words.length) >>> 0;
    core.bytes(place, words.length).set(words);
    core.exports.linesLearn(place);
    return new LineCore(core, state);
  }

  /** Takes a text, which is read from its start on. */
  open(text: Uint8Array): void {
    const place = this.core.exports.linesBlock(text.length) >>> 0;
    this.core.bytes(place, text.length).set(text);
  }

  /** Reads from the start of a line on; `line` and `time` are those of the line before it. */
  read(position: number, line: number, time: number): LinesRead {
    const size = recordSize("LineReaderState");
    const view = this.core.view(this.state, size);
    writeRecord("LineReaderState", view, { position, line, time: BigInt(time) });
    const place = this.core.exports.linesRead() >>> 0;
    const read = this.core.record("LineReaderState", this.state);
    return {
      records: this.core.bytes(place, read.records * RECORD_BYTES),
      position: read.position,
      line: read.line,
      time: Number(read.time),
      counts: countsOf(read),
    };
  }
}

function countsOf(state: RecordOf<"LineReaderState">): LinesRead["counts"] {
  return [
    ["fault", state.faults],
    ["tlb", state.flushes],
    ["inval", state.ranges],
    ["enter", state.enters],
    ["exit", state.exits],
  ];
}

/** The words of recordings, as recording/line_reader.ts of the core learns them. */
function wordsOf(calls: readonly Call[], reasons: readonly TlbFlushReason[]): Uint8Array {
  const bytes: number[] = [...short(reasons.length), ...short(calls.length)];
  reasons.forEach((reason, number) => bytes.push(...word(reason), number, TLB_FLUSH_RULES[reason]));
  for (const call of calls) {
    const rule = call.returnsAddress ? CallRule.ReturnsAddress : CallRule.ReturnsNumber;
    bytes.push(...word(call.name), ...short(call.number), rule, call.args.length);
    for (const arg of call.args) bytes.push(...word(arg), argumentRules(call, arg));
  }
  return Uint8Array.from(bytes);
}

function argumentRules({ addressArgs, requiredArgs }: Call, arg: string): number {
  return (
    (addressArgs.has(arg) ? ArgumentRule.Address : 0) |
    (requiredArgs.has(arg) ? ArgumentRule.Required : 0)
  );
}

function word(text: string): number[] {
  return [text.length, ...new TextEncoder().encode(text)];
}

function short(value: number): [number, number] {
  return [value & 0xff, value >>> 8];
}
