/** Reading parts of a file: by position, into memory that the caller owns. */
import { closeSync, openSync, readSync } from 'node:fs'
import { AssayError, type ErrorCode } from '../errors.ts'

/** Linux moves at most 2^31 - 4096 bytes a call (read(2)), and Node refuses lengths beyond 2^31 - 1. */
const MAX_READ_BYTES = 2 ** 30

/** Fills `target` with a file's bytes from `position`; gives how many there were, fewer only at the file's end. */
export function readAt(descriptor: number, target: Uint8Array, position: number): number {
  let filled = 0
  while (filled < target.length) {
    const length = Math.min(target.length - filled, MAX_READ_BYTES)
    const read = readSync(descriptor, target, filled, length, position + filled)
    if (read === 0) break
    filled += read
  }
  return filled
}

/** One range of one file, in bytes. */
export interface FileRange {
  readonly path: string
  readonly offset: number
  readonly length: number
}

/**
 * A range of a file as chunks of at most `chunkBytes`. Each chunk is only good until the next is asked for.
 * The file is open only while it is read. A file that ends early is an error with the caller's code.
 */
export function* fileChunks(range: FileRange, code: ErrorCode, chunkBytes = 4 << 20): Generator<Uint8Array> {
  if (range.length === 0) return
  const descriptor = openSync(range.path, 'r')
  try {
    const buffer = new Uint8Array(Math.min(chunkBytes, range.length))
    for (let done = 0; done < range.length; ) {
      const chunk = buffer.subarray(0, Math.min(buffer.length, range.length - done))
      if (readAt(descriptor, chunk, range.offset + done) < chunk.length)
        throw new AssayError(code, 'the file became shorter while it was read', { where: range.path })
      done += chunk.length
      yield chunk
    }
  } finally {
    closeSync(descriptor)
  }
}
