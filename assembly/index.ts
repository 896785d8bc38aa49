/**
 * Every function that the host may call, one line each; no logic lives here.
 */
import { DeviceReport, ExploreSpec, TimingRecord } from "./abi/records";
import { Arch, Era, Property, Taker, Timing } from "./abi/vocabulary";
import { allocate } from "./base/bytes";
import { describeMove, describeState } from "./explore/describe";
import { Explorer } from "./explore/explorer";
import { PROTOCOL_BYTES } from "./kernel/steps/program";
import * as host from "./replay/host_interface";
import { addressOf } from "./timed/host_notifier";
import { Simulation } from "./timed/simulation";
import {
  bootExplorer,
  bootKernels,
  bootLineReader,
  bootProbe,
  bootReplay,
  bootSimulation,
  theWorld,
} from "./world";

/** Where the host writes the encoded protocol before it boots. */
export function protocolBlock(): usize {
  return memory.data(PROTOCOL_BLOCK);
}

/** Where paths, moves and states are described for the host to read. */
export function reportBlock(): usize {
  return memory.data(REPORT_BLOCK);
}

const PROTOCOL_BLOCK: i32 = 1024;
const REPORT_BLOCK: i32 = 16384;

/** Boots what the ExploreSpec in the report block says, under the protocol in its block. */
export function exploreBoot(): void {
  assert(<usize>PROTOCOL_BLOCK >= PROTOCOL_BYTES, "the protocol block holds a protocol");
  bootExplorer(protocolBlock(), changetype<ExploreSpec>(reportBlock()));
}

/** Does up to `budget` pieces of work; returns an ExploreEnd. */
export function exploreRun(budget: u32, maxStates: u32, maxBytes: f64, maxDepth: u32): i32 {
  return explorer().search.run(budget, maxStates, maxBytes, maxDepth);
}

/** The operation comes to its end in some state. */
export function exploreEnds(): bool {
  return explorer().breadthFirst().ends();
}

/** The operation comes to its end in some state, and leaves nothing of the driver open there. */
export function exploreEndsTidily(): bool {
  return explorer().breadthFirst().endsTidily();
}

/** Steps from the initial state to the states that lie deepest so far. */
export function exploreDepth(): u32 {
  return explorer().search.depth;
}

export function exploreStates(): f64 {
  return explorer().search.states();
}

/** How many of the known states differ in more than names. */
export function exploreOrbits(): u32 {
  return explorer().breadthFirst().orbits();
}

export function exploreTransitions(): f64 {
  return explorer().search.transitions;
}

export function exploreBytes(): f64 {
  return explorer().search.bytes();
}

export function exploreIsViolated(property: u32): bool {
  return explorer().search.violations.has(property);
}

/** Writes the path to a property's first violation to the report block; returns its length. */
export function explorePath(property: u32): u32 {
  return explorer().search.trace(property, reportBlock());
}

/** Decides `served` once exploration is complete; true when the verdict is there. */
export function exploreServed(budget: u32): bool {
  return explorer().breadthFirst().served().run(budget);
}

/**
 * 0: every request is answered; 1: not under weak fairness; 2: not under strong fairness either.
 */
export function exploreUnserved(): u32 {
  return explorer().breadthFirst().served().verdict;
}

/**
 * Writes the way to a request that is never answered and the cycle behind it; returns their length.
 */
export function exploreUnservedPath(): u32 {
  return explorer().breadthFirst().traceUnserved(reportBlock());
}

/** The number of steps before the cycle. */
export function exploreUnservedStem(): u32 {
  return explorer().breadthFirst().stemOfUnserved();
}

/** Counts the runs of one step more; returns their number. */
export function exploreCountRuns(): u64 {
  const runs = explorer().breadthFirst().interleavings();
  runs.advance();
  return runs.total;
}

/** Of the runs counted last those whose last step violates the property. */
export function exploreViolatingRuns(property: u32): u64 {
  return explorer().breadthFirst().interleavings().violatingRuns(property);
}

/** The present state as one number, to tell states apart. */
export function exploreFingerprint(): u64 {
  return explorer().fingerprint();
}

/** The obligation that a move fulfils, from 1; 0: nothing forces it. */
export function exploreObligation(move: u32): u32 {
  return explorer().breadthFirst().graph!.obligation(move);
}

/** Puts the world back to its initial state. */
export function exploreRewind(): void {
  explorer().rewind();
}

