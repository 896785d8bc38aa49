/** What `tlbstorm token` does: finds out by its first letters what kind of token it is. */
import { formatTimeline } from "../explore/timeline.js";
import { replayToken } from "../explore/counterexample.js";
import { ExploreMachine } from "../explore/machine.js";
import { minimise } from "../explore/minimise.js";
import { EXPLORE_TOKEN_PREFIX, InvalidToken, readToken, writeToken } from "../explore/token.js";
import { RUN_TOKEN_PREFIX } from "../run/token.js";
import type { TokenOptions } from "./commands/token.js";
import { writeExploreFiles } from "./explore_files.js";
import { describeWorld } from "./explore_report.js";
import type { CommandResult } from "./result.js";
import { repeatRun } from "./run_token.js";

/** The token without the steps that its violation does not need. */
function minimisedToken(token: string, machine: ExploreMachine): string {
  const content = readToken(token);
  const { world, property, path, loop } = content;
  if (property === "served") {
    throw new InvalidToken("a run that never ends has no smaller one", "leave --minimise out");
  }
  machine.boot(world);
  return writeToken({ world, property, path: minimise(machine, property, path), loop });
}

type Replay = (token: string, options: TokenOptions) => Promise<CommandResult>;

/** Who replays a token, by the letter that it begins with. */
const KINDS: Record<string, Replay> = {
  [EXPLORE_TOKEN_PREFIX[0]!]: replayExploration,
  [RUN_TOKEN_PREFIX[0]!]: repeatRun,
};

export const replayAnyToken: Replay = (token, options) => {
  const replay = /^[a-z]\d+\./.test(token) ? KINDS[token[0]!] : undefined;
  if (replay !== undefined) return replay(token, options);
  throw new InvalidToken("this is not a token", "tokens begin with a letter, a number and a dot");
};

async function replayExploration(given: string, options: TokenOptions): Promise<CommandResult> {
  const machine = await ExploreMachine.create();
  const token = options.minimise ? minimisedToken(given, machine) : given;
  const example = await replayToken(token, machine);
  await writeExploreFiles(options, example, null, machine);
  const { world, property, steps, loop, isReproduced } = example;
  return {
    json: {
      schema: "tlbstorm.counterexample/1",
      protocol: world.protocol.id,
      operation: world.operation,
      devices: world.devices,
      pages: world.pages,
      retryLimit: world.retryLimit,
      property,
      reproduced: isReproduced,
      loop,
      steps,
      token,
    },
    text: [describeWorld(world), "", formatTimeline(example, { states: options.states })].join(
      "\n",
    ),
    found: isReproduced,
  };
}
