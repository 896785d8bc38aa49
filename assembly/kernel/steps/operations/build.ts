/**
 * The list of operations: adding one means a file beside this one and a line here.
 */
import { Hook, Operation, StepKind } from "../../../abi/vocabulary";
import { Program, Protocol } from "../program";
import { collapse } from "./collapse";
import { cow } from "./cow";
import { dontneed } from "./dontneed";
import { ksm } from "./ksm";
import { migrate } from "./migrate";
import { mprotect } from "./mprotect";
import { mremap } from "./mremap";
import { munmap } from "./munmap";
import { addRangeEnd, addRangeStart } from "./pieces";

/** Writes the program of an operation under a protocol. */
export function buildOperation(program: Program, protocol: Protocol, operation: Operation): void {
  switch (operation) {
    case Operation.Munmap:
      munmap(program, protocol, true);
      break;
    case Operation.MunmapLate:
      munmap(program, protocol, false);
      break;
    case Operation.Dontneed:
      dontneed(program, protocol);
      break;
    case Operation.Mprotect:
      mprotect(program, protocol);
      break;
    case Operation.Cow:
      cow(program, protocol);
      break;
    case Operation.Migrate:
      migrate(program, protocol);
      break;
    case Operation.Ksm:
      ksm(program, protocol);
      break;
    case Operation.Collapse:
      collapse(program, protocol);
      break;
    case Operation.Mremap:
      mremap(program, protocol);
      break;
    default:
      assert(false, "an operation is one of the list");
  }
  program.finish();
}

/** A thread that announces an overlapping range and changes nothing in it. */
export function buildOverlap(program: Program, protocol: Protocol): void {
  addRangeStart(program, protocol);
  addRangeEnd(program, protocol);
  program.add(StepKind.Done);
  program.finish();
}

/** The page-request handler of a protocol. */
export function buildHandler(program: Program, protocol: Protocol): void {
  program.hook(protocol, Hook.Fault);
  program.finish();
}
