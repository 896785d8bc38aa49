/**
 * Raw blocks of linear memory with named accessors, for the tables that hot rooms scan.
 *
 * A block is allocated once, at boot, and never freed: the stub runtime hands out addresses in
 * ascending order, so that everything between two boots is one contiguous piece of memory that a
 * snapshot copies.
 */

/** A zeroed block of `bytes` bytes, aligned to a cache line. */
export function allocate(bytes: usize): usize {
  const end = (<usize>memory.size()) << 16;
  const raw = heap.alloc(bytes + 63);
  const aligned = (raw + 63) & ~(<usize>63);
  // What the memory has grown by is zero already, and costs nothing until it is touched.
  if (aligned < end) memory.fill(aligned, 0, min(bytes, end - aligned));
  return aligned;
}

/** A block whose contents are whatever was there, for those who clear it piece by piece. */
export function reserve(bytes: usize): usize {
  return (heap.alloc(bytes + 63) + 63) & ~(<usize>63);
}

/** Element `index` of a table of bytes. */
// @ts-ignore: decorator
@inline
export function byteAt(table: usize, index: u32): u8 {
  return load<u8>(table + <usize>index);
}

/** Stores element `index` of a table of bytes. */
// @ts-ignore: decorator
@inline
export function putByte(table: usize, index: u32, value: u8): void {
  store<u8>(table + <usize>index, value);
}

/** Element `index` of a table of 32-bit words. */
// @ts-ignore: decorator
@inline
export function wordAt(table: usize, index: u32): u32 {
  return load<u32>(table + ((<usize>index) << 2));
}

/** Stores element `index` of a table of 32-bit words. */
// @ts-ignore: decorator
@inline
export function putWord(table: usize, index: u32, value: u32): void {
  store<u32>(table + ((<usize>index) << 2), value);
}

/** Element `index` of a table of 64-bit words. */
// @ts-ignore: decorator
@inline
export function longAt(table: usize, index: u32): u64 {
  return load<u64>(table + ((<usize>index) << 3));
}

/** Stores element `index` of a table of 64-bit words. */
// @ts-ignore: decorator
@inline
export function putLong(table: usize, index: u32, value: u64): void {
  store<u64>(table + ((<usize>index) << 3), value);
}
