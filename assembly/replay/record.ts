/**
 * One record as the host encodes it; the layout and the meaning of the arguments are the host's
 * (src/workload/record_layout.ts).
 */
@unmanaged
export class Record {
  kind: u16;
  call: u16;
  line: u32;
  tid: u32;
  p: u32;
  mm: u32;
  cpu: u16;
  present: u8;
  kthread: u8;
  t: u64;
  a0: u64;
  a1: u64;
  a2: u64;
  a3: u64;
  a4: u64;
  a5: u64;
}

export const RECORD_BYTES: u32 = 80;

export const enum RecordKind {
  Exec = 1,
  Notifier = 2,
  Fini = 3,
  Newtask = 4,
  Taskexit = 5,
  Enter = 6,
  Exit = 7,
  Fault = 8,
  Inval = 9,
  Age = 10,
  TestAge = 11,
  Tlb = 12,
  MigSet = 13,
  MigClear = 14,
  Migrate = 15,
  Thp = 16,
  Ksm = 17,
  Begin = 18,
  End = 19,
  Op = 20,
  Done = 21,
  Signal = 22,
  File = 23,
  Text = 24,
  Window = 25,
  SnapBegin = 26,
  SnapVma = 27,
  SnapPages = 28,
  SnapEnd = 29,
  /** Ours: what a text means; action, then its arguments. */
  Action = 40,
}
