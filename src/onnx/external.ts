/** Initializers kept outside the model file: https://github.com/onnx/onnx/blob/main/docs/ExternalData.md */
import { realpathSync, statSync } from 'node:fs'
import { dirname, join, posix, sep, win32 } from 'node:path'
import { AssayError } from '../errors.ts'
import type { FileRange } from '../weights/range.ts'
import type { TensorProto } from './onnx_pb.ts'

function realPath(path: string, where: string): string {
  try {
    return realpathSync(path)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new AssayError('onnx-invalid', `the external data cannot be read: ${reason}`, { where })
  }
}

function isInside(path: string, folder: string): boolean {
  return path.startsWith(folder.endsWith(sep) ? folder : folder + sep)
}

/**
 * The file that a location names: beside the model or below, links resolved. Where the model itself is a link (as in
 * Hugging Face's cache, whose snapshots link to one folder of blobs), the folder that it leads to counts as well.
 */
function resolveLocation(location: string, modelPath: string, where: string): string {
  const isRelative = location !== '' && !posix.isAbsolute(location) && !win32.isAbsolute(location)
  if (!isRelative || location.split(/[\\/]/).includes('..') || location.includes('\0'))
    throw new AssayError('onnx-invalid', `the external data lies outside the model's folder: '${location}'`, { where })
  const path = realPath(join(dirname(modelPath), location), where)
  const folders = [realPath(dirname(modelPath), where), dirname(realPath(modelPath, where))]
  if (!folders.some(folder => isInside(path, folder)))
    throw new AssayError('onnx-invalid', `the external data is a link out of the model's folder: '${location}'`, {
      where,
    })
  return path
}

function integer(text: string, key: string, where: string): number {
  const value = Number(text)
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value))
    throw new AssayError('onnx-invalid', `the external data's ${key} is '${text}', not a size in bytes`, { where })
  return value
}

/**
 * Where an external tensor's bytes are; the range lies in a regular file in the model's folder.
 * `defaultLength` serves where the model gives no length, `where` names the tensor in errors.
 */
export function externalRange(
  tensor: TensorProto,
  modelPath: string,
  defaultLength: number | null,
  where: string,
): FileRange {
  const fields = new Map(tensor.externalData.map(({ key, value }) => [key, value]))
  const path = resolveLocation(fields.get('location') ?? '', modelPath, where)
  const status = statSync(path)
  if (!status.isFile()) throw new AssayError('onnx-invalid', 'the external data is not a regular file', { where })
  const offset = integer(fields.get('offset') ?? '0', 'offset', where)
  const lengthText = fields.get('length')
  const length =
    lengthText === undefined ? (defaultLength ?? status.size - offset) : integer(lengthText, 'length', where)
  if (offset + length > status.size || length < 0)
    throw new AssayError(
      'onnx-invalid',
      `the external data spans bytes ${offset} to ${offset + length}, but ${path} has ${status.size}`,
      { where, hint: 'copy the data file again, it may be truncated' },
    )
  return { path, offset, length }
}
