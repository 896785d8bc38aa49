/**
 * Instantiates the core; the only place that knows of WebAssembly.
 *
 * A trap in the core is a defect of ours: it surfaces as CoreAbort with the core's own sentence.
 */
import { instantiate } from "@assemblyscript/loader";
import { readPackageFile } from "#platform";
import type * as Generated from "../../build/release.js";
import { readRecord, type RecordName, type RecordOf, recordSize } from "./records.js";
import type { Property } from "./vocabulary.generated.js";
import { wasmUrl } from "./wasm_url.js";

/** The typed exports of the core. */
export type CoreExports = Awaited<ReturnType<typeof Generated.instantiate>>;

const BUILDS = ["release", "trace", "debug"] as const;

export type CoreBuild = (typeof BUILDS)[number];

/**
 * What the core asks of host code that implements a notifier; see assembly/timed/host_notifier.ts.
 */
export interface HostNotifier {
  /** Subscriptions that would be called; negative: no list is walked. */
  implementers(hook: number, isFault: boolean): number;
  notify(hook: number, isFault: boolean, event: number, start: number, end: number): void;
  /** The mm exits. */
  release(): void;
}

/** What the core asks of host code that implements devices; see assembly/timed/host_device.ts. */
export interface HostDevices {
  /** The page number times two, plus one for a write; negative: no access now. */
  nextAccess(device: number, lane: number): number;
  failed(device: number): void;
  violated(device: number, property: Property, page: number, isWrite: boolean): void;
}

/** What host code implements of a run; what is left out is never called. */
export interface HostFunctions {
  notifier?: HostNotifier;
  devices?: HostDevices;
}

/** A broken invariant inside the core. */
export class CoreAbort extends Error {
  override readonly name = "CoreAbort";
}

const modules = new Map<CoreBuild, Promise<WebAssembly.Module>>();

/** Compiles the core once for each build. */
function compiled(build: CoreBuild): Promise<WebAssembly.Module> {
  const known = modules.get(build);
  if (known !== undefined) return known;
  if (!BUILDS.includes(build)) {
    throw new RangeError(
      `there is no core ${JSON.stringify(build)}: give one of ${BUILDS.join(", ")}`,
    );
  }
  const module = readPackageFile(wasmUrl(build)).then((bytes) => WebAssembly.compile(bytes));
  modules.set(build, module);
  return module;
}

/** One machine: an instance of the core with memory of its own. */
export class Core {
  private constructor(readonly exports: CoreExports) {}

  /**
   * A fresh machine. `host` is asked for when the core calls, so it may be completed after this.
   */
  static async create(build: CoreBuild = "release", host: HostFunctions = {}): Promise<Core> {
    const { instance } = await instantiate(await compiled(build), {
      host: imported(host),
      env: {
        abort(message: number, file: number, line: number, column: number): never {
          throw new CoreAbort(describeAbort(memoryOf(instance), message, file, line, column));
        },
      },
    });
    return new Core(instance.exports as unknown as CoreExports);
  }

  /** A view of `length` bytes at `address`; dead once the core's memory grows. */
  bytes(address: number, length: number): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.exports.memory.buffer, address, length);
  }

  /** All of the machine: what lies in linear memory below the end of its heap. */
  copyMemory(): Uint8Array<ArrayBuffer> {
    return this.bytes(0, this.exports.heapEnd() >>> 0).slice();
  }

  /** Puts a machine back; what was allocated since is forgotten, its memory is not reused. */
  putMemory(memory: Uint8Array): void {
    this.bytes(0, memory.length).set(memory);
  }

  /** The record at `address`. */
  record<R extends RecordName>(name: R, address: number): RecordOf<R> {
    return readRecord(name, this.view(address, recordSize(name)));
  }

  /** A view of `length` 32-bit words at `address`; dead once the core's memory grows. */
  words(address: number, length: number): Uint32Array<ArrayBuffer> {
    return new Uint32Array(this.exports.memory.buffer, address, length);
  }

  /** A view to read records with; dead once the core's memory grows. */
  view(address: number, length: number): DataView<ArrayBuffer> {
    return new DataView(this.exports.memory.buffer, address, length);
  }
}

/** The functions that the core imports. */
function imported(host: HostFunctions) {
  const notifier = (): HostNotifier => {
    if (host.notifier === undefined) throw new CoreAbort("this run has no notifier of the host");
    return host.notifier;
  };
  const devices = (): HostDevices => {
    if (host.devices === undefined) throw new CoreAbort("this run has no devices of the host");
    return host.devices;
  };
  return {
    implementers: (hook: number, isFault: number) => notifier().implementers(hook, isFault !== 0),
    notify(hook: number, isFault: number, event: number, start: number, end: number) {
      notifier().notify(hook, isFault !== 0, event, start, end);
    },
    release() {
      notifier().release();
    },
    nextAccess: (device: number, lane: number) => devices().nextAccess(device, lane),
    failed(device: number) {
      devices().failed(device);
    },
    violated(device: number, property: Property, page: number, isWrite: number) {
      devices().violated(device, property, page, isWrite !== 0);
    },
  };
}

function memoryOf(instance: WebAssembly.Instance): WebAssembly.Memory {
  return instance.exports["memory"] as WebAssembly.Memory;
}

function describeAbort(
  memory: WebAssembly.Memory,
  message: number,
  file: number,
  line: number,
  column: number,
): string {
  return `${coreString(memory, message)} (${coreString(memory, file)}:${line}:${column})`;
}

/** A string of the core: UTF-16, its byte length four bytes before it. */
function coreString(memory: WebAssembly.Memory, address: number): string {
  if (address === 0) return "";
  const length = new DataView(memory.buffer).getUint32(address - 4, true);
  return new TextDecoder("utf-16le").decode(new Uint8Array(memory.buffer, address, length));
}
