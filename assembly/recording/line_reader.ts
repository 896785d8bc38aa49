/**
 * Reads the lines of a recording: the five most frequent events, from the bytes of the text to the
 * records that the mm is fed.
 *
 * Models:     recording format 1, of which it takes the lines that are written exactly as the
 *             recorder writes them. It stops before any other line; the host reads that one, and
 *             alone decides what is valid.
 *
 * A hot room: recordings have millions of lines. Nothing is allocated but for a longer text.
 */
import { ArgumentRule, CallRule, FlushRule, RecordKind } from "../abi/recording";
import { EventRecord, LineReaderState } from "../abi/records";
import { allocate } from "../base/bytes";
import { NameTable } from "./name_table";

const NEWLINE: u8 = 10;
const CARRIAGE_RETURN: u8 = 13;
const QUOTE: u8 = 34;
const COMMA: u8 = 44;
const MINUS: u8 = 45;
const DECIMAL_DIGITS: usize = 15;
const HEX_DIGITS: usize = 13;
const ARGS_MAX: u32 = 6;
/** Results from -4095 to -1 are errors. */
const ERRNO_MAX: i64 = 4095;
/** Where pages begin, the other bits of an address are 0. */
const PAGE_BITS: u64 = 4095;
/** Bits that the error code of a page fault has (arch/x86/include/asm/trap_pf.h). */
const FAULT_BITS: u64 = 0x8000_807f;
/** No line that is taken is shorter: the room for records follows from that. */
const LINE_BYTES_MIN: u32 = 64;

export class LineReader {
  readonly state: LineReaderState = changetype<LineReaderState>(
    allocate(offsetof<LineReaderState>()),
  );
  private readonly calls: NameTable = new NameTable();
  private readonly reasons: NameTable = new NameTable();
  private text: usize = 0;
  private textRoom: u32 = 0;
  private records: usize = 0;
  /** The byte that is read next, and the number that was read last. */
  private at: usize = 0;
  private value: u64 = 0;

  /**
   * Learns the words of recordings: the number of reasons and of calls, 16 bits each, then the
   * reasons, then the calls. A word is its length and its bytes. A reason adds its FlushReason and
   * its FlushRule; a call its number in 16 bits, its CallRule, how many arguments it has, and each
   * one's name and ArgumentRules.
   */
  learn(words: usize): void {
    const reasons = <u32>load<u16>(words);
    const calls = <u32>load<u16>(words, 2);
    let entry = words + 4;
    for (let reason: u32 = 0; reason < reasons; reason++) {
      this.reasons.add(entry);
      entry = afterWord(entry) + 2;
    }
    for (let call: u32 = 0; call < calls; call++) {
      this.calls.add(entry);
      entry = afterWord(entry) + 3;
      const args = <u32>load<u8>(entry++);
      assert(args <= ARGS_MAX, "a call has six arguments");
      for (let arg: u32 = 0; arg < args; arg++) entry = afterWord(entry) + 1;
    }
  }

  /** Room for a text of `length` bytes. */
  block(length: u32): usize {
    this.state.length = length;
    if (length >= this.textRoom) {
      this.textRoom = max<u32>(2 * length, 1 << 16);
      // One byte more, which ends every name and number.
      this.text = allocate(this.textRoom + 1);
      this.records = allocate((this.textRoom / LINE_BYTES_MIN + 1) * offsetof<EventRecord>());
    }
    store<u8>(this.text + length, 0);
    return this.text;
  }

  /** Reads on from the state's position, up to a line for the host; where the records are. */
  read(): usize {
    const state = this.state;
    const end = this.text + state.length;
    state.records = 0;
    state.faults = state.flushes = state.ranges = state.enters = state.exits = 0;
    let line = this.text + state.position;
    let record = this.records;
    while (line < end) {
      this.at = line;
      memory.fill(record, 0, offsetof<EventRecord>());
      const event = changetype<EventRecord>(record);
      if (!this.readLine(event) || event.t < state.time) break;
      if (load<u8>(this.at) == CARRIAGE_RETURN) this.at++;
      if (load<u8>(this.at) != NEWLINE) break;
      line = this.at + 1;
      state.line++;
      event.line = state.line;
      state.time = event.t;
      state.records++;
      this.count(event.kind);
      record += offsetof<EventRecord>();
    }
    state.position = <u32>(line - this.text);
    return this.records;
  }

