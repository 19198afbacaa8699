/** From a file's bytes to a protobuf message. */

import { readFileSync, statSync } from 'node:fs'
import { type DescMessage, fromBinary, type MessageShape } from '@bufbuild/protobuf'
import { AssayError } from '../errors.ts'

/** Protobuf's own limit on a message: https://protobuf.dev/programming-guides/proto-limits/ */
export const MAX_MESSAGE_BYTES = 2 ** 31 - 1

function readWhole(path: string): Uint8Array {
  let size: number
  try {
    const status = statSync(path)
    if (!status.isFile()) throw new AssayError('onnx-invalid', 'not a regular file', { where: path })
    size = status.size
    if (size <= MAX_MESSAGE_BYTES) return readFileSync(path)
  } catch (cause) {
    if (cause instanceof AssayError) throw cause
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new AssayError('model-not-found', `cannot read the file: ${reason}`, { where: path })
  }
  throw new AssayError('onnx-invalid', `${size} bytes are more than a protobuf message can have`, {
    where: path,
    hint: 'save the model with external data',
  })
}

/**
 * Parses a file that holds one message. `bytes` fields are views into the file's memory, not copies.
 * Throws AssayError('onnx-invalid') for what is not protobuf or is truncated, 'model-not-found' for what is not there.
 */
export function parseFile<Desc extends DescMessage>(schema: Desc, path: string): MessageShape<Desc> {
  const bytes = readWhole(path)
  try {
    return fromBinary(schema, bytes)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new AssayError('onnx-invalid', `not a ${schema.name} (protobuf): ${reason}`, {
      where: path,
      hint: 'the file is truncated, or not ONNX',
    })
  }
}
