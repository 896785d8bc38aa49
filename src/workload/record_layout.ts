/**
 * The binary form of events that the core reads: fixed records of 80 bytes, little-endian. Their
 * offsets come from assembly/abi/records.ts (EventRecord), their numbers from
 * assembly/abi/recording.ts.
 *
 * ```
 *  offset  0        2        4                 8                 12                16
 *          +--------+--------+-----------------+-----------------+-----------------+
 *       0  |  kind  |  call  |      line       |       tid       |        p        |
 *          +--------+--------+-----+-----+-----+-----------------+-----------------+
 *      16  |       mm        | cpu |pres.|kthr.|                 t                 |
 *          +-----------------+-----+-----+-----+-----------------------------------+
 *      32  |                a0                 |                a1                 |
 *          +-----------------------------------+-----------------------------------+
 *      48  |                a2                 |                a3                 |
 *          +-----------------------------------+-----------------------------------+
 *      64  |                a4                 |                a5                 |
 *          +-----------------------------------+-----------------------------------+
 *
 *  kind   u16  RecordKind
 *  call   u16  x86-64 number of the call for Enter and Exit, 0xffff for a call without a number
 *              here (calls.ts); 0 for every other kind
 *  line   u32  line of the recording, from 1; 2^32-1 for any line beyond
 *  tid    u32  task that runs, from 1; 0 in a kernel thread
 *  p      u32  its process
 *  mm     u32  its mm
 *  cpu    u16
 *  pres.  u8   bit i: argument i was recorded; an argument that was not is 0
 *  kthr.  u8   Kthread in whose context the event came; 0 in a task of the program
 *  t      u64  nanoseconds since the first exec
 *  a0-a5  u64  arguments, see RecordKind; negative values in two's complement, 2^64-1 as it is
 * ```
 *
 * One event is one record, except a snapshot: SnapBegin, its vmas, its page runs, SnapEnd, all with
 * the same line. Enter and Exit of a call are joined by tid; calls of one task do not nest, but a
 * call may lack its Exit (exit_group, a task that was killed, the end of the recording).
 *
 * Words (file kinds, migration reasons, ...) are numbers of vocabulary.ts: from 1 in the order of
 * the list there, 0 for any other word.
 */
import { layout } from "../abi/layout.generated.js";

const record = layout.EventRecord;

export const RECORD_BYTES = record.size;

export const OFFSET_KIND = record.kind.offset;
export const OFFSET_CALL = record.call.offset;
export const OFFSET_LINE = record.line.offset;
export const OFFSET_TID = record.tid.offset;
export const OFFSET_P = record.p.offset;
export const OFFSET_MM = record.mm.offset;
export const OFFSET_CPU = record.cpu.offset;
export const OFFSET_PRESENT = record.present.offset;
export const OFFSET_KTHREAD = record.kthread.offset;
export const OFFSET_T = record.t.offset;
export const OFFSET_ARGS = record.a0.offset;
export const ARGS_MAX = 6;
