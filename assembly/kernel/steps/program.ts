/**
 * A step program: what one actor does, as a list of atomic steps in linear memory.
 *
 *   step  0 kind u8 | 1 condition u8 | 2 joint u8 | 3 live registers u8 | 4 target u32
 *
 * A joined step happens together with the one behind it, as one atomic action: both their guards
 * must hold. A step whose condition does not hold is passed over and is no step at all.
 */
import {
  Hook,
  HOOK_BYTES,
  HOOKS,
  Joint,
  PROTOCOL_HEAD_BYTES,
  ProtocolTrait,
  StepCondition,
  StepKind,
} from "../../abi/vocabulary";
import { allocate } from "../../base/bytes";

/** What a task remembers between its steps, as bits. */
export const REGISTER_FIRST: u8 = 1;
export const REGISTER_LAST: u8 = 2;
export const REGISTER_SAMPLED: u8 = 4;
export const REGISTER_FRAME: u8 = 8;
export const REGISTER_SEQUENCE: u8 = 16;
/** Which page of its range the task is at: live as long as it does not treat all pages alike. */
export const REGISTER_PAGE: u8 = 32;

const STEP_BYTES: usize = 8;
export const STEPS_MAX: u32 = 255;
/** Bytes of an encoded protocol. */
export const PROTOCOL_BYTES: usize = PROTOCOL_HEAD_BYTES + HOOK_BYTES * HOOKS;

/**
 * A driver protocol as the host encodes it; the sizes are those of the vocabulary.
 *
 *   0 traits u32 | 4 reserved | 8 one block for each Hook
 *   block: 0 count u8 | 4 count steps of four bytes: kind, condition, joined, sites
 */
export class Protocol {
  constructor(readonly block: usize) {}

  has(trait: ProtocolTrait): bool {
    return (load<u32>(this.block) & trait) != 0;
  }

  hookAddress(hook: Hook): usize {
    return this.block + <usize>PROTOCOL_HEAD_BYTES + <usize>HOOK_BYTES * <usize>hook;
  }
}

export class Program {
  readonly steps: usize = allocate(STEP_BYTES * <usize>STEPS_MAX);
  length: u32 = 0;

  // @ts-ignore: decorator
  @inline
  kind(at: u32): StepKind {
    return <StepKind>load<u8>(this.steps + STEP_BYTES * <usize>at, 0);
  }

  // @ts-ignore: decorator
  @inline
  condition(at: u32): StepCondition {
    return <StepCondition>load<u8>(this.steps + STEP_BYTES * <usize>at, 1);
  }

  // @ts-ignore: decorator
  @inline
  joint(at: u32): Joint {
    return <Joint>load<u8>(this.steps + STEP_BYTES * <usize>at, 2);
  }

  /** Where a step that branches goes when it does; a handler's check starts over. */
  // @ts-ignore: decorator
  @inline
  target(at: u32): u32 {
    return load<u32>(this.steps + STEP_BYTES * <usize>at, 4);
  }

  /** The registers whose values may still be used when the task has come to this step. */
  // @ts-ignore: decorator
  @inline
  live(at: u32): u8 {
    return load<u8>(this.steps + STEP_BYTES * <usize>at, 3);
  }

  /** Finds out where registers are live: call it when the last step has been added. */
  finish(): void {
    let changed: bool = true;
    while (changed) {
      changed = false;
      for (let at = this.length; at-- > 0;) {
        const live = this.liveBefore(at);
        if (live == this.live(at)) continue;
        store<u8>(this.steps + STEP_BYTES * <usize>at, live, 3);
        changed = true;
      }
    }
  }

  private liveBefore(at: u32): u8 {
    const kind = this.kind(at);
    const condition = this.condition(at);
    let behind: u8 = at + 1 < this.length ? this.live(at + 1) : 0;
    if (condition == StepCondition.Always) behind &= ~overwrites(kind);
    return behind | this.live(this.target(at)) | uses(kind) | usedBy(condition);
  }