/** The move is possible in the present state. */
export function exploreIsEnabled(move: u32): bool {
  return explorer().terrain.moves.isEnabled(move);
}

export function exploreMoves(): u32 {
  return explorer().terrain.moves.count;
}

/** Describes a move in the present state, before it is taken, in the report block. */
export function exploreDescribe(move: u32): void {
  describeMove(explorer().terrain, move, reportBlock());
}

/** Takes a move with the given answers to its questions; returns the bits of what it violates. */
export function exploreTake(move: u32, choices: u32): u32 {
  return explorer().take(move, choices);
}

/** The move taken last asked only questions that its answers fit. */
export function exploreFits(): bool {
  return !explorer().terrain.instance.choice.isOutOfBounds;
}

/** Describes the present state in the report block. */
export function exploreState(): void {
  describeState(explorer().terrain.instance, reportBlock());
}

function explorer(): Explorer {
  return theWorld().explorer!;
}

// ---- replay

/** `era` and `arch` are members of Era and Arch; a ceiling of 0 is that of the architecture. */
export function replayBoot(isOrdered: bool, ceiling: u32, era: i32, arch: i32): void {
  bootReplay(<Era>era, <Arch>arch);
  host.configure(theWorld().replay!, isOrdered, ceiling);
}

/** Boots a reader of recordings; where its LineReaderState is. */
export function linesBoot(): usize {
  bootLineReader();
  return changetype<usize>(theWorld().lines!.state);
}

/** Room that stays, for the words of recordings. */
export function linesWords(bytes: u32): usize {
  return allocate(bytes);
}

/** Learns the words that were written there; see recording/line_reader.ts. */
export function linesLearn(words: usize): void {
  theWorld().lines!.learn(words);
}

/** Where the host writes a text of so many bytes. */
export function linesBlock(bytes: u32): usize {
  return theWorld().lines!.block(bytes);
}

/** Reads on, up to a line that is left to the host; where the records are. */
export function linesRead(): usize {
  return theWorld().lines!.read();
}

/** Where the host writes a batch of records. */
export function replayBlock(bytes: u32): usize {
  return host.batchBlock(theWorld().replay!, bytes);
}

/** Takes the records that the host wrote; returns how many there were. */
export function replayRun(records: u32): u32 {
  return host.run(theWorld().replay!, records);
}

export function replayFinish(): void {
  theWorld().replay!.finish();
}

/** A setting of the recorded system, see host_interface.ts. */
export function replaySet(setting: u32, value: u32): void {
  host.set(theWorld().replay!, setting, value);
}

/** A counter of the result, see host_interface.ts. */
export function replayCount(counter: u32): u32 {
  return host.count(theWorld().replay!, counter);
}

/** Where the differences lie, 64 bytes each. */
export function replayMismatches(): usize {
  return theWorld().replay!.comparer.mismatchBlock;
}

/** Item `index` of a list of (what, count) pairs, packed; see host_interface.ts. */
export function replayListed(list: u32, index: u32): f64 {
  return host.listed(theWorld().replay!, list, index);
}

/** Where the heap ends: everything that is simulated lies below. */
export function heapEnd(): usize {
  const end = heap.alloc(0);
  heap.free(end);
  return end;
}

/** The first broken invariant of the mm's state, 0 when all hold; see kernel/mm/audit.ts. */
export function replayAudit(): u32 {
  return host.auditState(theWorld().replay!);
}

/** Whether the core has aborted because the recorded programs need more page tables than it has. */
export function replayIsExhausted(): bool {
  return theWorld().replay!.kernel.tables.isExhausted;
}

/** Boots a kernel that is fed as a replay, and of which is kept what it tells. */
export function probeBoot(era: i32, arch: i32): void {
  bootProbe(<Era>era, <Arch>arch);
}

/** How many ProbeRecords there are. */
export function probeCount(): u32 {
  return theWorld().probe!.sink.count;
}

export function probeRecords(): usize {
  return theWorld().probe!.sink.block;
}

// ---- timed runs

const RUN_SPEC_BLOCK: i32 = 512;
const LATENCY_BLOCK: i32 = 4096;
/** For 64 devices: a record of 52 bytes, and four rows of 32 words. */
const DEVICE_SPEC_BLOCK: i32 = 4096;
const DEVICE_LATENCY_BLOCK: i32 = 32768;

