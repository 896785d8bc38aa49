/**
 * Reduction by symmetry: of the states that differ in names only, the smallest stands for all.
 *
 * Models:     two devices are alike. Data frames are alike in operations that name none. Two pages
 *             are alike once the operation's remaining steps treat them alike: it comes to the
 *             first page first. Steps of alike states lead to alike states in as many steps, so
 *             verdicts and lengths stay.
 * Source:     C. N. Ip, D. L. Dill, Better verification through symmetry (1996).
 *
 * A hot room: a device's cells begin a word of their own, so that exchanging devices moves words.
 */
import { ActorKind, DeviceMove, Operation } from "../abi/vocabulary";
import { allocate, byteAt, longAt, putByte, putLong } from "../base/bytes";
import { REGISTER_PAGE } from "../kernel/steps/program";
import { CellList, Cells, NO_CELL } from "./cells";
import { Codec, WORDS_MAX } from "./codec";
import { Instance } from "./instance";
import { Moves, REUSE_TABLE } from "./moves";

/** What can be exchanged, as bits of a permutation. */
const DEVICES: u32 = 1;
const PAGES: u32 = 2;
const FRAMES: u32 = 4;
const GENERATORS: u32 = 3;
const MOVES_MAX: u32 = 64;

export class Symmetry {
  private readonly codec: Codec;
  private readonly cells: Cells;
  /** What can be exchanged in every state, and what only when no page-wise step is left. */
  private readonly always: u32;
  private readonly mayExchangePages: bool;
  private readonly present: usize = allocate((<usize>WORDS_MAX) << 3);
  /** For each generator and move the move that it becomes. */
  private readonly moveMaps: usize = allocate(GENERATORS * MOVES_MAX);

  constructor(
    private readonly instance: Instance,
    cells: Cells,
    moves: Moves,
  ) {
    this.codec = instance.codec;
    this.cells = cells;
    const devices = instance.devices == 2 ? DEVICES : 0;
    this.always = devices | (framesAreAlike(instance) ? FRAMES : 0);
    this.mayExchangePages = instance.pages == 2;
    this.mapMoves(moves);
  }

  /** Some states of the instance are alike. */
  isTrivial(): bool {
    return this.always == 0 && !this.mayExchangePages;
  }

  /**
   * Puts the smallest of the states alike in place of the one at `row`; returns what it exchanged.
   */
  canonicalize(row: usize): u32 {
    const allowed = this.always | (this.mayExchangePages && this.pagesAreAlike(row) ? PAGES : 0);
    if (allowed == 0) return 0;
    const present = this.present;
    const words = this.codec.words;
    for (let word: u32 = 0; word < words; word++) putLong(present, word, longAt(row, word));
    let permutation: u32 = 0;
    let best: u32 = 0;
    // Every subset of what may be exchanged, one exchange at a time.
    const count: u32 = 1 << (<u32>popcnt(allowed));
    for (let i: u32 = 1; i < count; i++) {
      const generator = nthBit(allowed, <u32>ctz(i));
      this.exchange(present, generator);
      permutation ^= generator;
      if (!this.isLess(present, row)) continue;
      for (let word: u32 = 0; word < words; word++) putLong(row, word, longAt(present, word));
      best = permutation;
    }
    return best;
  }

  /** A set of moves, as they are called in the state that the permutation leads to. */
  permute(moves: u64, permutation: u32): u64 {
    let result = moves;
    for (let generator: u32 = 0; generator < GENERATORS; generator++) {
      if ((permutation & (1 << generator)) == 0 || result == 0) continue;
      const map = this.moveMaps + <usize>(generator * MOVES_MAX);
      let rest = result;
      result = 0;
      while (rest != 0) {
        const move = <u32>ctz(rest);
        rest &= rest - 1;
        result |= (<u64>1) << byteAt(map, move);
      }
    }
    return result;
  }

  private pagesAreAlike(row: usize): bool {
    const pc = this.codec.codeIn(row, this.cells.mmThreadPc);
    return (this.instance.mmThread.program.live(pc) & REGISTER_PAGE) == 0;
  }

