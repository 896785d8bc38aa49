/**
 * Tokens of timed runs: one line that holds the scenario, as far as it differs from the defaults.
 *
 *   r1. base64url( JSON of what differs, the program, what is claimed ) . checksum
 *
 * What is claimed is the digest of the run and, of a violation, its first time: who repeats the run
 * can tell that it went the same way.
 */
import canonicalize from "canonicalize";
import { fnv1a, fromBase64Url, toBase64Url } from "../base/bytes.js";
import { builtinProtocol } from "../protocols/catalogue.js";
import type { PropertyId } from "../explore/properties.js";
import { InvalidToken } from "../explore/token.js";
import { loadScenario } from "../scenario/load.js";
import { ResolvedScenarioSchema } from "../scenario/resolved_schema.js";
import type { ResolvedScenario } from "../scenario/resolved.js";

export const RUN_TOKEN_PREFIX = "r1.";

export interface RunTokenContent {
  readonly scenario: ResolvedScenario;
  /** The recording by name or path, or the name of another program. */
  readonly program: string;
  /** A hash of the program's records: another file of the same name is another program. */
  readonly records: string;
  readonly digest: string;
  /** The violation it is about; null: the run as a whole. */
  readonly violation: { readonly rule: PropertyId; readonly atNs: number } | null;
  /** Callbacks of a program took part, which a token cannot hold: reading it refuses it. */
  readonly isHosted?: true;
}

type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

export function writeRunToken({ scenario, ...rest }: RunTokenContent): string {
  const differing = difference(plain(scenario), plain(defaults())) ?? {};
  const text = canonicalize({ ...rest, scenario: differing });
  if (text === undefined) throw new Error("a scenario can be written as JSON");
  const bytes = new TextEncoder().encode(text);
  return `${RUN_TOKEN_PREFIX}${toBase64Url(bytes)}.${checksum(bytes)}`;
}

const COPY_HINT = "copy it whole, from r1. to the end of the line";

/** What a token names; throws InvalidToken. */
export function readRunToken(token: string): RunTokenContent {
  const [, body = "", sum = ""] = /^r1\.([\w-]+)\.([0-9a-f]{8})$/.exec(token.trim()) ?? [];
  if (body === "") throw new InvalidToken("this is not a token of a run", COPY_HINT);
  const bytes = fromBase64Url(body);
  if (bytes === null || checksum(bytes) !== sum) {
    throw new InvalidToken("the token is damaged: its checksum does not fit", COPY_HINT);
  }
  const content = JSON.parse(new TextDecoder().decode(bytes)) as RunTokenContent;
  if (content.isHosted === true) {
    throw new InvalidToken(
      "the run that it names had callbacks of a program",
      "run that program again: a token cannot hold them",
    );
  }
  const merged = merge(plain(defaults()), content.scenario as unknown as Json);
  const scenario = revive(merged as unknown as ResolvedScenario);
  if (!ResolvedScenarioSchema.safeParse(scenario).success) {
    throw new InvalidToken(
      "the token was made by another version, whose scenarios had other fields",
      "run the scenario again with this version, or use the version that printed the token",
    );
  }
  return { ...content, scenario };
}

/** A short hash of bytes, as tokens and results write it. */
export function checksum(bytes: Uint8Array): string {
  return (fnv1a(bytes) >>> 0).toString(16).padStart(8, "0");
}

/** The scenario that a token's differences are taken from. */
function defaults(): ResolvedScenario {
  return loadScenario({
    name: "run",
    protocol: "none",
    devices: [{ name: "gpu0", kind: "gpu" }],
    workload: { recording: "none" },
  }).resolved;
}

/** As JSON: 64-bit numbers as strings, a built-in protocol as its id. */
function plain(scenario: ResolvedScenario): Json {
  const { protocol, seed, ...rest } = scenario;
  const isBuiltin = canonicalize(builtinProtocol(protocol.id)) === canonicalize(protocol);
  const simple = { ...rest, seed: seed.toString(), protocol: isBuiltin ? protocol.id : protocol };
  return JSON.parse(JSON.stringify(simple)) as Json;
}

function revive(scenario: ResolvedScenario): ResolvedScenario {
  const { protocol, seed } = scenario as unknown as {
    protocol: string | ResolvedScenario["protocol"];
    seed: string;
  };
  const found = typeof protocol === "string" ? builtinProtocol(protocol) : protocol;
  if (found === undefined) throw new InvalidToken("the token names an unknown protocol");
  return { ...scenario, protocol: found, seed: BigInt(seed) };
}

const isObject = (value: Json | undefined): value is { [key: string]: Json } =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A list as an object of its elements, where both are of the same length. */
function byIndex(value: Json, base: Json | undefined): { [key: string]: Json } | null {
  if (isObject(value)) return isObject(base) ? value : null;
  if (!Array.isArray(value) || !Array.isArray(base) || value.length !== base.length) return null;
  return Object.fromEntries(value.entries());
}

/** Marks a value that is to be taken whole, since the one in its place has fields that it lacks. */
const WHOLE = "=";

/**
 * What of `value` is not as in `base`; undefined: all of it is. Longer or shorter lists are whole.
 */
function difference(value: Json, base: Json | undefined): Json | undefined {
  const fields = byIndex(value, base);
  if (fields !== null) {
    const known = byIndex(base!, base)!;
    if (Object.keys(known).some((key) => !(key in fields))) return { [WHOLE]: value };
    const entries = Object.entries(fields).flatMap(([key, field]) => {
      const changed = difference(field, known[key]);
      return changed === undefined ? [] : [[key, changed] as const];
    });
    return entries.length === 0 ? undefined : Object.fromEntries(entries);
  }
  return JSON.stringify(value) === JSON.stringify(base) ? undefined : value;
}

function merge(base: Json, changes: Json): Json {
  if (isObject(changes) && WHOLE in changes) return changes[WHOLE]!;
  if (Array.isArray(base) && isObject(changes)) {
    return base.map((element, at) => (at in changes ? merge(element, changes[at]!) : element));
  }
  if (!isObject(base) || !isObject(changes)) return changes;
  const merged = { ...base };
  for (const [key, change] of Object.entries(changes)) {
    const before = merged[key];
    merged[key] = before === undefined ? change : merge(before, change);
  }
  return merged;
}
