/**
 * Everything that a step can touch, wired once: one mm, its drivers, its devices.
 */
import { Device } from "../../hardware/device/device";
import { PasidTable } from "../../hardware/iommu/pasid_table";
import { PhysicalMemory } from "../../hardware/memory/physical_memory";
import { WalkCache } from "../../hardware/pgtable/walk_cache";
import { Walker } from "../../hardware/pgtable/walker";
import { Tlb } from "../../hardware/tlb/tlb";
import { Oracle } from "../../oracle/oracle";
import { ChoicePath } from "../../sim/choice";
import { DriverState } from "../driver/driver_state";
import { FrameTable } from "../frame_table";
import { Locks } from "../locks";
import { Protocol } from "./program";

/** What stands between one device and memory. */
export class Attachment {
  /**
   * `iotlb` null: the ATC is filled by the walker itself. `mirror` null: it reads the mm's table;
   * a driver has one mirror for all of its devices.
   */
  constructor(
    readonly device: Device,
    readonly iotlb: Tlb | null,
    readonly walkCache: WalkCache,
    readonly mirror: Tlb | null,
  ) {}
}

/** The mm's one VMA and the tables under it. */
export class MmScene {
  vmaExists: u32 = 1;
  vmaIsWritable: u32 = 1;

  /** `firstVpn` is the first page of the VMA, `pages` their number; `upper` their pmd entry. */
  constructor(
    readonly asid: u32,
    readonly firstVpn: u64,
    readonly pages: u32,
    readonly root: u32,
    readonly pmdTable: u32,
    readonly pteTable: u32,
  ) {}
}

/** A write to a page that another mm shares: waits for the mm's own copy, or is refused. */
export enum SharedWrite {
  Waits,
  Invalid,
}

export class Scene {
  sharedWrite: SharedWrite = SharedWrite.Waits;
  /** The operation moves its first frame to another address, where the mm goes on to use it. */
  movesPages: bool = false;

  constructor(
    readonly memory: PhysicalMemory,
    readonly frames: FrameTable,
    readonly oracle: Oracle,
    readonly choice: ChoicePath,
    readonly walker: Walker,
    readonly pasids: PasidTable,
    readonly locks: Locks,
    readonly mm: MmScene,
    readonly driver: DriverState,
    readonly protocol: Protocol,
    readonly attachments: StaticArray<Attachment>,
    /** The frames of the instance: F0, F1. */
    readonly dataFrames: StaticArray<u32>,
  ) {}

  /** Where page `page` of the VMA has its pte. */
  pteAddress(page: u32): usize {
    const index = (<u32>(this.mm.firstVpn + page)) & 511;
    return this.memory.entryAddress(this.mm.pteTable, index);
  }

  /** Where the pmd entry of the VMA lies. */
  upperAddress(): usize {
    return this.memory.entryAddress(this.mm.pmdTable, (<u32>(this.mm.firstVpn >> 9)) & 511);
  }
}