  /** Appends a step; returns its place. */
  add(
    kind: StepKind,
    condition: StepCondition = StepCondition.Always,
    joint: Joint = Joint.None,
  ): u32 {
    assert(this.length < STEPS_MAX, "a step program has fewer than 255 steps");
    const at = this.length++;
    const step = this.steps + STEP_BYTES * <usize>at;
    store<u8>(step, <u8>kind, 0);
    store<u8>(step, <u8>condition, 1);
    store<u8>(step, <u8>joint, 2);
    return at;
  }

  /** Appends a step that happens together with the next one that is taken. */
  join(kind: StepKind): u32 {
    return this.add(kind, StepCondition.Always, Joint.NextTaken);
  }

  /** The program has a step of this kind. */
  has(kind: StepKind): bool {
    for (let at: u32 = 0; at < this.length; at++) if (this.kind(at) == kind) return true;
    return false;
  }

  setTarget(at: u32, target: u32): void {
    store<u32>(this.steps + STEP_BYTES * <usize>at, target, 4);
  }

  /** Appends what the protocol does at a hook; `site` says which flush this is. */
  hook(protocol: Protocol, hook: Hook, site: u32 = 0xff): void {
    const block = protocol.hookAddress(hook);
    const count = <usize>load<u8>(block);
    for (let i: usize = 0; i < count; i++) {
      const entry = block + 4 + (i << 2);
      if (((<u32>load<u8>(entry, 3)) & site) == 0) continue;
      this.add(
        <StepKind>load<u8>(entry, 0),
        <StepCondition>load<u8>(entry, 1),
        load<u8>(entry, 2) != 0 ? Joint.Next : Joint.None,
      );
    }
  }
}

/** The registers that a step reads. */
function uses(kind: StepKind): u8 {
  switch (kind) {
    case StepKind.ClearPteIfSame:
    case StepKind.SetPteReadOnly:
    case StepKind.SetPteCopy:
    case StepKind.SetMigrationEntry:
    case StepKind.RemoveMigrationEntry:
    case StepKind.SetPteMerged:
      return REGISTER_FRAME | REGISTER_PAGE;
    case StepKind.ClearPte:
    case StepKind.NextPage:
    case StepKind.WriteProtectForChild:
    case StepKind.CopyUnlessPinned:
    case StepKind.ClearDetachedPte:
    case StepKind.Compare:
    case StepKind.MovePte:
    case StepKind.InstallPage:
      return REGISTER_PAGE;
    case StepKind.CopyPage:
    case StepKind.SetHuge:
    case StepKind.DropRmap:
    case StepKind.InstallMirror:
      return REGISTER_FRAME;
    case StepKind.CheckCountAndSequence:
    case StepKind.CheckSequence:
      return REGISTER_SEQUENCE;
    default:
      return 0;
  }
}

/** The registers that a step sets in any case. */
function overwrites(kind: StepKind): u8 {
  switch (kind) {
    case StepKind.CountUp:
    case StepKind.FlagSet:
      return REGISTER_FIRST;
    case StepKind.CountDown:
    case StepKind.FlagClear:
      return REGISTER_LAST;
    case StepKind.SampleNotifiers:
      return REGISTER_SAMPLED;
    case StepKind.SampleSequence:
    case StepKind.SampleEvenSequence:
      return REGISTER_SEQUENCE;
    case StepKind.CopyUnlessPinned:
      return REGISTER_FRAME;
    default:
      return 0;
  }
}

function usedBy(condition: StepCondition): u8 {
  switch (condition) {
    case StepCondition.First:
    case StepCondition.NotFirst:
      return REGISTER_FIRST;
    case StepCondition.Last:
    case StepCondition.NotLast:
      return REGISTER_LAST;
    case StepCondition.Sampled:
      return REGISTER_SAMPLED;
    default:
      return 0;
  }
}
