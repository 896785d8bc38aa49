/**
 * The steps of a protocol that only keep count, for timed runs and exploration alike.
 *
 * Models:     which range pair is the first open one and which the last to close; whether anything
 *             changed meanwhile; whether somebody was registered.
 * Source:     linux virt/kvm/kvm_main.c (mn_active_invalidate_count), mm/mmu_notifier.c
 *             (mn_itree_inv_start_range, mn_itree_inv_end), drivers/iommu/amd/amd_iommu_v2.c of
 *             3.17 (mn_inv_cnt)
 */
import { StepCondition, StepKind } from "../../abi/vocabulary";
import { DriverState } from "./driver_state";

/** Pairs that may be open at once: more than any mm opens. */
const COUNT_MASK: u32 = 255;

/** What a caller of a protocol's callbacks remembers from one of its steps to the next. */
export class DriverRegisters {
  /** The last CountUp or FlagSet was the first open one; the last CountDown closed the last. */
  wasFirst: u32 = 0;
  wasLast: u32 = 0;
  /** The last SampleNotifiers found one. */
  sampled: u32 = 0;
}

/** Takes a step that keeps count; false: it is another. */
export function keepCount(kind: StepKind, driver: DriverState, registers: DriverRegisters): bool {
  switch (kind) {
    case StepKind.CountUp:
      registers.wasFirst = driver.count == 0 ? 1 : 0;
      driver.count = (driver.count + 1) & COUNT_MASK;
      return true;
    case StepKind.CountDown:
      driver.count = (driver.count - 1) & COUNT_MASK;
      registers.wasLast = driver.count == 0 ? 1 : 0;
      return true;
    case StepKind.FlagSet:
      registers.wasFirst = 1;
      driver.count = 1;
      return true;
    case StepKind.FlagClear:
      driver.count = 0;
      registers.wasLast = 1;
      return true;
    case StepKind.SequenceUp:
      driver.sequence++;
      return true;
    case StepKind.SequenceOdd:
      driver.sequence |= 1;
      return true;
    case StepKind.SequenceEven:
      driver.sequence = (driver.sequence + 1) & ~1;
      return true;
    case StepKind.SampleNotifiers:
      registers.sampled = driver.isRegistered;
      return true;
    default:
      return false;
  }
}

/** Whether a callback's step with this condition is taken. */
export function isTaken(condition: StepCondition, registers: DriverRegisters): bool {
  switch (condition) {
    case StepCondition.First:
      return registers.wasFirst != 0;
    case StepCondition.NotFirst:
      return registers.wasFirst == 0;
    case StepCondition.Last:
      return registers.wasLast != 0;
    case StepCondition.NotLast:
      return registers.wasLast == 0;
    case StepCondition.Sampled:
      return registers.sampled != 0;
    default:
      assert(condition == StepCondition.Always, "a callback knows the condition of its step");
      return true;
  }
}
