/** `tlbstorm explore`: every interleaving of a small world, and a verdict for each property. */
import { Option } from "@commander-js/extra-typings";
import { PROPERTY_IDS, SAFETY_IDS, type PropertyId } from "../../explore/properties.js";
import { METHOD_IDS, METHODS, type MethodId } from "../../explore/search_plan.js";
import { exploreRequests, type ExploreRequest } from "../explore_request.js";
import { UserError } from "../errors.js";
import type { SchedulesRequest } from "../explore_schedules.js";
import { readScenario, type ReadScenario } from "../load_scenario.js";
import {
  devicesOption,
  examples,
  jsonOption,
  litmusOption,
  newCommand,
  operationOption,
  pagesOption,
  protocolOption,
  quietOption,
  retryLimitOption,
  seedOption,
  traceOption,
  wholeNumber,
  word,
} from "../options.js";
import { deliver, type CommandResult } from "../result.js";

export interface ExploreOptions {
  /** Whether a matrix was asked for, even if it has one cell only. */
  all: boolean;
  /** The properties that are judged; null: all. */
  properties: PropertyId[] | null;
  /** Show page table, caches and owners of frames beside each step. */
  states: boolean;
  /** Explore every mutation of the protocol too. */
  mutate: boolean;
  /** Explore also what would have prevented the violation that is shown. */
  explain: boolean;
  maxStates?: number | undefined;
  maxBytes?: number | undefined;
  maxDepth?: number | undefined;
  symmetry: boolean;
  partialOrder: boolean;
  method?: MethodId | undefined;
  seed?: bigint | undefined;
  walks?: number | undefined;
  /** Where the counterexample that is shown goes as a trace, and the claim as a litmus file. */
  trace?: string | undefined;
  litmus?: string | undefined;
  /** Litmus files that are checked; nothing else is explored then. */
  litmusCheck?: readonly string[] | undefined;
  /** Random walks through the whole machine of a scenario; nothing else is explored then. */
  schedules?: SchedulesRequest | undefined;
  quiet?: true | undefined;
}

export function exploreCommand(
  explore: (requests: ExploreRequest[], options: ExploreOptions) => Promise<CommandResult>,
) {
  return newCommand("explore")
    .summary("all interleavings of one operation under one protocol")
    .description(
      "Tries every order of steps of the mm, the devices and the driver. For each property it says " +
        "that it holds, or prints the shortest counterexample and a token that repeats it.",
    )
    .argument("[scenario]", "scenario file; or name a protocol and an operation instead")
    .addOption(protocolOption())
    .addOption(operationOption())
    .addOption(devicesOption())
    .addOption(pagesOption())
    .addOption(retryLimitOption())
    .addOption(propertyOption())
    .addOption(methodOption())
    .addOption(seedOption())
    .addOption(walksOption())
    .addOption(schedulesOption())
    .addOption(maxStatesOption())
    .addOption(maxMemoryOption())
    .addOption(maxDepthOption())
    .option("--no-symmetry", "tell states apart that differ in names only")
    .option("--no-partial-order", "try every order of moves that are independent")
    .option("--mutate", "drop, delay, weaken and swap each step of the protocol in turn")
    .option("--explain", "with --json: what would have prevented the shortest violation")
    .option("--states", "show page table, caches and owners of frames beside each step")
    .option("--all", "every protocol with every operation, or those of the one that is named")
    .addOption(traceOption())
    .addOption(litmusOption())
    .addOption(litmusCheckOption())
    .addOption(jsonOption())
    .addOption(quietOption())
    .addHelpText(
      "after",
      examples(
        ["tlbstorm explore --protocol flush-at-end --operation munmap", "one cell"],
        ["tlbstorm explore --protocol none --operation cow --states", "with what is cached"],
        ["tlbstorm explore --protocol empty-table --operation cow --devices 2", "a larger world"],
        ["tlbstorm explore examples/mirror_two_devices.json", "what a scenario says"],
        ["tlbstorm explore --protocol mirror-kvm --operation dontneed --mutate", "what for"],
        ["tlbstorm explore examples/gpu_munmap.yaml --schedules 50", "the whole machine"],
        ["tlbstorm explore --all --json", "the whole matrix"],
        ["tlbstorm explore --litmus-check test/litmus/*.yaml", "whether what they claim is so"],
      ),
    )
    .addHelpText("after", AFTER)
    .action(async (path, options) => {
      const { litmusCheck } = options;
      const { seed, protocol } = options;
      const overrides = options.schedules === undefined ? {} : { seed, protocol };
      const loaded = path === undefined ? null : await readScenario(path, overrides, options);
      const schedules = schedulesOf(loaded, options.schedules);
      const isSmallWorld = litmusCheck === undefined && schedules === undefined;
      const requests = isSmallWorld ? exploreRequests(loaded?.resolved ?? null, options) : [];
      const { property, states, mutate, maxStates, maxMemory, maxDepth, quiet } = options;
      deliver(
        await explore(requests, {
          all: options.all === true,
          properties: propertiesOf(property),
          states: states === true,
          mutate: mutate === true,
          explain: options.explain === true || (options.json !== true && quiet !== true),
          method: options.method,
          seed: options.seed,
          walks: options.walks,
          trace: options.trace,
          litmus: options.litmus,
          litmusCheck,
          schedules,
          maxStates,
          maxBytes: maxMemory === undefined ? undefined : maxMemory * 2 ** 20,
          maxDepth,
          symmetry: options.symmetry,
          partialOrder: options.partialOrder,
          quiet,
        }),
        options,
      );
    });
}