  private count(kind: u16): void {
    const state = this.state;
    switch (<RecordKind>kind) {
      case RecordKind.Fault:
        state.faults++;
        break;
      case RecordKind.Tlb:
        state.flushes++;
        break;
      case RecordKind.Inval:
        state.ranges++;
        break;
      case RecordKind.Enter:
        state.enters++;
        break;
      default:
        state.exits++;
    }
  }

  private readLine(event: EventRecord): bool {
    if (!this.skip('{"t":') || !this.natural()) return false;
    event.t = this.value;
    if (!this.skip(',"p":') || !this.number()) return false;
    event.p = <u32>this.value;
    if (!this.skip(',"tid":') || !this.number()) return false;
    event.tid = <u32>this.value;
    if (!this.skip(',"mm":') || !this.number()) return false;
    event.mm = <u32>this.value;
    if (!this.skip(',"cpu":') || !this.natural() || this.value > <u64>u16.MAX_VALUE) return false;
    event.cpu = <u16>this.value;
    if (!this.skip(',"ev":"')) return false;
    if (this.skip('fault","addr":"0x')) return this.readFault(event);
    if (this.skip('tlb","reason":"')) return this.readFlush(event);
    if (this.skip('inval","start":"0x')) return this.readRange(event);
    if (this.skip('enter","call":"')) return this.readEnter(event);
    return this.skip('exit","call":"') && this.readExit(event);
  }

  private readFault(event: EventRecord): bool {
    event.kind = <u16>RecordKind.Fault;
    event.present = 0b111;
    if (!this.hex()) return false;
    event.a0 = this.value;
    if (!this.skip('","err":') || !this.natural()) return false;
    if ((this.value & ~FAULT_BITS) != 0) return false;
    event.a1 = this.value;
    if (!this.skip(',"k":') || !this.natural() || this.value > 1) return false;
    event.a2 = this.value;
    return this.skip("}");
  }

  private readFlush(event: EventRecord): bool {
    event.kind = <u16>RecordKind.Tlb;
    event.present = 0b11;
    const reason = this.reasons.find(this.at);
    if (reason == 0) return false;
    const rule = afterWord(reason);
    event.a0 = <u64>load<u8>(rule);
    this.at += <usize>load<u8>(reason) + 1;
    if (!this.skip(',"pages":') || !this.integer()) return false;
    if (!isAllowed(<FlushRule>load<u8>(rule, 1), <i64>this.value)) return false;
    event.a1 = this.value;
    return this.skip("}");
  }

  private readRange(event: EventRecord): bool {
    event.kind = <u16>RecordKind.Inval;
    event.present = 0b11;
    if (!this.hex()) return false;
    event.a0 = this.value;
    if (!this.skip('","end":"0x') || !this.hex()) return false;
    event.a1 = this.value;
    if (((event.a0 | event.a1) & PAGE_BITS) != 0) return false;
    return event.a0 < event.a1 && this.skip('"}');
  }

  private readEnter(event: EventRecord): bool {
    event.kind = <u16>RecordKind.Enter;
    const call = this.readCall(event);
    if (call == 0 || !this.skip(',"a":{')) return false;
    const args = <u32>load<u8>(call, 1);
    let name = call + 2;
    for (let arg: u32 = 0; arg < args; arg++) {
      const rules = load<u8>(afterWord(name));
      if (this.skipKey(name, event.present == 0)) {
        const isAddress = (rules & (<u8>ArgumentRule.Address)) != 0;
        if (isAddress ? !this.address() : !this.register()) return false;
        event.present |= (<u8>1) << (<u8>arg);
        store<u64>(
          changetype<usize>(event) + ((<usize>arg) << 3),
          this.value,
          offsetof<EventRecord>("a0"),
        );
      } else if ((rules & (<u8>ArgumentRule.Required)) != 0) return false;
      name = afterWord(name) + 1;
    }
    return this.skip("}}");
  }

