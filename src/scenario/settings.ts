/** Chooses between what a scenario says and the default, and remembers which it was. */
import { defaultOf, DEFAULTS, type DefaultPath, type Grade } from "./defaults.js";
import type { Latency } from "./schema.js";
import { DEVICE_PRESETS } from "./defaults.js";
import type { DeviceKind } from "./vocabulary.js";

/** One value that holds in a run, with its origin. */
export interface Setting {
  /** Such as `devices[0].atc.entries`. */
  path: string;
  value: number | bigint | string | Latency;
  unit: string;
  from: "scenario" | "command line" | "default" | `preset ${string}`;
  source: string;
  grade: Grade;
}

type DefaultValue<P extends DefaultPath> = (typeof DEFAULTS)[P]["value"];

/** The paths whose default is of type T. */
type PathOf<T> = { [P in DefaultPath]: DefaultValue<P> extends T ? P : never }[DefaultPath];

/** Which element of a list a path is about, and which preset its defaults come from. */
export interface Place {
  index: number;
  kind?: DeviceKind;
}

export class Settings {
  readonly all: Setting[] = [];

  /** `overridden` holds the paths that the command line set. */
  constructor(private readonly overridden: ReadonlySet<string>) {}

  /** What was given, or else the default of the path. */
  pick<T extends Setting["value"]>(
    path: PathOf<NoInfer<T>>,
    given: T | undefined,
    place?: Place,
  ): T {
    const fallback = defaultOf(path, place?.kind);
    const value = given ?? (fallback.value as T);
    const { unit } = fallback;
    const instance = place === undefined ? path : path.replace("[]", `[${place.index}]`);
    if (given !== undefined) this.given(instance, value, unit);
    else {
      const from = this.originOf(path, place?.kind);
      const { source, grade } = fallback;
      this.all.push({ path: instance, value, unit, from, source, grade });
    }
    return value;
  }

  /** Notes a value that has no default. */
  given(path: string, value: Setting["value"], unit = ""): void {
    const from = this.overridden.has(path) ? "command line" : "scenario";
    this.all.push({ path, value, unit, from, source: `the ${from}`, grade: "given" });
  }

  private originOf(path: DefaultPath, kind: DeviceKind | undefined): Setting["from"] {
    if (kind !== undefined && path in DEVICE_PRESETS[kind]) return `preset ${kind}`;
    return path.startsWith("iommu.") && path !== "iommu.preset" ? "preset amd" : "default";
  }
}
