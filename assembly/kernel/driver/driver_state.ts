/**
 * What a driver protocol keeps between its steps.
 *
 * Models:     the count of open range pairs, the sequence, whether the notifier is registered, the
 *             invalidations queued and not yet executed, what waits on the flush queue's timer.
 * Source:     linux virt/kvm/kvm_main.c, mm/mmu_notifier.c (interval notifiers),
 *             drivers/iommu/amd/amd_iommu_v2.c (3.17), drivers/iommu/dma-iommu.c (flush queue)
 */
export class DriverState {
  count: u32 = 0;
  sequence: u32 = 0;
  isRegistered: u32 = 1;
  /** Invalidations that the IOMMU has still to execute: of everything, and of the ATC alone. */
  queued: u32 = 0;
  queuedAtc: u32 = 0;
  /** The timer has an invalidation to do. */
  timerPending: u32 = 0;
  /** Bit n: frame n of the instance waits for the timer; the table page likewise. */
  timerFrames: u32 = 0;
  timerTable: u32 = 0;
}
