/** The AMD IOMMUv2 driver of Linux 3.17: an empty table stands in while a range pair is open. */
import type { ProtocolInput } from "../schema.js";

const counted: Pick<ProtocolInput, "rangeStart" | "rangeEnd"> = {
  rangeStart: ["count-up", "install-empty-table"],
  rangeEnd: ["count-down", "restore-table"],
};

export const emptyTable: readonly ProtocolInput[] = [
  {
    id: "empty-table",
    title: "points the PASID at an empty table from the first start to the last end",
    source: "linux 3.17 drivers/iommu/amd_iommu_v2.c",
    ...counted,
  },
  {
    id: "empty-table-overlap-flag",
    title: "the empty table with a flag in place of the count, and an overlapping range",
    rangeStart: ["flag-set", "install-empty-table"],
    rangeEnd: ["flag-clear", "restore-table"],
    traits: ["overlapping-thread"],
  },
  {
    id: "empty-table-overlap-count",
    title: "the empty table with its count, and an overlapping range",
    ...counted,
    traits: ["overlapping-thread"],
  },
];
