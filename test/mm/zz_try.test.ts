import { test } from "vitest";
import { KernelProbe } from "../support/kernel_probe.js";
import { Program, PAGE, BLOCK, R, RW, PRIVATE, at } from "../support/program.js";
import { ReplayAction } from "../../src/abi/recording.generated.js";
const HUGE = 0x40000;
type Case = { name: string; settings?: object; prepare: (p: Program) => unknown; act: (p: Program) => unknown };
const cases: Case[] = [
  { name: "munmap1", prepare: (p) => p.map(0, 8).write(0, 8).drain(), act: (p) => p.unmap(0, 8) },
  { name: "mapfixed", prepare: (p) => p.map(0, 8).write(0, 8).drain(), act: (p) => p.map(0, 8) },
  { name: "big", prepare: (p) => p.map(0, 9800).write(0, 9800).drain(), act: (p) => p.unmap(0, 9800) },
  { name: "exit", prepare: (p) => p.map(0, 8).write(0, 8).drain(), act: (p) => p.end() },
  { name: "exit2", prepare: (p) => {p.map(0, 8).write(0, 8).drain(); const t = p.thread(0); p.write(9,0,t);}, act: (p) => p.end() },
  { name: "reclaimT", prepare: (p) => p.map(0, 512).write(0, 2).drain(), act: (p) => p.advise(0, 512, 4) },
  { name: "free", prepare: (p) => p.map(0, 4).write(0, 4).touch(0,4).drain(), act: (p) => p.advise(0, 4, 8) },
  { name: "cold", prepare: (p) => p.map(0, 4).write(0, 4).drain(), act: (p) => p.advise(0, 4, 20) },
  { name: "guard", prepare: (p) => p.map(0, 4).write(0, 4).drain(), act: (p) => p.advise(0, 4, 102) },
  { name: "truncate", prepare: (p) => p.file(10, "memfd", 8).map(0, 8, RW, 1, 10).write(0, 8).drain(), act: (p) => p.call("ftruncate", { fd: 10, len: 6 * PAGE }) },
  { name: "punch", prepare: (p) => p.file(10, "memfd", 8).map(0, 8, RW, 1, 10).write(0, 8).drain(), act: (p) => p.call("fallocate", { fd: 10, mode: 3, off: 4*PAGE, len: 2 * PAGE }) },
  { name: "mprotect", prepare: (p) => p.map(0, 4).write(0, 4).drain(), act: (p) => p.protect(0, 4, R) },
  { name: "mremap", prepare: (p) => p.map(0, 4).write(0, 4).drain(), act: (p) => p.remap(0,4,100) },
  { name: "mremapPMD", prepare: (p) => p.map(512, 512).write(512, 4).drain(), act: (p) => p.remap(512,512,2048) },
  { name: "hugetlb mprotect", prepare: (p) => p.map(512, 1024, RW, PRIVATE|HUGE).write(512,1).write(1024,1).drain(), act: (p) => p.protect(512,1024,R) },
  { name: "hugetlb mremap", prepare: (p) => p.map(512, 1024, RW, PRIVATE|HUGE).write(512,1).write(1024,1).drain(), act: (p) => p.remap(512,1024,4096) },
  { name: "hugetlb fork", prepare: (p) => p.map(512, 1024, RW, PRIVATE|HUGE).write(512,1).write(1024,1).drain(), act: (p) => p.fork() },
  { name: "hugetlb cow", prepare: (p) => {p.map(512, 1024, RW, PRIVATE|HUGE).write(512,1).write(1024,1).drain(); p.fork()}, act: (p) => p.write(512,1) },
  { name: "hugetlb zap", prepare: (p) => p.map(512, 1024, RW, PRIVATE|HUGE).write(512,1).write(1024,1).drain(), act: (p) => p.unmap(512,1024) },
  { name: "fork", prepare: (p) => p.map(0, 4).write(0, 4).drain(), act: (p) => p.fork() },
  { name: "cow", prepare: (p) => {p.map(0, 4).write(0, 4).drain(); p.fork()}, act: (p) => p.write(0,1) },
  { name: "reuse", prepare: (p) => {p.map(0, 4).write(0, 4).drain(); p.exit(p.fork())}, act: (p) => p.write(0,1) },
  { name: "hugezero", settings: {thp: "always"}, prepare: (p) => p.map(512, 512).read(512,1).drain(), act: (p) => p.write(512,1) },
  { name: "hugecow", settings: {thp: "always"}, prepare: (p) => {p.map(512, 512).write(512,1).drain(); p.fork();}, act: (p) => p.write(512,1) },
  { name: "split", settings: {thp: "always"}, prepare: (p) => p.map(512, 512).write(512,1).drain(), act: (p) => p.protect(512,1,R) },
  { name: "mprotect thp", settings: {thp: "always"}, prepare: (p) => p.map(512, 512).write(512,1).drain(), act: (p) => p.protect(512,512,R) },
  { name: "collapse", prepare: (p) => p.map(512, 512).write(512,4).drain(), act: (p) => p.advise(512,512,25) },
  { name: "retract", prepare: (p) => p.file(10,"memfd",512).map(512, 512, RW,1,10).write(512,2).drain(), act: (p) => p.advise(512,512,25) },
  { name: "ksm", prepare: (p) => p.map(0, 2).write(0,2).drain().advise(0,2,12), act: (p) => { const i = (n:number)=>p.kernelThread("ksmd",{ev:"inval",start:at(n),end:at(n+1)} as never); i(0); p.kernelThread("ksmd",{ev:"ksm",what:"ksm_merge_with_ksm_page",err:0} as never); i(1); i(1); p.kernelThread("ksmd",{ev:"ksm",what:"ksm_merge_with_ksm_page",err:0} as never);} },
  { name: "pageout", settings: {swap:true}, prepare: (p) => p.map(0, 2).write(0,2).drain(), act: (p) => p.advise(0,2,21) },
  { name: "pageout2", settings: {swap:true}, prepare: (p) => {p.map(0, 2).write(0,2).drain(); p.thread(0);}, act: (p) => p.advise(0,2,21) },
  { name: "migrate", prepare: (p) => p.map(0, 2).write(0,2).drain(), act: (p) => { p.kernelThread("kcompactd0",{ev:"mig_set",addr:at(0),order:0} as never); p.kernelThread("kcompactd0",{ev:"mig_clear",addr:at(0),order:0} as never);} },
  { name: "mkclean", prepare: (p) => p.file(10, "ext4", 8).map(0, 8, RW, 1, 10).read(0, 8).write(2, 2).drain(), act: (p) => p.call("fsync",{fd:10}) },
  { name: "uffdmove", prepare: (p) => p.map(0, 4).map(4,4).write(4,4).drain(), act: (p) => p.act(ReplayAction.UffdMove, at(0), at(4), at(4)) },
  { name: "softdirty", prepare: (p) => p.map(0, 4).write(0,4).drain(), act: (p) => p.act(ReplayAction.ClearSoftDirty) },
  { name: "scan", prepare: (p) => p.map(0, 4).write(0,4).drain(), act: (p) => p.act(ReplayAction.ScanWritten, at(0), at(4)) },
  { name: "sparse mprotect", prepare: (p) => p.map(0, 262144*2-8).write(1024,1).write(3000,1).write(262144+600,1), act: (p) => p.protect(0,262144*2-8,R) },
  { name: "never", prepare: (p) => p.map(0, 4), act: (p) => p.write(0,4) },
];
const only = process.env.ONLY;
test("x", async () => {
  for (const c of cases) { if (only && !only.split(",").includes(c.name)) continue;
    console.log("== " + c.name);
    for (const arch of ["x86","arm64"] as const) for (const era of ["3.17","3.19","4.15","6.4","6.19"] as const) {
      const k = await KernelProbe.boot(era, arch, c.settings ?? {});
      c.prepare(k.program);
      console.log(era, arch, k.tell(c.act).join("; "), k.program.audit() || "");
    }
  }
});
