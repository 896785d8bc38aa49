/**
 * One task of a recorded program: the call or access it is in the middle of, and the events that go
 * with it.
 */
import { EventRun } from "./event_run";


@unmanaged
export class Task {
  tid: u32;
  process: u32;
  /** Address of the kernel's Mm. */
  mm: u32;
  /** The call entered and not left yet; 0xffffffff when there is none. */
  call: u32;
  callLine: u32;
  /** The call was carried out before its exit, because another task depended on it. */
  isCallDone: u32;
  /** The mm of a fork that was carried out before its child shows; 0 when there is none. */
  forked: u32;
  args0: u64;
  args1: u64;
  args2: u64;
  args3: u64;
  args4: u64;
  args5: u64;
  /** The accesses that the program announced: those from `opNext` on are still to come. */
  opKind: u32;
  opNext: u32;
  opCount: u32;
  opByte: u32;
  opStart: u64;
  opStep: u64;
  /** What the host says a text means; carried out at the task's `done`. */
  action: u32;
  actionLine: u32;
  action0: u64;
  action1: u64;
  action2: u64;
  action3: u64;
  /** Addresses of the two lists of events. */
  recordedRun: u32;
  predictedRun: u32;
  /** What the events belong to, for reports: a call number or a `During`. */
  during: u32;
  /** Local flushes that another CPU's request overtook, and those that it made needless. */
  overtaken: u32;
  absorbed: u32;
  /** Full flushes made while another task of the mm was in a call that gathers. */
  nested: u32;
  /** Its exit was seen, but the mm is not torn down yet. */
  isExiting: u32;
  cpu: u32;
  exitLine: u32;
  /** Faults since the task did anything else. */
  faultsInARow: u32;
  exitTime: u64;
  /** A write fault whose outcome is seen only from the events after it; 0 when there is none. */
  deferred: u64;
  /** The CPU of that fault. */
  deferredCpu: u32;
  /** That fault found the page writable: something was faster. */
  cameLate: u32;
}

export const NO_CALL: u32 = 0xffffffff;

export function recordedOf(task: Task): EventRun {
  return changetype<EventRun>(<usize>task.recordedRun);
}

export function predictedOf(task: Task): EventRun {
  return changetype<EventRun>(<usize>task.predictedRun);
}
