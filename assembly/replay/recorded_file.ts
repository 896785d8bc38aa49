/**
 * A file that the harness of a small program made before the program used it.
 *
 * Models:     the harness writes in pieces of 64 KiB; ext4 caches each piece in folios as large as
 *             fit.
 */
import { EventRecord } from "../abi/records";
import { Kernel } from "../kernel/kernel";
import { FileKind } from "../kernel/mm/files";
import { FRAME_DIRTY } from "../kernel/mm/frames";
import { addFolioToCache } from "../kernel/mm/install";
import { Descriptors } from "./descriptors";
import { Task } from "./task";

export function makeRecordedFile(
  kernel: Kernel,
  descriptors: Descriptors,
  task: Task,
  record: EventRecord,
): void {
  const kind = <FileKind>record.a1;
  const file = kernel.files.make(kind, record.a2);
  descriptors.set(task.process, <u32>record.a0, file);
  const pages = (record.a3 + 4095) >> 12;
  let index: u64 = 0;
  while (index < pages) {
    let order: u32 = 0;
    if (kind == FileKind.Ext4) {
      const piece = min((index | 15) + 1, pages) - index;
      while ((<u64>2) << order <= piece && (index & (((<u64>2) << order) - 1)) == 0) order++;
    }
    const pfn = addFolioToCache(kernel, file, index, order);
    if (kind != FileKind.Ext4) kernel.frames.at(pfn).flags |= FRAME_DIRTY;
    index += (<u64>1) << order;
  }
}
