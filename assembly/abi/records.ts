/**
 * Layouts that the host reads in place. The build writes their offsets to
 * src/abi/layout.generated.ts; classes here have fields and no methods.
 */

/** One step of a path: 8 bytes. */
@unmanaged
export class PathStep {
  move: u32;
  choices: u32;
}

/** Who moves, and how many steps of its program follow as bytes: 24 bytes and `steps`. */
@unmanaged
export class MoveRecord {
  actor: u32;
  index: u32;
  kind: u32;
  page: u32;
  steps: u32;
  pc: u32;
}

/** A state for people to read; 64 bytes for each device follow. */
@unmanaged
export class StateRecord {
  upper: u64;
  pte0: u64;
  pte1: u64;
  vmaExists: u32;
  vmaIsWritable: u32;
  owner0: u32;
  owner1: u32;
  tableOwner: u32;
  marks0: u32;
  marks1: u32;
  isEmptied: u32;
  count: u32;
  sequence: u32;
}
