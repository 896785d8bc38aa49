/**
 * The PASID table: which page table a PASID translates through.
 *
 * Models:     a root per PASID, and the empty table that may stand in its place.
 * Source:     linux drivers/iommu/amd (GCR3 table); AMD I/O Virtualization Technology
 *             specification.
 */
import { allocate, putWord, wordAt } from "../../base/bytes";

export class PasidTable {
  private readonly roots: usize;
  /** Not zero: the PASID points to the empty table. */
  readonly emptied: usize;

  constructor(
    readonly pasids: u32,
    readonly emptyRoot: u32,
  ) {
    this.roots = allocate((<usize>pasids) << 2);
    this.emptied = allocate((<usize>pasids) << 2);
  }

  setRoot(pasid: u32, root: u32): void {
    putWord(this.roots, pasid, root);
  }

  /** The table that a walk for `pasid` starts at. */
  root(pasid: u32): u32 {
    return this.isEmptied(pasid) ? this.emptyRoot : wordAt(this.roots, pasid);
  }

  isEmptied(pasid: u32): bool {
    return wordAt(this.emptied, pasid) != 0;
  }

  setEmptied(pasid: u32, emptied: bool): void {
    putWord(this.emptied, pasid, emptied ? 1 : 0);
  }
}
