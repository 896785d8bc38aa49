import { describe, expect, test } from "vitest";
import { NotifierRegistry, RegistrationError } from "../../src/notifier/registry.js";
import type { NotifierContext, NotifierRange } from "../../src/notifier/subscription.js";

const MM = 1;
const context: NotifierContext = { nowNs: 0, invalidate: () => undefined };
const range: NotifierRange = {
  mm: MM,
  start: 0x1000,
  end: 0x3000,
  event: "unmap",
  isBlockable: true,
};
const nonblock: NotifierRange = { ...range, isBlockable: false };

describe("the notifier list of an mm", () => {
  test("calls the subscription that was registered last first", () => {
    const registry = new NotifierRegistry();
    const order: string[] = [];
    registry.register(MM, { invalidateRangeEnd: () => order.push("first") });
    registry.register(MM, { invalidateRangeEnd: () => order.push("second") });
    registry.invalidateRangeStart(range, context);
    registry.invalidateRangeEnd(range, context);
    expect(order).toEqual(["second", "first"]);
  });

  test("never calls a subscription of another mm", () => {
    const registry = new NotifierRegistry();
    let calls = 0;
    registry.register(MM + 1, { archInvalidateSecondaryTlbs: () => calls++ });
    registry.archInvalidateSecondaryTlbs(MM, 0x1000, 0x2000, context);
    expect(calls).toBe(0);
  });

  test("is walked for nothing when nobody implements the callback", () => {
    const registry = new NotifierRegistry();
    registry.register(MM, {});
    registry.archInvalidateSecondaryTlbs(MM, 0x1000, 0x2000, context);
    expect(registry.counts).toEqual({ calls: 0, walksForNothing: 1 });
  });

  test("is not walked at all while the mm has no notifier", () => {
    const registry = new NotifierRegistry();
    registry.archInvalidateSecondaryTlbs(MM, 0x1000, 0x2000, context);
    expect(registry.counts).toEqual({ calls: 0, walksForNothing: 0 });
  });

  test("refuses ops that mix the secondary flush with a range pair", () => {
    const registry = new NotifierRegistry();
    const ops = {
      archInvalidateSecondaryTlbs: () => undefined,
      invalidateRangeEnd: () => undefined,
    };
    expect(() => registry.register(MM, ops)).toThrow(RegistrationError);
  });

  test("refuses a registration while a range pair is open", () => {
    const registry = new NotifierRegistry();
    registry.invalidateRangeStart(range, context);
    expect(() => registry.register(MM, {})).toThrow(/pair is open/);
  });

  test("gives an end to every start although another subscription refused", () => {
    const registry = new NotifierRegistry();
    let open = 0;
    registry.register(MM, {
      invalidateRangeStart: () => {
        open++;
        return true;
      },
      invalidateRangeEnd: () => open--,
    });
    registry.register(MM, { invalidateRangeStart: () => false });
    expect(registry.invalidateRangeStart(nonblock, context)).toBe(false);
    expect(open).toBe(0);
  });

  test("never lets a subscription refuse a blockable range", () => {
    const registry = new NotifierRegistry();
    registry.register(MM, { invalidateRangeStart: () => false });
    expect(() => registry.invalidateRangeStart(range, context)).toThrow(/blockable/);
  });

  test("releases a subscription once, by exit or by unregistration", () => {
    const registry = new NotifierRegistry();
    let released = 0;
    const subscription = registry.register(MM, { release: () => released++ });
    registry.exit(MM);
    subscription.unregister();
    expect(released).toBe(1);
  });

  test("never calls a subscription again after its release", () => {
    const registry = new NotifierRegistry();
    let calls = 0;
    const subscription = registry.register(MM, { invalidateRangeEnd: () => calls++ });
    subscription.unregister();
    registry.invalidateRangeStart(range, context);
    registry.invalidateRangeEnd(range, context);
    expect(calls).toBe(0);
  });
});
