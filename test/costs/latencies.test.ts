import { describe, expect, test } from "vitest";
import { CALIBRATED_LATENCIES, latencyNs } from "../../src/costs/latencies.js";
import { DEFAULTS } from "../../src/scenario/defaults.js";

describe("the CPU latencies of a scenario", () => {
  test.each([...CALIBRATED_LATENCIES])("default to what was fitted: %s", (path, prices) => {
    const known = DEFAULTS[path as keyof typeof DEFAULTS];
    expect(known.value).toEqual({ model: "fixed", ns: latencyNs(prices) });
    expect(known.grade).toBe("measured");
  });
});
