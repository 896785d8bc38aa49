/**
 * Who else is there while a recording is fed to the mm: nobody in a replay, devices in a timed run.
 */
import { Access } from "../kernel/mm/access";
import { Mm } from "../kernel/mm/mm";
import { Task } from "./task";

export abstract class Stage {
  /** The recorded time of the record that is taken. */
  time: u64 = 0;

  /** The mm begins to work for `task`: a call, a fault, a fork. */
  abstract begin(task: Task, mm: Mm, cpu: u32): void;

  /** That work is over. */
  abstract end(mm: Mm): void;

  /** What was recorded is to be compared with what is predicted. */
  abstract compares(): bool;

  /** The program accesses `va`, and the hardware will raise a page fault. */
  faults(mm: Mm, va: u64, access: Access): void {}

  /** That fault has mapped the page, and the access is repeated. */
  touched(mm: Mm, va: u64, access: Access): void {}

  /** The program accesses `va`, without a fault. */
  accessed(mm: Mm, va: u64, access: Access): void {}

  notifierRegistered(mm: Mm): void {}

  /** The mm is about to be torn down. */
  exits(mm: Mm): void {}
}
