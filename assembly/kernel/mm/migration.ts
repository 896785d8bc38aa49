/**
 * A page on its way to another frame: its entry is out of the hardware's reach until it is back.
 *
 * Models:     the absence of the page between the two steps of a migration.
 * Simplifies: the entry keeps the old frame, marked, so that the kernel still finds the page; it is
 *             no migration entry.
 * Source:     linux 6.18 mm/rmap.c (try_to_migrate_one), mm/migrate.c (remove_migration_pte)
 */
import {
  PTE_PRESENT,
  PTE_PROTNONE,
  PTE_SWAP_EXCLUSIVE,
  invalidEntry,
  isPresent,
} from "../../hardware/pgtable/pte";
import { Kernel } from "../kernel";
import { Mm } from "./mm";

export function hideUnderMigration(kernel: Kernel, mm: Mm, va: u64): void {
  const address = kernel.tables.findPte(mm, va);
  if (address == 0 || !isPresent(load<u64>(address))) return;
  store<u64>(address, hiddenEntry(load<u64>(address)));
}

/** What stands for a present entry until its page is back. */
export function hiddenEntry(entry: u64): u64 {
  return invalidEntry(entry) | PTE_SWAP_EXCLUSIVE;
}

/** A fault on the page waits until it is back. */
export function isUnderMigration(entry: u64): bool {
  return (entry & (PTE_PROTNONE | PTE_SWAP_EXCLUSIVE)) == (PTE_PROTNONE | PTE_SWAP_EXCLUSIVE);
}

/** The entry as the hardware may use it again. */
export function showAfterMigration(entry: u64): u64 {
  if (!isUnderMigration(entry)) return entry;
  return (entry & ~(PTE_PROTNONE | PTE_SWAP_EXCLUSIVE)) | PTE_PRESENT;
}