  private exchange(row: usize, generator: u32): void {
    const codec = this.codec;
    const cells = this.cells;
    if (generator == DEVICES) {
      const first = cells.deviceWords;
      const size = cells.wordsOfDevice;
      for (let word = first; word < first + size; word++) {
        const other = longAt(row, word + size);
        putLong(row, word + size, longAt(row, word));
        putLong(row, word, other);
      }
      const lock = cells.driverLock;
      if (lock == NO_CELL) return;
      const holder = codec.codeIn(row, lock);
      if (holder == FIRST_HANDLER) codec.put(row, lock, FIRST_HANDLER + 1);
      else if (holder == FIRST_HANDLER + 1) codec.put(row, lock, FIRST_HANDLER);
    } else if (generator == PAGES) {
      this.exchangePairs(row, cells.ofPages);
      for (let i: u32 = 0; i < cells.pageNumbers.count; i++) {
        const cell = cells.pageNumbers.at(i);
        const code = codec.codeIn(row, cell);
        if (code != 0) codec.put(row, cell, 3 - code);
      }
    } else {
      this.exchangePairs(row, cells.ofFrames);
      this.exchangeFrames(row);
    }
  }

  private exchangePairs(row: usize, pairs: CellList): void {
    const codec = this.codec;
    for (let i: u32 = 0; i < pairs.count; i += 2) {
      const a = pairs.at(i);
      const b = pairs.at(i + 1);
      const code = codec.codeIn(row, a);
      codec.put(row, a, codec.codeIn(row, b));
      codec.put(row, b, code);
    }
  }

  /** Calls F0 what was F1, and the other way round, wherever a frame is named. */
  private exchangeFrames(row: usize): void {
    const codec = this.codec;
    const cells = this.cells;
    for (let i: u32 = 0; i < cells.frameNumbers.count; i++) {
      const cell = cells.frameNumbers.at(i);
      const code = codec.codeIn(row, cell);
      if (code == 1 || code == 2) codec.put(row, cell, 3 - code);
    }
    // Entries: 1 and 2 are F0 read-only and writable, 3 and 4 F1.
    for (let i: u32 = 0; i < cells.entries.count; i++) {
      const cell = cells.entries.at(i);
      const code = codec.codeIn(row, cell);
      if (code != 0) codec.put(row, cell, code <= 2 ? code + 2 : code - 2);
    }
    for (let i: u32 = 0; i < cells.frameSets.count; i++) {
      const cell = cells.frameSets.at(i);
      const code = codec.codeIn(row, cell);
      codec.put(row, cell, ((code & 1) << 1) | (code >> 1));
    }
  }

  private isLess(a: usize, b: usize): bool {
    for (let word: u32 = 0; word < this.codec.words; word++) {
      if (longAt(a, word) != longAt(b, word)) return longAt(a, word) < longAt(b, word);
    }
    return false;
  }

  private mapMoves(moves: Moves): void {
    for (let move: u32 = 0; move < min(moves.count, MOVES_MAX); move++) {
      const actor = moves.actor(move);
      const isOfDevice = actor == ActorKind.Device || actor == ActorKind.Handler;
      const device = isOfDevice ? moves.index(move) ^ 1 : moves.index(move);
      this.mapMove(0, move, moves.find(actor, device, moves.kind(move), moves.page(move)));

      const isOfPage = actor == ActorKind.Unpinner || isPageWise(actor, moves.kind(move));
      const page = isOfPage ? moves.page(move) ^ 1 : moves.page(move);
      this.mapMove(1, move, moves.find(actor, moves.index(move), moves.kind(move), page));

      const isFrame = actor == ActorKind.Environment && moves.index(move) != <u32>REUSE_TABLE;
      const frame = isFrame ? moves.index(move) ^ 1 : moves.index(move);
      this.mapMove(2, move, moves.find(actor, frame, moves.kind(move), moves.page(move)));
    }
  }

  private mapMove(generator: u32, move: u32, other: u32): void {
    putByte(this.moveMaps, generator * MOVES_MAX + move, <u8>other);
  }
}

/** The id of the first handler's task: a lock names its holder. */
const FIRST_HANDLER: u32 = 3;
/** No step of the operation names a data frame. */
function framesAreAlike(instance: Instance): bool {
  if (instance.scene.dataFrames.length != 2) return false;
  switch (instance.operation) {
    case Operation.Munmap:
    case Operation.MunmapLate:
    case Operation.Dontneed:
    case Operation.Mprotect:
      return true;
    default:
      return false;
  }
}

function isPageWise(actor: ActorKind, kind: DeviceMove): bool {
  return actor == ActorKind.Device && kind != DeviceMove.Land && kind != DeviceMove.Retry;
}

/** The n-th bit that is set, from the lowest. */
function nthBit(bits: u32, n: u32): u32 {
  let rest = bits;
  for (let i: u32 = 0; i < n; i++) rest &= rest - 1;
  return rest & -rest;
}