/** Where the host writes a RunSpec before it boots a timed run. */
export function runSpecBlock(): usize {
  return memory.data(RUN_SPEC_BLOCK);
}

/** Where the host writes a DeviceSpec for each device. */
export function deviceSpecBlock(): usize {
  return memory.data(DEVICE_SPEC_BLOCK);
}

/** Where the host writes the tabled latencies. */
export function latencyBlock(): usize {
  return memory.data(LATENCY_BLOCK);
}

/** Where the host writes those of each device. */
export function deviceLatencyBlock(): usize {
  return memory.data(DEVICE_LATENCY_BLOCK);
}

/** Boots a timed run; its program is fed as a replay is. */
export function runBoot(): void {
  bootSimulation(
    runSpecBlock(),
    deviceSpecBlock(),
    latencyBlock(),
    deviceLatencyBlock(),
    protocolBlock(),
  );
}

/**
 * Takes up to `records` of the records that the host wrote to the replay block, as far as they are
 * due before `untilNs` and as `events` events allow; returns how many.
 */
export function runFeed(records: u32, events: f64, untilNs: f64): u32 {
  return theWorld().feed!.run(records, <u64>events, <u64>untilNs);
}

/** Why the run was given up, after the core has aborted: a RunFailure. */
export function runFailure(): u32 {
  return simulation().failure();
}

/** Where the exact counters lie: one 64-bit word for each Counter. */
export function runCounters(): usize {
  return simulation().machine.counters.block;
}

/** Writes a TimingRecord to the report block. */
export function runTiming(timing: i32): void {
  simulation().describeTiming(<Timing>timing, changetype<TimingRecord>(reportBlock()));
}

export function runViolations(property: i32): f64 {
  return <f64>simulation().oracle.count(<Property>property);
}

/** The time of a property's first violation in nanoseconds. */
export function runFirstViolation(property: i32): f64 {
  return <f64>simulation().oracle.firstTime(<Property>property);
}

/** The page of a property's first violation. */
export function runFirstPage(property: i32): f64 {
  return <f64>simulation().oracle.firstPage(<Property>property);
}

/** The Taker that led to a property's first violation. */
export function runFirstTaker(property: i32): u32 {
  return simulation().oracle.firstTaker(<Property>property);
}

/** How many violations of a property a Taker led to. */
export function runViolationsBy(property: i32, taker: i32): f64 {
  return <f64>simulation().oracle.countBy(<Property>property, <Taker>taker);
}

export function runNow(): f64 {
  return <f64>simulation().machine.now;
}

/** The low and the high half of the run's digest. */
export function runDigestLow(): u32 {
  return <u32>simulation().digest();
}

export function runDigestHigh(): u32 {
  return <u32>(simulation().digest() >> 32);
}

/** Writes a DeviceReport to the report block. */
export function runDevice(device: u32): void {
  simulation().devices.at(device).describe(changetype<DeviceReport>(reportBlock()));
}

/** What a callback of the host asks for: returns when IOMMU and devices have lost [start, end). */
export function runInvalidate(start: f64, end: f64): void {
  simulation().notifier.invalidateForHost(addressOf(start), addressOf(end));
}

/** An answer in [0, bound) of the run's generator, for callbacks that choose. */
export function runChoose(bound: u32): u32 {
  return simulation().machine.random.choose(bound);
}

/** How many pages of the program's data a device knows. */
export function runLivePages(device: u32): u32 {
  return simulation().devices.at(device).pattern.live.length;
}

/** The number of the page that the program touched `age` touches ago. */
export function runLivePage(device: u32, age: u32): f64 {
  return <f64>simulation().devices.at(device).pattern.live.at(age);
}

function simulation(): Simulation {
  return theWorld().simulation!;
}

// ---- benchmarks

export function benchBoot(): void {
  bootKernels();
}

/** Looks up pages that the TLB holds; a checksum of what was found. */
export function benchLookUp(count: u32): u32 {
  return theWorld().kernels!.lookUp(count);
}

/** Invalidates ranges of pages and fills them again; how many entries were dropped. */
export function benchInvalidate(count: u32): u32 {
  return theWorld().kernels!.invalidate(count);
}

/** Walks to pages without a walk cache; a checksum of what was found. */
export function benchWalk(count: u32): u32 {
  return theWorld().kernels!.walk(count);
}
