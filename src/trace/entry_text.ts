/** One entry of a trace in words: who it is about, and what happened. */
import type { TraceEntry } from "../abi/trace.js";
import {
  InjectedFault,
  Property,
  StepKind,
  TracedWork,
  TraceWhat,
} from "../abi/vocabulary.generated.js";
import { PROPERTIES, PROPERTY_IDS } from "../explore/properties.js";
import { STEP_TEXTS } from "../explore/step_texts.js";
import { callByNumber } from "../workload/calls.js";

/** A frame that stands for no translation. */
const NO_FRAME = 0xffff_ffff;

/** Whose column an entry stands in. */
export function actorOfEntry(entry: TraceEntry, devices: readonly string[]): string {
  const { what, unit } = entry;
  if (what === TraceWhat.Violation) return "oracle";
  if (what === TraceWhat.CpuFlushed) return `CPU ${unit}`;
  if (what < TraceWhat.Hit) return "program";
  if (what === TraceWhat.HandlerStep) return `handler ${unit}`;
  if (what < TraceWhat.HandlerStep) return "iommu";
  return devices[unit] ?? `device ${unit}`;
}

/** What happened, in a few words. */
export function textOfEntry(entry: TraceEntry): string {
  return TEXTS[entry.what](entry);
}

const WORK_NAMES: Record<TracedWork, string> = {
  [TracedWork.Fault]: "page fault",
  [TracedWork.Kthread]: "kernel thread",
};

/** The name of what the mm works for. */
export function workName(detail: number): string {
  const call = callByNumber(detail);
  return call?.name ?? (detail in WORK_NAMES ? WORK_NAMES[detail as TracedWork] : `call ${detail}`);
}

const FAULTS: Record<InjectedFault, string> = {
  [InjectedFault.LostInvalidation]: "FAULT: request to ATC lost",
  [InjectedFault.LostCompletion]: "FAULT: completion lost",
  [InjectedFault.LateCompletion]: "FAULT: completion late",
  [InjectedFault.Overflow]: "FAULT: log overflow",
  [InjectedFault.LostResponse]: "FAULT: response lost",
};

const TEXTS: Record<TraceWhat, (entry: TraceEntry) => string> = {
  [TraceWhat.OperationBegin]: ({ detail }) => `${workName(detail)} begins`,
  [TraceWhat.OperationEnd]: () => "it returns",
  [TraceWhat.RangeStart]: ({ pages }) => `range_start${ofPages(pages)}`,
  [TraceWhat.RangeEnd]: () => "range_end",
  [TraceWhat.Cleared]: () => "clear pte",
  [TraceWhat.Protected]: () => "change pte",
  [TraceWhat.Replaced]: () => "set pte to copy",
  [TraceWhat.Touched]: ({ detail }) => `pte shows ${frame(detail)}`,
  [TraceWhat.CpuFlush]: () => "CPU TLB flush",
  [TraceWhat.IpiSent]: ({ unit }) => `IPI to CPU ${unit}`,
  [TraceWhat.CpuFlushed]: ({ pages }) => `TLB loses${ofPages(pages)}`,
  [TraceWhat.Acknowledged]: ({ unit }) => `CPU ${unit} has answered`,
  [TraceWhat.SecondaryFlush]: ({ pages }) => `secondary flush${ofPages(pages)}`,
  [TraceWhat.DriverStep]: ({ detail }) => STEP_TEXTS[detail as StepKind],
  [TraceWhat.WaitGivenUp]: () => "go on without completion",
  [TraceWhat.Hit]: ({ detail }) => `IOTLB hit: ${frame(detail)}`,
  [TraceWhat.Walked]: ({ detail }) => `walk: ${frame(detail)}`,
  [TraceWhat.WalkDiscarded]: () => "walk done again",
  [TraceWhat.IotlbInvalidated]: ({ pages }) => `IOTLB loses${ofPages(pages)}`,
  [TraceWhat.InvalidationComplete]: () => "invalidation complete",
  [TraceWhat.RequestLogged]: () => "page request logged",
  [TraceWhat.RequestDropped]: () => "page request dropped",
  [TraceWhat.Interrupt]: () => "interrupt",
  [TraceWhat.Injected]: ({ detail }) => FAULTS[detail as InjectedFault],
  [TraceWhat.HandlerStep]: ({ detail }) => STEP_TEXTS[detail as StepKind],
  [TraceWhat.Asked]: (entry) => lane(entry, "ATC miss"),
  [TraceWhat.Answered]: (entry) => lane(entry, `answer: ${frame(entry.detail)}`),
  [TraceWhat.AnswerDiscarded]: (entry) => lane(entry, "answer discarded"),
  [TraceWhat.ReadIssued]: (entry) => lane(entry, `reads ${frame(entry.detail)}`),
  [TraceWhat.WriteIssued]: (entry) => lane(entry, `writes ${frame(entry.detail)}`),
  [TraceWhat.ReadLanded]: (entry) => lane(entry, `read reaches ${frame(entry.detail)}`),
  [TraceWhat.WriteLanded]: (entry) => lane(entry, `write reaches ${frame(entry.detail)}`),
  [TraceWhat.PageRequested]: (entry) => lane(entry, "page request"),
  [TraceWhat.Responded]: (entry) => lane(entry, entry.detail === 1 ? "success" : "INVALID"),
  [TraceWhat.Refused]: (entry) => lane(entry, "refused again"),
  [TraceWhat.TimedOut]: (entry) => lane(entry, "no response in time"),
  [TraceWhat.Failed]: () => "gives up",
  [TraceWhat.Stopped]: () => "stops",
  [TraceWhat.AtcInvalidated]: ({ pages }) => `ATC loses${ofPages(pages)}`,
  [TraceWhat.Violation]: ({ detail }) => ruleOf(detail),
};

function ruleOf(property: Property): string {
  return PROPERTY_IDS.find((id) => PROPERTIES[id].code === property) ?? "a rule";
}

/** More pages than any range but that of everything has. */
const EVERYTHING = 2 ** 32 - 1;

function ofPages(pages: number): string {
  if (pages === EVERYTHING) return " everything";
  return pages === 1 ? " 1 page" : ` ${pages} pages`;
}

function frame(number: number): string {
  return number === NO_FRAME ? "no translation" : `F${number}`;
}

function lane({ index }: TraceEntry, text: string): string {
  return `[${index}] ${text}`;
}
