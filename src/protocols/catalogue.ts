/** Every built-in protocol: one list a family; adding a protocol is adding a record to one. */
import { deferred } from "./builtin/deferred.js";
import { emptyTable } from "./builtin/empty_table.js";
import { mirror } from "./builtin/mirror.js";
import { pinned } from "./builtin/pinned.js";
import { shared } from "./builtin/shared.js";
import { shortCircuit } from "./builtin/short_circuit.js";
import { twoLevel } from "./builtin/two_level.js";
import { ProtocolSchema, type Protocol } from "./schema.js";

/** In the order of a report: the 2014 thread's alternatives first. */
const ORDER = [
  "none",
  "flush-at-start",
  "flush-at-end",
  "flush-at-both",
  "empty-table",
  "invalidate-range",
  "secondary-flush",
];

const parsed = [
  ...shared,
  ...emptyTable,
  ...mirror,
  ...deferred,
  ...twoLevel,
  ...pinned,
  ...shortCircuit,
].map((input) => ProtocolSchema.parse(input));

const rank = (protocol: Protocol): number => {
  const place = ORDER.indexOf(protocol.id);
  return place < 0 ? ORDER.length : place;
};

/** All built-in protocols. */
export const BUILTIN_PROTOCOLS: readonly Protocol[] = parsed.sort((a, b) => rank(a) - rank(b));

export const BUILTIN_PROTOCOL_IDS: readonly string[] = BUILTIN_PROTOCOLS.map(({ id }) => id);

/** The built-in protocol of that id, if there is one. */
export function builtinProtocol(id: string): Protocol | undefined {
  return BUILTIN_PROTOCOLS.find((protocol) => protocol.id === id);
}
