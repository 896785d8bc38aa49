/**
 * Reduction by partial order: which moves are independent of which in the present state.
 *
 * Models:     sleep sets. A move that was tried before another one need not be tried again behind
 *             it, if the two are independent: the other order has led there already. Every state is
 *             still reached, and in as few steps; only ways to reach it are left out.
 * Source:     P. Godefroid, Partial-order methods for the verification of concurrent systems
 *             (1996).
 *
 * A hot room: the moves of devices and others are compared once, those of tasks for each of their
 * steps.
 */
import { ActorKind, Joint, ProtocolTrait, StepKind } from "../abi/vocabulary";
import { allocate, byteAt, longAt, putByte, putLong } from "../base/bytes";
import { Program } from "../kernel/steps/program";
import { Task } from "../kernel/steps/task";
import { Footprint } from "./footprint";
import { Instance } from "./instance";
import { Moves, REUSE_TABLE } from "./moves";

/** Sets of moves are words of 64 bits. */
const MOVES_MAX: u32 = 64;
const TASKS_MAX: u32 = 4;
const PCS_MAX: u32 = 256;
const NO_TASK: u8 = 255;

export class Independence {
  /** For each move that is no task's the moves of that kind that are independent of it. */
  private readonly ofMoves: usize = allocate((<usize>MOVES_MAX) << 3);
  /** For each task and step the moves of no task that are independent of it, and its footprint. */
  private readonly ofSteps: usize = allocate((<usize>(TASKS_MAX * PCS_MAX)) << 3);
  private readonly reads: usize = allocate((<usize>(TASKS_MAX * PCS_MAX)) << 3);
  private readonly writes: usize = allocate((<usize>(TASKS_MAX * PCS_MAX)) << 3);
  private readonly taskOfMove: usize = allocate(MOVES_MAX);
  private readonly moveOfTask: usize = allocate(TASKS_MAX);
  private readonly tasks: StaticArray<Task>;
  /** For each move the moves that are independent of it in the present state. */
  private readonly present: usize = allocate((<usize>MOVES_MAX) << 3);

  constructor(
    private readonly instance: Instance,
    private readonly moves: Moves,
  ) {
    assert(moves.count <= MOVES_MAX, "a world has at most 64 moves where sets of them are kept");
    const threads = instance.secondThread == null ? 1 : 2;
    this.tasks = new StaticArray<Task>(threads + instance.devices);
    memory.fill(this.taskOfMove, NO_TASK, MOVES_MAX);
    this.findTasks();
    this.compareMoves();
    for (let i = 0; i < this.tasks.length; i++) this.compareSteps(i);
  }

  /** Looks at what the tasks are about to do in the present state. */
  prepare(): void {
    const count = this.moves.count;
    for (let move: u32 = 0; move < count; move++) {
      putLong(this.present, move, longAt(this.ofMoves, move));
    }
    for (let i = 0; i < this.tasks.length; i++) this.prepareTask(i);
  }

  /** The moves that are independent of `move` in the present state. */
  // @ts-ignore: decorator
  @inline
  of(move: u32): u64 {
    return longAt(this.present, move);
  }

  private prepareTask(i: i32): void {
    const at = stepIndex(i, this.tasks[i].pc);
    const own: u32 = byteAt(this.moveOfTask, i);
    let independent = longAt(this.ofSteps, at);
    let rest = independent;
    while (rest != 0) {
      const move = <u32>ctz(rest);
      rest &= rest - 1;
      putLong(this.present, move, longAt(this.present, move) | ((<u64>1) << own));
    }
    for (let j = 0; j < i; j++) {
      const other = stepIndex(j, this.tasks[j].pc);
      const writes = longAt(this.writes, at);
      const otherWrites = longAt(this.writes, other);
      const meet = (writes & longAt(this.reads, other)) | (otherWrites & longAt(this.reads, at));
      if ((meet | (writes & otherWrites)) != 0) continue;
      const otherMove: u32 = byteAt(this.moveOfTask, j);
      independent |= (<u64>1) << otherMove;
      putLong(this.present, otherMove, longAt(this.present, otherMove) | ((<u64>1) << own));
    }
    putLong(this.present, own, independent);
  }

