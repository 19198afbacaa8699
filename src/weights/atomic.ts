/** Writing files that appear whole or not at all. */
import { randomUUID } from 'node:crypto'
import { closeSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { AssayError } from '../errors.ts'

/** Linux moves at most 2^31 - 4096 bytes a call (write(2)). */
const MAX_WRITE_BYTES = 2 ** 30

/** A file being written from its start to its end. */
export interface Sink {
  /** Bytes written so far. */
  readonly position: number
  write(bytes: Uint8Array): void
}

interface OpenFile {
  readonly path: string
  readonly temporary: string
  readonly descriptor: number
}

function touchDisk<T>(path: string, action: () => T): T {
  try {
    return action()
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new AssayError('file-unwritable', `cannot write the file: ${reason}`, { where: path })
  }
}

function sink({ path, descriptor }: OpenFile): Sink {
  let position = 0
  return {
    get position() {
      return position
    },
    write(bytes) {
      for (let done = 0; done < bytes.length; ) {
        const length = Math.min(bytes.length - done, MAX_WRITE_BYTES)
        const written = touchDisk(path, () => writeSync(descriptor, bytes, done, length))
        done += written
        position += written
      }
    },
  }
}

/**
 * Writes any number of files together: each is made under a temporary name beside its own, and once `write` has
 * returned they are renamed in the order in which they were opened. If anything throws, none is left behind.
 * Errors of the disk are AssayError('file-unwritable').
 */
export function writeAtomically(write: (open: (path: string) => Sink) => void): void {
  const files: OpenFile[] = []
  const leftovers: string[] = []
  try {
    try {
      write(path => {
        const temporary = join(dirname(path), `.${basename(path)}.${randomUUID()}.tmp`)
        const file = { path, temporary, descriptor: touchDisk(path, () => openSync(temporary, 'wx')) }
        files.push(file)
        leftovers.push(temporary)
        return sink(file)
      })
    } finally {
      for (const file of files) touchDisk(file.path, () => closeSync(file.descriptor))
    }
    for (const [i, file] of files.entries()) {
      touchDisk(file.path, () => renameSync(file.temporary, file.path))
      leftovers[i] = file.path
    }
  } catch (error) {
    for (const path of leftovers) rmSync(path, { force: true })
    throw error
  }
}
