/**
 * Who owns each frame, how often it is pinned, and how many lives it has had.
 *
 * Models:     the owner as reference counts and the reverse map would show it; a frame that is put
 *             while pinned is held until its last pin goes; a new generation for each new owner.
 * Simplifies: one owner value in place of reference and mapping counts.        (DEVIATIONS D3)
 * Source:     linux mm/page_alloc.c, mm/gup.c (FOLL_PIN), mm/rmap.c
 */
import { FrameOwner } from "../abi/vocabulary";
import { allocate, byteAt, putByte, putWord, wordAt } from "../base/bytes";

export class FrameTable {
  readonly owners: usize;
  readonly pins: usize;
  readonly generations: usize;

  constructor(readonly frames: u32) {
    this.owners = allocate(frames);
    this.pins = allocate(frames);
    this.generations = allocate((<usize>frames) << 2);
  }

  // @ts-ignore: decorator
  @inline
  owner(frame: u32): FrameOwner {
    return <FrameOwner>byteAt(this.owners, frame);
  }

  // @ts-ignore: decorator
  @inline
  setOwner(frame: u32, owner: FrameOwner): void {
    putByte(this.owners, frame, <u8>owner);
  }

  // @ts-ignore: decorator
  @inline
  generation(frame: u32): u32 {
    return wordAt(this.generations, frame);
  }

  /** The frame changes hands: translations of its last life are stale from here on. */
  startNewLife(frame: u32): void {
    putWord(this.generations, frame, this.generation(frame) + 1);
  }

  isPinned(frame: u32): bool {
    return byteAt(this.pins, frame) != 0;
  }

  pin(frame: u32): void {
    putByte(this.pins, frame, byteAt(this.pins, frame) + 1);
  }

  unpin(frame: u32): void {
    const pins = byteAt(this.pins, frame);
    assert(pins > 0, "a frame is unpinned as often as it was pinned");
    putByte(this.pins, frame, pins - 1);
    if (pins == 1 && this.owner(frame) == FrameOwner.Held) this.setOwner(frame, FrameOwner.Free);
  }

  /** The mm lets the frame go: it is free, or held for as long as it is pinned. */
  put(frame: u32): void {
    this.setOwner(frame, this.isPinned(frame) ? FrameOwner.Held : FrameOwner.Free);
  }
}
