/** Reading one safetensors file; every claim of its header is checked before a byte of data is believed. */
import { closeSync, fstatSync, openSync } from 'node:fs'
import { AssayError } from '../errors.ts'
import type { NamedTensors } from '../tensor.ts'
import { MAX_HEADER_BYTES, parseHeader, type SafetensorsHeader } from './header.ts'
import { readAt } from './range.ts'

export interface SafetensorsFile extends SafetensorsHeader {
  readonly path: string
  /** Fills `target` with one tensor's bytes from `offset` on. */
  read(name: string, offset: number, target: Uint8Array): void
  close(): void
}

/** The length of the header, little-endian u64, stands before it. */
const LENGTH_BYTES = 8

function openFile(path: string): number {
  try {
    return openSync(path, 'r')
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new AssayError('weights-invalid', `cannot open the file: ${reason}`, { where: path })
  }
}

function readHeader(descriptor: number, path: string): SafetensorsHeader {
  const status = fstatSync(descriptor)
  if (!status.isFile()) throw new AssayError('weights-invalid', 'not a regular file', { where: path })
  const prefix = new Uint8Array(LENGTH_BYTES)
  if (readAt(descriptor, prefix, 0) < LENGTH_BYTES)
    throw new AssayError('weights-invalid', `${status.size} bytes are too few for a safetensors file`, { where: path })
  const headerBytes = Number(new DataView(prefix.buffer).getBigUint64(0, true))
  if (headerBytes > MAX_HEADER_BYTES)
    throw new AssayError(
      'weights-invalid',
      `not safetensors: a header of ${headerBytes} bytes, over ${MAX_HEADER_BYTES}`,
      {
        where: path,
      },
    )
  const dataStart = LENGTH_BYTES + headerBytes
  if (dataStart > status.size)
    throw new AssayError('weights-invalid', `the header takes ${headerBytes} bytes, the file has ${status.size}`, {
      where: path,
      hint: 'the file is truncated, or not safetensors',
    })
  const json = new Uint8Array(headerBytes)
  readAt(descriptor, json, LENGTH_BYTES)
  return parseHeader(json, dataStart, status.size, path)
}

/**
 * Opens a safetensors file; its data is read later, piece by piece. Close it after use.
 * Throws AssayError('weights-invalid') with the file and the tensor that is wrong.
 * The checks are those of the reference implementation (safetensors/src/tensor.rs), and duplicate keys on top.
 */
export function openSafetensors(path: string): SafetensorsFile {
  const descriptor = openFile(path)
  try {
    const header = readHeader(descriptor, path)
    return {
      ...header,
      path,
      read(name, offset, target) {
        const range = header.tensors.get(name)
        if (range === undefined) throw new RangeError(`${path} has no tensor '${name}'`)
        if (offset < 0 || offset + target.length > range.length)
          throw new RangeError(`bytes ${offset} to ${offset + target.length} of '${name}', which has ${range.length}`)
        if (readAt(descriptor, target, range.offset + offset) < target.length)
          throw new AssayError('weights-invalid', 'the file became shorter while it was read', { where: path })
      },
      close: () => closeSync(descriptor),
    }
  } catch (error) {
    closeSync(descriptor)
    throw error
  }
}

/** A whole safetensors file in memory; meant for files of inputs and outputs, not for checkpoints. */
export function readSafetensors(path: string): {
  tensors: NamedTensors
  metadata: Readonly<Record<string, string>>
} {
  const file = openSafetensors(path)
  try {
    const tensors = [...file.tensors].map(([name, { type, shape, length }]) => {
      const bytes = new Uint8Array(length)
      file.read(name, 0, bytes)
      return [name, { type, shape, bytes }] as const
    })
    return { tensors: Object.fromEntries(tensors), metadata: file.metadata }
  } finally {
    file.close()
  }
}
