/**
 * The system calls that matter to memory: their numbers and the names of their arguments.
 *
 * Models:     the x86-64 interface. A call's number is the kernel's own, and argument i of the
 *             table is the one the kernel takes in register i (rdi, rsi, rdx, r10, r8, r9).
 * Source:     linux 6.18 arch/x86/entry/syscalls/syscall_64.tbl and the SYSCALL_DEFINE of each
 *             call.
 */

export interface Call {
  name: string;
  /** Number in syscall_64.tbl. */
  number: number;
  /** Argument names in register order. */
  args: readonly string[];
  /** Those of `args` that are addresses, which a recording writes in hexadecimal. */
  addressArgs: ReadonlySet<string>;
  /** Those of `args` that a recording of the call must have. */
  requiredArgs: ReadonlySet<string>;
  /** Those of `args` that are lengths which the call refuses from 2^63 on, as negative ones. */
  boundedArgs: ReadonlySet<string>;
  /** The result is an address (or a negative errno). */
  returnsAddress: boolean;
  /**
   * It can change an mm, the pages of a file or a policy; importers leave out the calls that
   * cannot.
   */
  concernsMm: boolean;
}

/** Number given to a call that the tables do not have; no call of x86-64 has it. */
export const UNKNOWN_CALL = 0xffff;

/**
 * One call a line: number, name, arguments, and `-> *` where the result is an address. Marks of an
 * argument: `*` an address; `^` a length that the call refuses from 2^63 on; `?` one that may be
 * left out, because nothing here reads it or tools show what it points to.
 */
const TABLE = `
9 mmap addr* len^ prot flags fd off -> *
10 mprotect addr* len^ prot
11 munmap addr* len^
12 brk addr* -> *
16 ioctl fd cmd arg*?
25 mremap addr* old_len new_len^ flags new_addr* -> *
26 msync addr* len flags
28 madvise addr* len^ advice
29 shmget key? size? flags?
30 shmat shmid addr* flags -> *
31 shmctl shmid cmd buf*?
56 clone flags stack* parent_tid*? child_tid*? tls*?
57 fork
58 vfork
59 execve filename*? argv*? envp*?
60 exit status
67 shmdt addr*
74 fsync fd
75 fdatasync fd
76 truncate path*? len^
77 ftruncate fd len^
149 mlock addr* len
150 munlock addr* len
151 mlockall flags
152 munlockall
157 prctl option arg2* arg3*? arg4*? arg5*?
158 arch_prctl option arg2*
162 sync
167 swapon path*? flags?
168 swapoff path*?
216 remap_file_pages addr* len prot pgoff flags
231 exit_group status
237 mbind addr* len mode nodemask*? maxnode flags
238 set_mempolicy mode nodemask*? maxnode?
256 migrate_pages pid maxnode old*? new*?
277 sync_file_range fd off len flags
279 move_pages pid count pages*? nodes*? status*? flags
285 fallocate fd mode off len
306 syncfs fd
311 process_vm_writev pid lvec*? liovcnt? rvec*? riovcnt? flags?
319 memfd_create name*? flags?
322 execveat fd? filename*? argv*? envp*? flags?
323 userfaultfd flags
325 mlock2 addr* len flags
329 pkey_mprotect addr* len^ prot pkey
434 pidfd_open pid flags?
435 clone3 uargs*? size?
440 process_madvise pidfd vec*? vlen advice flags
447 memfd_secret flags?
448 process_mrelease pidfd flags?
450 set_mempolicy_home_node addr* len home_node flags?
453 map_shadow_stack addr* size flags -> *
462 mseal addr* len flags
`;

/**
 * Calls that move data, wait or ask: they may fault, but no mapping and no file's page changes
 * hands. A recording may leave out any of their arguments.
 */
const BYSTANDERS = `
0 read fd buf* count
1 write fd buf* count
2 open filename* flags mode
3 close fd
17 pread64 fd buf* count pos
18 pwrite64 fd buf* count pos
19 readv fd vec* vlen
20 writev fd vec* vlen
27 mincore addr* len vec*
40 sendfile out_fd in_fd offset* count
61 wait4 pid status* options rusage*
160 setrlimit resource rlim*
187 readahead fd off count
221 fadvise64 fd off len advice
239 get_mempolicy policy* nodemask* maxnode addr* flags
247 waitid which pid info* options rusage*
257 openat dfd filename* flags mode
275 splice fd_in off_in* fd_out off_out* len flags
278 vmsplice fd vec* vlen flags
295 preadv fd vec* vlen pos_low pos_high
296 pwritev fd vec* vlen pos_low pos_high
302 prlimit64 pid resource new_rlim* old_rlim*
310 process_vm_readv pid lvec* liovcnt rvec* riovcnt flags
324 membarrier cmd flags cpu
326 copy_file_range fd_in off_in* fd_out off_out* len flags
327 preadv2 fd vec* vlen pos_low pos_high flags
328 pwritev2 fd vec* vlen pos_low pos_high flags
330 pkey_alloc flags init_val
331 pkey_free pkey
436 close_range fd max_fd flags
451 cachestat fd range* cstat* flags
`;

function parseRows(rows: string, concernsMm: boolean): Call[] {
  return rows
    .trim()
    .split("\n")
    .map((row) => {
      const [left = "", result] = row.split(" -> ");
      const [number = "", name = "", ...args] = left.split(" ");
      const marked = (mark: string): Set<string> => namesOf(args.filter((a) => a.includes(mark)));
      return {
        name,
        number: Number(number),
        args: args.map(bareName),
        addressArgs: marked("*"),
        requiredArgs: namesOf(concernsMm ? args.filter((arg) => !arg.includes("?")) : []),
        boundedArgs: marked("^"),
        returnsAddress: result !== undefined,
        concernsMm,
      };
    });
}

function namesOf(args: readonly string[]): Set<string> {
  return new Set(args.map(bareName));
}

function bareName(arg: string): string {
  return arg.replace(/[*^?]+$/, "");
}

/** Every call of the tables, by ascending number. */
export const CALLS: readonly Call[] = [
  ...parseRows(TABLE, true),
  ...parseRows(BYSTANDERS, false),
].toSorted((a, b) => a.number - b.number);

const BY_NAME = new Map(CALLS.map((call) => [call.name, call]));
const BY_NUMBER = new Map(CALLS.map((call) => [call.number, call]));

/** The call of this name, or undefined when the table does not have it. */
export function callByName(name: string): Call | undefined {
  return BY_NAME.get(name);
}

/** The call of this number, or undefined when the table does not have it. */
export function callByNumber(number: number): Call | undefined {
  return BY_NUMBER.get(number);
}
