/**
 * The transitions between states in which the same device waits for an answer, kept while
 * exploring: what `served` is decided on.
 *
 * Models:     weak fairness by actor: threads of the mm, handlers, queues and timers, the arrival
 *             of an access and the retry of a request are obliged to happen once they stay
 *             possible. A new access, an eviction, another walk, the environment, an unpinning
 *             driver and a registration are not: nothing forces them.         (DEVIATIONS D15)
 */
import { ActorKind, DeviceMove } from "../abi/vocabulary";
import { allocate, byteAt, putByte } from "../base/bytes";
import { Instance } from "./instance";
import { Moves } from "./moves";
import { Words } from "./words";

const LANE: u32 = 0;
const MOVES_MAX: u32 = 96;

export class Graph {
  /** The first edge of each state; its last is before the first of the next state. */
  readonly starts: Words = new Words();
  readonly targets: Words = new Words();
  /** For each edge the obligation that it fulfils, from 1; 0: none. */
  readonly fulfils: Words = new Words();
  /** For each state the obligations that are possible in it, as bits. */
  readonly possible: Words = new Words();
  /** For each state the devices that wait for an answer, as bits. */
  readonly waiting: Words = new Words();
  /** The obligation that a move fulfils, from 1; 0: none. */
  private readonly obligations: usize = allocate(MOVES_MAX);
  private obligationCount: u32 = 0;

  constructor(
    private readonly instance: Instance,
    moves: Moves,
  ) {
    for (let move: u32 = 0; move < moves.count; move++) {
      if (!isObliged(moves.actor(move), moves.kind(move))) continue;
      putByte(this.obligations, move, <u8>++this.obligationCount);
    }
    assert(this.obligationCount <= 32, "a world has at most 32 obligations");
  }

  /** The obligation that a move fulfils, from 1; 0: nothing forces it. */
  obligation(move: u32): u32 {
    return byteAt(this.obligations, move);
  }

  /** Every obligation of the world, as bits. */
  all(): u32 {
    return this.obligationCount == 32 ? u32.MAX_VALUE : (1 << this.obligationCount) - 1;
  }

  /** The devices whose request is open in the state that memory holds. */
  waitingNow(): u32 {
    const attachments = this.instance.scene.attachments;
    let waiting: u32 = 0;
    for (let i = 0; i < attachments.length; i++) {
      if (!attachments[i].device.isIdle(LANE)) waiting |= 1 << i;
    }
    return waiting;
  }

  /** A state was found for the first time. */
  addState(waiting: u32): void {
    this.waiting.push(waiting);
  }

  /** The edges of the next state follow. */
  beginState(): void {
    this.starts.push(this.targets.length);
    this.possible.push(0);
  }

  /** A move of the present state is possible. */
  addPossible(row: u32, move: u32): void {
    const obligation = this.obligation(move);
    if (obligation == 0) return;
    this.possible.put(row, this.possible.at(row) | (1 << (obligation - 1)));
  }

  /** A move leads from `row` to `target`. */
  addEdge(row: u32, target: u32, move: u32): void {
    if ((this.waiting.at(row) & this.waiting.at(target)) == 0) return;
    this.targets.push(target);
    this.fulfils.push(this.obligation(move));
  }

  bytes(): f64 {
    const edges = this.starts.bytes() + this.targets.bytes() + this.fulfils.bytes();
    return edges + this.possible.bytes() + this.waiting.bytes();
  }

  /** No edges follow any more. */
  finish(): void {
    this.starts.push(this.targets.length);
  }
}

function isObliged(actor: ActorKind, kind: DeviceMove): bool {
  switch (actor) {
    case ActorKind.MmThread:
    case ActorKind.SecondMmThread:
    case ActorKind.Handler:
    case ActorKind.Iommu:
    case ActorKind.Timer:
      return true;
    case ActorKind.Device:
      return kind == DeviceMove.Land || kind == DeviceMove.Retry;
    default:
      return false;
  }
}
