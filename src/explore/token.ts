/**
 * Tokens of exploration: one line that holds all that repeats a counterexample.
 *
 *   x1. base64url( fingerprint u32 | operation | devices | pages | retry limit | property
 *                  | protocol | loop | steps | checksum u32 )
 *
 *   protocol   1 and the id of a built-in one, or 2 and its text as JSON
 *   loop       0, or 1 + the step to which the path comes back: a run that never ends
 *   step       2 * move + 1 and the choices, or 2 * move if nothing had to be chosen
 *
 * The fingerprint is that of the protocol as the core runs it: a token of another version, whose
 * protocol had other steps, is refused rather than replayed as something else.
 */
import canonicalize from "canonicalize";
import { z } from "zod";
import { ByteReader, ByteWriter, fnv1a, fromBase64Url, toBase64Url } from "../base/bytes.js";
import { builtinProtocol } from "../protocols/catalogue.js";
import { encodeProtocol } from "../protocols/encode.js";
import type { Protocol, ProtocolInput } from "../protocols/schema.js";
import { argumentsOf } from "../scenario/arguments.js";
import { InvalidScenario } from "../scenario/index.js";
import { pathArgument, propertyArgument, tokenArgument, worldArgument } from "./arguments.js";
import type { PathStep } from "./machine.js";
import { OPERATION_IDS } from "./operations.js";
import { PROPERTY_IDS, type PropertyId } from "./properties.js";
import { smallWorldOf, type SmallWorld } from "./small_world.js";

export const EXPLORE_TOKEN_PREFIX = "x1.";

const BUILTIN = 1;
const WRITTEN_OUT = 2;

/** Everything that a token names. */
export interface TokenContent {
  readonly world: SmallWorld;
  readonly property: PropertyId;
  readonly path: readonly PathStep[];
  /** The step to which the path comes back; null: it ends. */
  readonly loop: number | null;
}

/** A token that cannot be used. */
export class InvalidToken extends Error {
  constructor(
    readonly problem: string,
    readonly hint: string | null = null,
  ) {
    super(problem);
    this.name = "InvalidToken";
  }
}

const checkContent = argumentsOf("writeToken", {
  world: worldArgument,
  property: propertyArgument,
  path: pathArgument,
  loop: z.int().min(0).nullable(),
});

export function writeToken(content: TokenContent): string {
  checkContent(content);
  const { world, property, path, loop } = content;
  const { protocol } = world;
  const writer = new ByteWriter()
    .word(fnv1a(encodeProtocol(protocol)))
    .byte(OPERATION_IDS.indexOf(world.operation))
    .byte(world.devices)
    .byte(world.pages)
    .byte(world.retryLimit)
    .byte(PROPERTY_IDS.indexOf(property));
  if (isBuiltin(protocol)) writer.byte(BUILTIN).text(protocol.id);
  else writer.byte(WRITTEN_OUT).text(canonicalize(protocol)!);
  writer.number(loop === null ? 0 : loop + 1);
  for (const { move, choices } of path) {
    writer.number(2 * move + (choices === 0 ? 0 : 1));
    if (choices !== 0) writer.number(choices);
  }
  const bytes = writer.finish();
  const sealed = new Uint8Array([...bytes, ...new ByteWriter().word(fnv1a(bytes)).finish()]);
  return EXPLORE_TOKEN_PREFIX + toBase64Url(sealed);
}

function isBuiltin(protocol: Protocol): boolean {
  return builtinProtocol(protocol.id) === protocol;
}

const checkToken = argumentsOf("readToken", { token: tokenArgument });

/** What a token names; throws InvalidToken. */
export function readToken(token: string): TokenContent {
  checkToken({ token });
  const version = /^x(\d+)\./.exec(token);
  if (version !== null && !token.startsWith(EXPLORE_TOKEN_PREFIX)) {
    throw new InvalidToken(
      `the token is of format ${version[1]!}; this version reads format 1`,
      "explore again with this version, or use the version that printed the token",
    );
  }
  if (token.startsWith("r1.")) {
    throw new InvalidToken("this is the token of a timed run", "repeat it with tlbstorm token");
  }
  if (!token.startsWith(EXPLORE_TOKEN_PREFIX)) throw notAToken();
  const sealed = fromBase64Url(token.slice(EXPLORE_TOKEN_PREFIX.length));
  if (sealed === null || sealed.length < 16) throw notAToken();
  const bytes = sealed.subarray(0, -4);
  if (new ByteReader(sealed.subarray(-4)).word() !== fnv1a(bytes)) {
    throw new InvalidToken("the token is damaged: its checksum does not fit", COPY_HINT);
  }
  try {
    return readContent(new ByteReader(bytes));
  } catch (error) {
    if (error instanceof RangeError || error instanceof TypeError || error instanceof SyntaxError) {
      throw notAToken();
    }
    if (error instanceof InvalidScenario) throw new InvalidToken(error.message);
    throw error;
  }
}

const COPY_HINT = "copy it whole, from x1. to the end of the line";

function notAToken(): InvalidToken {
  return new InvalidToken("this is not a token", COPY_HINT);
}

function readContent(reader: ByteReader): TokenContent {
  const fingerprint = reader.word();
  const operation = OPERATION_IDS[reader.byte()];
  const devices = reader.byte();
  const pages = reader.byte();
  const retryLimit = reader.byte();
  const property = PROPERTY_IDS[reader.byte()];
  const protocol = readProtocol(reader);
  const loop = reader.number();
  const path: PathStep[] = [];
  while (!reader.isAtEnd) {
    const move = reader.number();
    path.push({ move: Math.floor(move / 2), choices: move % 2 === 0 ? 0 : reader.number() });
  }
  if (operation === undefined || property === undefined || path.length === 0) throw notAToken();
  const limit = retryLimit === 0 ? "unlimited" : retryLimit;
  const world = smallWorldOf({ protocol, operation, devices, pages, retryLimit: limit });
  if (fnv1a(encodeProtocol(world.protocol)) !== fingerprint) {
    throw otherVersion(`the protocol ${world.protocol.id} has other steps in this version`);
  }
  return { world, property, path, loop: loop === 0 ? null : loop - 1 };
}

/** The token was made by a version whose model was another. */
export function otherVersion(why: string): InvalidToken {
  return new InvalidToken(
    `the token was made by another version: ${why}`,
    "explore again with this version, or use the version that printed the token",
  );
}

function readProtocol(reader: ByteReader): string | ProtocolInput {
  const kind = reader.byte();
  if (kind === BUILTIN) return reader.text();
  if (kind === WRITTEN_OUT) return JSON.parse(reader.text()) as Protocol;
  throw notAToken();
}
