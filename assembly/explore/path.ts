/**
 * Paths, moves and states for the host to read; the layout is that of abi/records.ts.
 */
import { ActorKind } from "../abi/vocabulary";
import { MoveRecord, PathStep, StateRecord } from "../abi/records";
import { LEVEL_PMD } from "../base/page";
import { Tlb } from "../hardware/tlb/tlb";
import { Program } from "../kernel/steps/program";
import { Attachment } from "../kernel/steps/scene";
import { Task } from "../kernel/steps/task";
import { Explorer } from "./explorer";
import { NO_ROW } from "./state_store";

/** Writes a PathStep for each step up to and including the violating one; returns their number. */
export function tracePath(explorer: Explorer, property: u32, block: usize): u32 {
  if (!explorer.isViolated(property)) return 0;
  const store = explorer.store;
  const row = explorer.violationRow(property);
  const depth = explorer.depth(row);
  putStep(block, depth, explorer.violationMove(property), explorer.violationChoices(property));
  let at = row;
  for (let i = depth; i > 0; i--) {
    putStep(block, i - 1, store.move(at), store.choices(at));
    at = store.parent(at);
  }
  assert(store.parent(at) == NO_ROW, "a path begins at the initial state");
  return depth + 1;
}

function putStep(block: usize, at: u32, move: u32, choices: u32): void {
  const step = changetype<PathStep>(block + <usize>at * offsetof<PathStep>());
  step.move = move;
  step.choices = choices;
}

/** Says who moves and which steps of which program it takes. */
export function describeMove(explorer: Explorer, move: u32, block: usize): void {
  const moves = explorer.moves;
  const instance = explorer.instance;
  const record = changetype<MoveRecord>(block);
  record.actor = moves.actor(move);
  record.index = moves.index(move);
  record.kind = moves.kind(move);
  record.page = moves.page(move);
  record.steps = 0;
  const actor = moves.actor(move);
  if (actor == ActorKind.MmThread) describeTask(instance.mmThread, record, block);
  else if (actor == ActorKind.SecondMmThread) describeTask(instance.secondThread!, record, block);
  else if (actor == ActorKind.Handler) {
    describeTask(instance.handlers[moves.index(move)], record, block);
  }
}

function describeTask(task: Task, record: MoveRecord, block: usize): void {
  const program: Program = task.program;
  record.pc = task.pc;
  let at = task.pc;
  let kinds = block + offsetof<MoveRecord>();
  while (at < program.length) {
    store<u8>(kinds++, <u8>program.kind(at));
    record.steps++;
    if (!program.isJoined(at)) return;
    at++;
  }
}

/** What a reader of a counterexample wants beside each step. */
export function describeState(explorer: Explorer, block: usize): void {
  const scene = explorer.instance.scene;
  const record = changetype<StateRecord>(block);
  record.vmaExists = scene.mm.vmaExists;
  record.vmaIsWritable = scene.mm.vmaIsWritable;
  record.upper = load<u64>(scene.upperAddress());
  record.pte0 = load<u64>(scene.pteAddress(0));
  record.pte1 = scene.mm.pages > 1 ? load<u64>(scene.pteAddress(1)) : 0;
  record.owner0 = scene.frames.owner(scene.dataFrames[0]);
  record.owner1 = scene.frames.owner(scene.dataFrames[1]);
  record.tableOwner = scene.frames.owner(scene.mm.pteTable);
  record.marks0 = load<u8>(scene.oracle.marks + <usize>scene.dataFrames[0]);
  record.marks1 = load<u8>(scene.oracle.marks + <usize>scene.dataFrames[1]);
  record.isEmptied = scene.pasids.isEmptied(scene.mm.asid) ? 1 : 0;
  record.count = scene.driver.count;
  record.sequence = scene.driver.sequence;
  for (let i = 0; i < scene.attachments.length; i++) {
    describeAttachment(explorer, scene.attachments[i], block, i);
  }
}

function describeAttachment(
  explorer: Explorer,
  attachment: Attachment,
  block: usize,
  i: i32,
): void {
  const base = block + offsetof<StateRecord>() + ((<usize>i) << 6);
  const pages = explorer.instance.pages;
  putSlots(base, attachment.device.atc, pages);
  const iotlb = attachment.iotlb;
  putSlots(base + 16, iotlb, pages);
  putSlots(base + 32, attachment.mirror, pages);
  const cache = attachment.walkCache.ofLevel(LEVEL_PMD)!;
  store<u32>(base, cache.isValid(0) ? 1 : 0, 48);
  store<u32>(base, load<u8>(attachment.device.requestState), 52);
  store<u32>(base, load<u8>(attachment.device.inFlight), 56);
  store<u32>(base, attachment.device.isFailed, 60);
}

/** Two payloads, all ones where nothing is cached. */
function putSlots(base: usize, tlb: Tlb | null, pages: u32): void {
  for (let page: u32 = 0; page < 2; page++) {
    const isCached = tlb != null && page < pages && tlb.isValid(page);
    store<u64>(base + ((<usize>page) << 3), isCached ? tlb!.payload(page) : u64.MAX_VALUE);
  }
}
