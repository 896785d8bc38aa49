/**
 * What the texts of small programs mean: they stand where no system call is recorded.
 *
 * The numbers that a text leaves out are arguments of the program, which the header names.
 */
import { ReplayAction } from "../abi/recording.generated.js";
import type { TextEvent } from "../workload/recording.js";
import type { ProgramArgs } from "./program_args.js";

const PAGE = 4096;
const BLOCK = 2 * 2 ** 20;
const MODE_MISSING = 1;
const MODE_WP = 2;
const MODE_WP_ASYNC = 4;

type Translate = (args: ProgramArgs, base: number) => number[];

/** A text, and its action with arguments; `base` is where the program's memory begins. */
const MEANINGS: readonly (readonly [text: RegExp, translate: Translate])[] = [
  [/^clear_refs 4/, () => [ReplayAction.ClearSoftDirty]],
  [
    /^write m pages at page at through \/proc\/self\/mem/,
    (args, base) => {
      const start = base + args.get("at", 2) * PAGE;
      return [ReplayAction.WriteForced, start, start + args.get("m", 2) * PAGE];
    },
  ],
  [
    /^pwrite O_DIRECT over/,
    (args) => [ReplayAction.WriteDirect, 10, args.get("lo", 4), args.get("hi", 8)],
  ],
  [
    /^UFFDIO_REGISTER, write-protect mode/,
    (args, base) => [ReplayAction.UffdRegister, base, base + args.get("n", 10) * PAGE, MODE_WP],
  ],
  [
    /^UFFDIO_API and UFFDIO_REGISTER with async write-protection/,
    (args, base) => [
      ReplayAction.UffdRegister,
      base,
      base + args.get("n", 12) * PAGE,
      MODE_WP | MODE_WP_ASYNC,
    ],
  ],
  [/^UFFDIO_WRITEPROTECT on/, (args, base) => [...protectedRange(args, base), 1]],
  [/^UFFDIO_WRITEPROTECT off/, (args, base) => [...protectedRange(args, base), 0]],
  [
    /^UFFDIO_UNREGISTER/,
    (args, base) => [ReplayAction.UffdUnregister, base, base + args.get("n", 10) * PAGE],
  ],
  [
    /^UFFDIO_COPY of c pages/,
    (args, base) => [ReplayAction.UffdCopy, base, base + args.get("c", 3) * PAGE],
  ],
  [
    /^UFFDIO_ZEROPAGE of z pages/,
    (args, base) => {
      const start = base + args.get("c", 3) * PAGE;
      return [ReplayAction.UffdZero, start, start + args.get("z", 2) * PAGE];
    },
  ],
  [
    /^UFFDIO_MOVE of m pages/,
    (args, base) => {
      const start = base + (args.get("c", 3) + args.get("z", 2)) * PAGE;
      return [ReplayAction.UffdMove, start, start + args.get("m", 2) * PAGE, base + 64 * BLOCK];
    },
  ],
  [
    /^PAGEMAP_SCAN, write-protecting/,
    (args, base) => [ReplayAction.ScanWritten, base, base + args.get("n", 12) * PAGE],
  ],
  [
    /^the ranges: k times len pages/,
    (args, base) => {
      const length = args.get("len", 3) * PAGE;
      return [
        ReplayAction.AdviseRanges,
        base,
        args.get("k", 4),
        length,
        length + args.get("gap", 2) * PAGE,
      ];
    },
  ],
  [
    /^lower the limit of the group/,
    (args, base) => [ReplayAction.ReclaimPages, base, base + args.get("n", 64) * PAGE],
  ],
];

function protectedRange(args: ProgramArgs, base: number): number[] {
  return [
    ReplayAction.UffdProtect,
    base + args.get("lo", 2) * PAGE,
    base + args.get("hi", 7) * PAGE,
  ];
}

/** The action that a text announces, with its arguments; null when its events need none. */
export function actionOf(
  event: TextEvent,
  args: ProgramArgs,
  window: number,
): readonly number[] | null {
  const base = window + args.get("off", 0);
  for (const [text, translate] of MEANINGS) {
    if (text.test(event.text)) return translate(args, base);
  }
  return null;
}

/** The mode bits that userfaultfd registers for missing pages. */
export const UFFD_MISSING = MODE_MISSING;