  private findTasks(): void {
    let count: i32 = 0;
    const instance = this.instance;
    for (let move: u32 = 0; move < this.moves.count; move++) {
      const actor = this.moves.actor(move);
      if (actor == ActorKind.MmThread) this.tasks[count] = instance.mmThread;
      else if (actor == ActorKind.SecondMmThread) this.tasks[count] = instance.secondThread!;
      else if (actor == ActorKind.Handler) {
        this.tasks[count] = instance.handlers[this.moves.index(move)];
      } else continue;
      putByte(this.taskOfMove, move, <u8>count);
      putByte(this.moveOfTask, count++, <u8>move);
    }
  }

  private compareMoves(): void {
    const a = new Footprint();
    const b = new Footprint();
    for (let move: u32 = 0; move < this.moves.count; move++) {
      if (byteAt(this.taskOfMove, move) != NO_TASK) continue;
      this.describeMove(a, move);
      putLong(this.ofMoves, move, this.independentMoves(a, b));
    }
  }

  private compareSteps(i: i32): void {
    const a = new Footprint();
    const b = new Footprint();
    const program = this.tasks[i].program;
    const move: u32 = byteAt(this.moveOfTask, i);
    const isHandler = this.moves.actor(move) == ActorKind.Handler;
    const device = isHandler ? <i32>this.moves.index(move) : 0;
    for (let pc: u32 = 0; pc < program.length; pc++) {
      a.clear();
      if (isHandler) a.addHandler(device);
      addAction(a, program, pc, device, this.instance);
      const at = stepIndex(i, pc);
      putLong(this.reads, at, a.reads);
      putLong(this.writes, at, a.writes);
      putLong(this.ofSteps, at, this.independentMoves(a, b));
    }
  }

  /** The moves of no task that are independent of what `a` describes. */
  private independentMoves(a: Footprint, b: Footprint): u64 {
    let independent: u64 = 0;
    for (let other: u32 = 0; other < this.moves.count; other++) {
      if (byteAt(this.taskOfMove, other) != NO_TASK) continue;
      this.describeMove(b, other);
      if (a.isIndependentOf(b)) independent |= (<u64>1) << other;
    }
    return independent;
  }

  private describeMove(footprint: Footprint, move: u32): void {
    const moves = this.moves;
    const devices = this.instance.devices;
    footprint.clear();
    switch (moves.actor(move)) {
      case ActorKind.Device:
        footprint.addDeviceMove(moves.kind(move), <i32>moves.index(move));
        break;
      case ActorKind.Environment:
        footprint.addReuse(moves.index(move) == <u32>REUSE_TABLE);
        break;
      case ActorKind.Iommu:
        footprint.addQueuedInvalidation(devices);
        break;
      case ActorKind.Timer:
        footprint.addTimer(devices);
        break;
      case ActorKind.Unpinner:
        footprint.addUnpin(devices);
        break;
      default:
        footprint.addRegistration();
    }
  }
}

function stepIndex(task: i32, pc: u32): u32 {
  return <u32>task * PCS_MAX + pc;
}

/** All steps that the atomic action from `pc` on may take. */
function addAction(a: Footprint, program: Program, pc: u32, device: i32, instance: Instance): void {
  let at = pc;
  while (at < program.length) {
    const kind = program.kind(at);
    a.addStep(kind, device, instance.devices);
    if (instance.protocol.has(ProtocolTrait.Pins)) a.addPinDropped(kind);
    if (program.joint(at) == Joint.None) return;
    if (kind == StepKind.NextPage) addAction(a, program, program.target(at), device, instance);
    at++;
  }
}
