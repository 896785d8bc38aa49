/**
 * What one task of a recording is doing, to refuse an event that it cannot cause now.
 *
 * Models:     a task is in one call at a time and returns from the one it is in, unless it ends
 *             there; it makes its child in the call that returns the child's number. The accesses
 *             of a small program lie between its calls. A child may begin with the return from the
 *             call that made it.
 * Simplifies: which number a fork returns is not compared with its child's: nothing reads it.
 * Source:     linux 6.18 kernel/entry/common.c, kernel/fork.c (kernel_clone), fs/exec.c
 *             (de_thread).
 */
import { type Call, callByName } from "./calls.js";
import type { EnterEvent, RecordedEvent } from "./events.js";

const CLONE_CALLS: ReadonlySet<string> = new Set(["clone", "clone3", "fork", "vfork"]);
const EXEC_CALLS: ReadonlySet<string> = new Set(["execve", "execveat"]);
/** What no task does once it has ended; its mm may still be torn down in its context. */
const NEEDS_LIFE: ReadonlySet<string> = new Set<RecordedEvent["ev"]>([
  "exec",
  "newtask",
  "op",
  "taskexit",
]);

/** A call that a task is in. */
interface OpenCall {
  readonly name: string;
  readonly line: number;
  readonly mustFail: boolean;
  /** It has made a task. */
  hasChild: boolean;
}

/** Each method that takes an event gives back what is wrong with it, or null. */
export class TaskActivity {
  hasEnded = false;
  /** It has entered a call, or returned from one. */
  #hasCalled = false;
  #call: OpenCall | null = null;
  /** Line of the `op` that is under way; 0: none. */
  #op = 0;
  /** A signal ended the `op`; its `done` may follow. */
  #isSignalled = false;
  /** Texts that may have a `done`. */
  #announced = 0;

  take(event: RecordedEvent, isWhole: boolean): string | null {
    if (event.ev === "enter") return this.enter(event.call, mustFailOf(event), event.line);
    if (event.ev === "exit") return this.exit(event.call, event.ret, isWhole);
    if (this.hasEnded && NEEDS_LIFE.has(event.ev)) {
      return `task ${event.tid} has ended, and causes no ${event.ev}`;
    }
    return this.#takeOther(event);
  }

  /** `mustFail`: a length is so large that the call can only fail. */
  enter(name: string, mustFail: boolean, line: number): string | null {
    this.#hasCalled = true;
    if (this.hasEnded) return `a task that has ended calls ${name}`;
    const problem = this.#busy(`calls ${name}`);
    this.#call = { name, line, mustFail, hasChild: false };
    return problem;
  }

  /** `isWhole`: nothing was under way when the recording began. */
  exit(name: string, result: number, isWhole: boolean): string | null {
    const isFirst = !this.#hasCalled;
    this.#hasCalled = true;
    const call = this.#call;
    this.#call = null;
    if (call === null) {
      const isChild = isFirst && result === 0 && CLONE_CALLS.has(name);
      const isEarlier = isFirst && !isWhole;
      return isChild || isEarlier ? null : `a return from ${name}, which was not called`;
    }
    if (call.name !== name) {
      return `a return from ${name} in the call of ${call.name} at line ${call.line}`;
    }
    if (call.mustFail && result >= 0) {
      return `the call of ${name} at line ${call.line} has a negative length, and did not fail`;
    }
    if (!CLONE_CALLS.has(name)) return null;
    if (call.hasChild && result <= 0) return `${name} returns ${result}, but it has made a task`;
    if (!call.hasChild && isWhole && result > 0) {
      return `${name} returns task ${result}, but it has made none`;
    }
    return null;
  }

  /** A newtask: the call that the task is in, if it is for that, has made a task. */
  make(): void {
    if (this.#call !== null && CLONE_CALLS.has(this.#call.name)) this.#call.hasChild = true;
  }

  /** An exec ends the other tasks of a process; the one that called it goes on as this one. */
  takeOver(other: TaskActivity): void {
    const isInExec = other.#call !== null && EXEC_CALLS.has(other.#call.name);
    if (isInExec && !other.hasEnded) {
      this.#call = other.#call;
      this.hasEnded = false;
    }
    other.#end();
  }

  #takeOther(event: RecordedEvent): string | null {
    switch (event.ev) {
      case "taskexit":
        this.#end();
        return null;
      case "op": {
        const problem = this.#busy("begins an op");
        this.#op = event.line;
        this.#isSignalled = false;
        return problem;
      }
      case "text":
        this.#announced++;
        return null;
      case "signal":
        return this.#signal();
      case "done":
        return this.#done();
      default:
        return null;
    }
  }

  #signal(): string | null {
    if (this.#op === 0 && this.#announced === 0) return "a signal, but no op is under way";
    this.#op = 0;
    this.#isSignalled = true;
    return null;
  }

  #done(): string | null {
    if (this.#op !== 0) this.#op = 0;
    else if (this.#isSignalled) this.#isSignalled = false;
    else if (this.#announced > 0) this.#announced--;
    else return "a done, but neither an op nor a text is under way";
    return null;
  }

  #busy(what: string): string | null {
    if (this.#call !== null) {
      return `the task ${what} in the call of ${this.#call.name} at line ${this.#call.line}`;
    }
    return this.#op === 0 ? null : `the task ${what} in the op at line ${this.#op}`;
  }

  #end(): void {
    this.#call = null;
    this.#op = 0;
    this.hasEnded = true;
  }
}

function mustFailOf({ call, a }: EnterEvent): boolean {
  const known = callByName(call);
  return known !== undefined && mustFail(known, (name) => a[name] ?? 0);
}

/** A length of the call is 2^63 or more, as a negative one is, so that it can only fail. */
export function mustFail(
  { args, boundedArgs }: Call,
  valueOf: (name: string, index: number) => number,
): boolean {
  if (boundedArgs.size === 0) return false;
  return args.some((name, i) => boundedArgs.has(name) && valueOf(name, i) < 0);
}