  private readExit(event: EventRecord): bool {
    event.kind = <u16>RecordKind.Exit;
    event.present = 1;
    const call = this.readCall(event);
    if (call == 0 || !this.skip(',"ret":')) return false;
    const isAddress = <CallRule>load<u8>(call) == CallRule.ReturnsAddress;
    if (isAddress && load<u8>(this.at) != MINUS) {
      if (!this.address()) return false;
    } else if (!this.integer() || <i64>this.value < -ERRNO_MAX) return false;
    event.a0 = this.value;
    return this.skip("}");
  }

  /** A name of a call; where its CallRule is, with its arguments behind it, or 0. */
  private readCall(event: EventRecord): usize {
    const call = this.calls.find(this.at);
    if (call == 0) return 0;
    this.at += <usize>load<u8>(call) + 1;
    const number = afterWord(call);
    event.call = load<u16>(number);
    return number + 2;
  }

  /** Steps over `"name":`, after a comma unless it is the first. */
  private skipKey(word: usize, isFirst: bool): bool {
    let at = this.at;
    if (!isFirst && load<u8>(at++) != COMMA) return false;
    const length = <usize>load<u8>(word);
    if (load<u8>(at) != QUOTE || memory.compare(at + 1, word + 1, length) != 0) return false;
    at += length + 1;
    // A quote and a colon.
    if (load<u16>(at) != 0x3a22) return false;
    this.at = at + 2;
    return true;
  }

  /** Steps over the text if it comes next. */
  private skip(text: string): bool {
    const letters = changetype<usize>(text);
    const length = <usize>text.length;
    const at = this.at;
    for (let i: usize = 0; i < length; i++) {
      if (<u32>load<u8>(at + i) != <u32>load<u16>(letters + (i << 1))) return false;
    }
    this.at = at + length;
    return true;
  }

  /** The number of a task, process or mm: from 1, in 32 bits. */
  private number(): bool {
    return this.natural() && this.value > 0 && this.value <= <u64>u32.MAX_VALUE;
  }

  /** A decimal number, or a hexadecimal one in quotes. */
  private register(): bool {
    return load<u8>(this.at) == QUOTE ? this.address() : this.integer();
  }

  /** A hexadecimal number in quotes. */
  private address(): bool {
    if (!this.skip('"0x') || !this.hex() || load<u8>(this.at) != QUOTE) return false;
    this.at++;
    return true;
  }

  /** A decimal number that may be negative, but not a negative zero. */
  private integer(): bool {
    if (load<u8>(this.at) != MINUS) return this.natural();
    this.at++;
    if (!this.natural() || this.value == 0) return false;
    this.value = -this.value;
    return true;
  }

  /** A decimal number without sign, as JSON writes it, that a double holds exactly. */
  private natural(): bool {
    const start = this.at;
    let at = start;
    let value: u64 = 0;
    while (true) {
      const digit = <u32>load<u8>(at) - 48;
      if (digit > 9) break;
      value = value * 10 + digit;
      at++;
    }
    const length = at - start;
    if (length == 0 || length > DECIMAL_DIGITS) return false;
    if (length > 1 && load<u8>(start) == 48) return false;
    this.at = at;
    this.value = value;
    return true;
  }

  /** The digits of a hexadecimal number, in lower case, that a double holds exactly. */
  private hex(): bool {
    const start = this.at;
    let at = start;
    let value: u64 = 0;
    while (true) {
      const byte: u32 = load<u8>(at);
      let digit = byte - 48;
      if (digit > 9) {
        if (byte < 97 || byte > 102) break;
        digit = byte - 87;
      }
      value = (value << 4) | digit;
      at++;
    }
    const length = at - start;
    if (length == 0 || length > HEX_DIGITS) return false;
    this.at = at;
    this.value = value;
    return true;
  }
}

/** Whether a flush can have this number of pages; -1 is everything. */
function isAllowed(rule: FlushRule, pages: i64): bool {
  if (pages == 0) return true;
  if (pages < 0) return pages == -1 && rule != FlushRule.None;
  return rule == FlushRule.Any;
}

/** Where a word ends that begins with its length. */
// @ts-ignore: decorator
@inline
function afterWord(word: usize): usize {
  return word + 1 + <usize>load<u8>(word);
}
