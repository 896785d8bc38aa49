/**
 * An actor that runs a step program: a thread of the mm, or a page-request handler.
 */
import { NO_FRAME } from "../../hardware/memory/physical_memory";
import { DriverRegisters } from "../driver/bookkeeping";
import {
  Program,
  REGISTER_FIRST,
  REGISTER_FRAME,
  REGISTER_LAST,
  REGISTER_SAMPLED,
  REGISTER_SEQUENCE,
} from "./program";

export class Task extends DriverRegisters {
  /** The next step. */
  pc: u32 = 0;
  /** Which page of its range the task is at. */
  page: u32 = 0;
  /** The sequence a handler sampled. */
  sequence: u32 = 0;
  /** The fault found a page; which, and whether it may be written. */
  isServed: u32 = 0;
  frame: u32 = NO_FRAME;
  isWritable: u32 = 0;
  /** The frame that the fault has pinned, as long as no mirror holds the pin. */
  pin: u32 = NO_FRAME;
  /** Bit n: the frame of page n was unhooked and waits to be freed. */
  gathered: u32 = 0;

  /** `id` is never 0: it names the holder of a lock. */
  constructor(
    readonly id: u32,
    readonly program: Program,
  ) {
    super();
  }

  /** Forgets the registers that no step from here on reads, so that equal futures look equal. */
  forgetDead(): void {
    const live = this.program.live(this.pc);
    if ((live & REGISTER_FIRST) == 0) this.wasFirst = 0;
    if ((live & REGISTER_LAST) == 0) this.wasLast = 0;
    if ((live & REGISTER_SAMPLED) == 0) this.sampled = 0;
    if ((live & REGISTER_SEQUENCE) == 0) this.sequence = 0;
    if ((live & REGISTER_FRAME) != 0) return;
    this.frame = NO_FRAME;
    this.isWritable = 0;
  }
}
