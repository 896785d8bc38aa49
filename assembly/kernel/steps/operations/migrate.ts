/**
 * Migration of a page: no mmap_lock, the reverse-map lock and a migration entry instead.
 *
 * Models:     the migration entry that makes faults wait, and the copy after the range pair.
 * Source:     linux mm/rmap.c (try_to_migrate_one), mm/migrate.c (remove_migration_pte)
 */
import { FlushSite, Hook, StepKind } from "../../../abi/vocabulary";
import { Program, Protocol } from "../program";
import { addFlush, addFreePages, addRangeEnd, addRangeStart } from "./pieces";

export function migrate(program: Program, protocol: Protocol): void {
  program.add(StepKind.RmapLock);
  addRangeStart(program, protocol);
  program.hook(protocol, Hook.BeforeChange);
  program.join(StepKind.PtlLock);
  program.add(StepKind.ClearPte);
  addFlush(program, protocol, FlushSite.Migrate);
  const set = program.join(StepKind.SetMigrationEntry);
  program.add(StepKind.PtlUnlock);
  addRangeEnd(program, protocol);
  program.join(StepKind.RmapUnlock);
  program.add(StepKind.CopyPage);
  program.add(StepKind.RemoveMigrationEntry);
  addFreePages(program, protocol);
  program.add(StepKind.Done);

  program.setTarget(set, program.length);
  addRangeEnd(program, protocol);
  program.add(StepKind.RmapUnlock);
  program.add(StepKind.Done);
}
