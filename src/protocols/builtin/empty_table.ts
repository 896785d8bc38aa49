/** The AMD IOMMUv2 driver of Linux 3.17: an empty table stands in while a range pair is open. */
import type { ProtocolInput } from "../schema.js";

/** Whoever is first or last keeps the driver's lock until the table has changed. */
const counted = {
  rangeStart: [
    { do: "lock-driver", joined: true },
    { do: "count-up", joined: true },
    { do: "unlock-driver", if: "not-first" },
    { do: "install-empty-table", joined: true },
    { do: "unlock-driver", if: "first" },
  ],
  rangeEnd: [
    { do: "lock-driver", joined: true },
    { do: "count-down", joined: true },
    { do: "unlock-driver", if: "not-last" },
    { do: "restore-table", joined: true },
    { do: "unlock-driver", if: "last" },
  ],
} satisfies Pick<ProtocolInput, "rangeStart" | "rangeEnd">;

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
    rangeStart: [
      { do: "lock-driver", joined: true },
      "flag-set",
      { do: "install-empty-table", joined: true },
      "unlock-driver",
    ],
    rangeEnd: [
      { do: "lock-driver", joined: true },
      "flag-clear",
      { do: "restore-table", joined: true },
      "unlock-driver",
    ],
    traits: ["overlapping-thread"],
  },
  {
    id: "empty-table-overlap-count",
    title: "the empty table with its count, and an overlapping range",
    ...counted,
    traits: ["overlapping-thread"],
  },
];
