/**
 * The bytes of a recording as a stream of chunks, gunzipped when they are compressed.
 *
 * Browsers and node share one path (DecompressionStream). The checks of gzip itself (CRC, length)
 * are done there; that nothing follows the compressed data is checked here, since node's stream
 * ignores zero bytes after it.
 */

/** What a recording can be read from: all of its bytes, or chunks of them as they arrive. */
export type ByteSource = Uint8Array | AsyncIterable<Uint8Array> | ReadableStream<Uint8Array>;

/** The compressed data is damaged or cut short. */
export class GunzipError extends Error {
  override readonly name = "GunzipError";
}

const GZIP_MAGIC = [0x1f, 0x8b];
const CHUNK_BYTES = 64 * 1024;

/** Yields the bytes of the source, gunzipped when they begin like gzip. */
export async function* decompressed(source: ByteSource): AsyncGenerator<Uint8Array, void> {
  const chunks = chunksOf(source);
  const head = await readAtLeast(chunks, GZIP_MAGIC.length);
  const isGzip = GZIP_MAGIC.every((byte, i) => head[i] === byte);
  yield* isGzip ? gunzip(prepend(head, chunks)) : prepend(head, chunks);
}

async function* chunksOf(source: ByteSource): AsyncGenerator<Uint8Array, void> {
  if (source instanceof Uint8Array) {
    for (let start = 0; start < source.length; start += CHUNK_BYTES) {
      yield source.subarray(start, start + CHUNK_BYTES);
    }
  } else if (source instanceof ReadableStream) yield* chunksOfStream(source);
  else yield* source;
}

/** Reads a stream through its reader: not every browser can iterate one. */
async function* chunksOfStream<T>(stream: ReadableStream<T>): AsyncGenerator<T, void> {
  const reader = stream.getReader();
  try {
    for (;;) {
      const next = await reader.read();
      if (next.done) return;
      yield next.value;
    }
  } finally {
    // Cancelling a stream that has ended or failed does nothing, or repeats its error.
    await reader.cancel().catch(() => undefined);
  }
}

async function readAtLeast(chunks: AsyncIterator<Uint8Array>, length: number): Promise<Uint8Array> {
  let head = new Uint8Array(0);
  while (head.length < length) {
    const next = await chunks.next();
    if (next.done === true) break;
    head = concat(head, next.value);
  }
  return head;
}

async function* prepend(
  head: Uint8Array,
  rest: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void> {
  if (head.length > 0) yield head;
  yield* rest;
}

async function* gunzip(compressed: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  const input = new CompressedInput(compressed);
  const output = input.stream.pipeThrough(new DecompressionStream("gzip"));
  let length = 0;
  try {
    for await (const chunk of chunksOfStream(output)) {
      length += chunk.length;
      yield chunk;
    }
  } catch (error) {
    if (input.failure !== null) throw input.failure;
    throw new GunzipError(error instanceof Error ? error.message : String(error), { cause: error });
  }
  if (input.recordedLength() !== length % 2 ** 32) {
    throw new GunzipError("bytes follow the compressed data");
  }
}

/** The compressed chunks as a stream that remembers its last bytes and why it failed, if it did. */
class CompressedInput {
  failure: Error | null = null;
  readonly stream: ReadableStream<BufferSource>;
  #tail = new Uint8Array(0);

  constructor(chunks: AsyncGenerator<Uint8Array>) {
    this.stream = new ReadableStream<BufferSource>({
      pull: async (controller) => {
        const next = await this.#next(chunks);
        if (next.done === true) {
          controller.close();
          return;
        }
        this.#tail = concat(this.#tail, next.value.subarray(-4)).slice(-4);
        controller.enqueue(new Uint8Array(next.value));
      },
      cancel: async () => {
        await chunks.return(undefined);
      },
    });
  }

  /** The last four bytes of a gzip file are the length of what it holds (RFC 1952, ISIZE). */
  recordedLength(): number {
    return new DataView(this.#tail.buffer).getUint32(0, true);
  }

  async #next(chunks: AsyncGenerator<Uint8Array>): Promise<IteratorResult<Uint8Array>> {
    try {
      return await chunks.next();
    } catch (error) {
      this.failure = error instanceof Error ? error : new Error(String(error));
      throw this.failure;
    }
  }
}

/** The bytes of all parts, one after the other. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let position = 0;
  for (const part of parts) {
    joined.set(part, position);
    position += part.length;
  }
  return joined;
}
