/** Tokens repeat a counterexample exactly, and nothing else passes for one. */
import { beforeAll, describe, expect, test } from "vitest";
import { fnv1a, fromBase64Url, toBase64Url, ByteWriter } from "../../src/base/bytes.js";
import { replayToken } from "../../src/explore/counterexample.js";
import { explore } from "../../src/explore/explore.js";
import { InvalidToken, readToken, writeToken } from "../../src/explore/token.js";
import type { ProtocolInput } from "../../src/protocols/schema.js";

let token: string;

beforeAll(async () => {
  const { properties } = await explore({ protocol: "empty-table", operation: "munmap" });
  token = properties["stale-walk"]!.token!;
});

/** Seals other bytes as a token is sealed. */
function resealed(change: (bytes: Uint8Array) => Uint8Array): string {
  const bytes = change(fromBase64Url(token.slice(3))!.slice(0, -4));
  const checksum = new ByteWriter().word(fnv1a(bytes)).finish();
  return `x1.${toBase64Url(new Uint8Array([...bytes, ...checksum]))}`;
}

describe("a token", () => {
  test("is one line of letters, digits, dashes and underlines", () => {
    expect(token).toMatch(/^x1\.[\w-]+$/);
  });

  test("reproduces the violation at its last step, and at no step before", async () => {
    const { steps, isReproduced, property } = await replayToken(token);
    expect(steps.map(({ violated }) => violated.includes(property)).indexOf(true)).toBe(
      steps.length - 1,
    );
    expect(isReproduced).toBe(true);
  });

  test("is the same when it is read and written again", () => {
    expect(writeToken(readToken(token))).toBe(token);
  });

  test("carries the definition of a protocol that is not built in", async () => {
    const protocol: ProtocolInput = {
      id: "half-hearted",
      title: "invalidates at the end, and only leaves",
      rangeEnd: ["invalidate-leaf"],
    };
    const { properties } = await explore({ protocol, operation: "munmap" });
    const example = await replayToken(properties["stale-read"]!.token!);
    expect(example.world.protocol).toMatchObject(protocol);
    expect(example.isReproduced).toBe(true);
  });

  test.each([
    {
      because: "a letter of it was changed",
      wrong: () => `${token.slice(0, 20)}x${token.slice(21)}`,
    },
    { because: "its end is missing", wrong: () => token.slice(0, -6) },
    { because: "it is something else", wrong: () => "hello" },
    { because: "it is empty", wrong: () => "x1." },
    { because: "it is of a later format", wrong: () => token.replace("x1.", "x2.") },
    { because: "it has letters that no token has", wrong: () => `${token}!` },
    {
      because: "its protocol had other steps",
      wrong: () => resealed((bytes) => Uint8Array.from(bytes, (byte, at) => byte ^ +(at === 0))),
    },
    {
      because: "it takes a move that no world has",
      wrong: () => resealed((bytes) => new Uint8Array([...bytes.slice(0, -1), 0xfe, 0x01])),
    },
    {
      because: "it takes a move that is not possible",
      wrong: () => resealed((bytes) => new Uint8Array([...bytes.slice(0, -3), 4, 4, 4])),
    },
  ])("is refused when $because", async ({ wrong }) => {
    await expect(replayToken(wrong())).rejects.toThrow(InvalidToken);
  });
});