function schedulesOption() {
  return new Option(
    "--schedules <number>",
    "run the scenario so often, with other choices and latencies each time, not its small world",
  ).argParser(wholeNumber(1, 1_000_000));
}

function schedulesOf(
  loaded: ReadScenario | null,
  schedules: number | undefined,
): SchedulesRequest | undefined {
  if (schedules === undefined) return undefined;
  if (loaded !== null) return { loaded, schedules };
  throw new UserError("--schedules", "there is no scenario to run", "name a scenario file");
}

function litmusCheckOption() {
  return new Option(
    "--litmus-check <files...>",
    "explore the worlds of litmus files again: exit code 1 if one does not say what is so",
  );
}

/** What --property calls all properties that one step violates. */
const SAFETY = "safety";
const JUDGED: readonly (PropertyId | typeof SAFETY)[] = [...PROPERTY_IDS, SAFETY];

function propertyOption() {
  return new Option(
    "--property <id>",
    `judge this property only, and stop when it is violated; ${SAFETY}: all but served`,
  ).argParser(word("property", JUDGED, "tlbstorm list properties"));
}

function propertiesOf(property: PropertyId | typeof SAFETY | undefined): PropertyId[] | null {
  if (property === undefined) return null;
  return property === SAFETY ? [...SAFETY_IDS] : [property];
}

const AFTER = `
Exit codes:
  0  every property that was asked for holds, where it applies
  1  one is violated, be it served under weak fairness only: --json tells, and
     --property ${SAFETY} leaves served out
  2  none is violated, and on some there is no verdict: a limit was reached, a
     count grows without end, or the method says "holds" of nothing`;

function maxStatesOption() {
  return new Option("--max-states <number>", "give up when so many states are known").argParser(
    wholeNumber(1, 60_000_000),
  );
}

function maxMemoryOption() {
  return new Option("--max-memory <MiB>", "give up when states take so much").argParser(
    wholeNumber(1, 3500),
  );
}

function maxDepthOption() {
  return new Option("--max-depth <steps>", "look no further than so many steps").argParser(
    wholeNumber(1, 1_000_000),
  );
}

function methodOption() {
  const list = METHOD_IDS.map((id) => `${id}: ${METHODS[id].summary}`).join("; ");
  return new Option("--method <id>", list).argParser(word("method", METHOD_IDS));
}

function walksOption() {
  return new Option("--walks <number>", "how many random walks are taken").argParser(
    wholeNumber(1, 1_000_000_000),
  );
}
